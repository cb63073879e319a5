// Custody in a temporary directory, quick: scrypt at its lowest, a clock that stands still.
import { createHash } from 'node:crypto'
import { readdir, readFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMaster } from '../../hsm/passphrase.ts'
import { openSoftwareKeys, type SoftwareKeys } from '../../hsm/software.ts'
import { openVault, type Vault } from '../../hsm/vault.ts'
import { holderKeys } from '../support/holderKeys.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const passphrase = 'correct cheval batterie agrafe'
export const now = (): string => '2026-03-02T09:00:00Z'
const cost = 2

export type Custody = Readonly<{
  directory: string
  keys: SoftwareKeys
  vault: Vault
  close: () => Promise<void>
}>

export const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'grand-livre-'))

export const openKeys = async (directory: string): Promise<SoftwareKeys> => {
  const keys = join(directory, 'keys')
  return openSoftwareKeys({ directory: keys, master: await openMaster(keys, passphrase, { cost }) })
}

/** Opens custody, the second time as it was left the first time. */
export const openCustody = async (given?: string): Promise<Custody> => {
  const directory = given ?? (await temporaryDirectory())
  const keys = await openKeys(directory)
  const place = { directory: join(directory, 'vault'), keys, now }
  const vault: Vault = await openVault({
    ...place,
    holderKeys: holderKeys(() => vault.escrow.inventory()),
  })
  const close = async (): Promise<void> => {
    await vault.close()
    await keys.close()
  }
  return { directory, keys, vault, close }
}

/** Once more where somebody who was not closed, as after a crash, still writes into it. */
export const removeDirectory = (directory: string): Promise<void> =>
  rm(directory, { recursive: true, force: true, maxRetries: 5 })

export type OnDisk = Readonly<{ path: string; mode: number; bytes: Buffer }>

/** Every file below a directory. */
export const filesIn = async (directory: string): Promise<readonly OnDisk[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    paths.map(async (path) => ({ path, mode: (await stat(path)).mode & 0o777, bytes: await readFile(path) })),
  )
}

/** Which files hold the secret: as octets, in hex, in base64 at any of its three alignments. */
export const whereFound = (files: readonly OnDisk[], secret: Buffer): readonly string[] => {
  const base64 = [0, 1, 2].map((shift) =>
    secret.subarray(shift, shift + 3 * Math.floor((secret.length - shift) / 3)),
  )
  const forms = [
    secret,
    Buffer.from(secret.toString('hex')),
    ...base64.flatMap((part) => [
      Buffer.from(part.toString('base64')),
      Buffer.from(part.toString('base64url')),
    ]),
  ]
  return files.filter(({ bytes }) => forms.some((form) => bytes.includes(form))).map(({ path }) => path)
}
