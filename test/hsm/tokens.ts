// SoftHSM2 with tokens of one test's own: its settings, its folder, a token for the authorities and one for the escrow.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const pins = { ca: '246813579', escrow: '975318642' } as const
const soPin = '13572468'

export type Tokens = Readonly<{
  module: string
  directory: string
  /** Folder of the tokens' files, as SoftHSM keeps them. */
  files: string
  /** Environment of whoever uses the module. */
  env: Readonly<{ SOFTHSM2_CONF: string }>
  /** Initialises a token of this label, beside those that there are. */
  init: (label: string, pin: string) => Promise<void>
  /** Initialises a token that is there anew: its keys are gone, its serial number stays. */
  initAgain: (label: string, pin: string) => Promise<void>
  /** The folder of the token of this label: where it and its keys are written. */
  folder: (label: string) => Promise<string>
  remove: () => Promise<void>
}>

/** The module that `npm test` has found; undefined where it did not run. */
export const softHsmModule = (): string | undefined =>
  [process.env['TEST_PKCS11_MODULE'], '/usr/lib/softhsm/libsofthsm2.so'].find(
    (file) => file !== undefined && existsSync(file),
  )

/** Tokens `authorities` and `escrow`, with the PINs of `pins`. The module reads its settings from the environment: they are set here. */
export const openTokens = async (): Promise<Tokens> => {
  const module = softHsmModule()
  if (module === undefined) throw new Error('SoftHSM2 is not installed: npm test provides it')
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-tokens-'))
  const files = join(directory, 'tokens')
  await mkdir(files, { mode: 0o700 })
  const settings = join(directory, 'softhsm2.conf')
  await writeFile(
    settings,
    `directories.tokendir = ${files}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  )
  const before = process.env['SOFTHSM2_CONF']
  process.env['SOFTHSM2_CONF'] = settings
  const env = { SOFTHSM2_CONF: settings }
  const util = (...args: readonly string[]) =>
    run('softhsm2-util', ['--module', module, ...args], { env: { ...process.env, ...env } })
  const init = async (label: string, pin: string): Promise<void> => {
    await util('--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', soPin)
  }
  await init('authorities', pins.ca)
  await init('escrow', pins.escrow)
  return {
    ...{ module, directory, files, env, init },
    initAgain: async (label, pin) => {
      await util('--init-token', '--token', label, '--label', label, '--pin', pin, '--so-pin', soPin)
    },
    folder: async (label) => {
      for (const name of await readdir(files)) {
        const folder = join(files, name)
        if ((await readFile(join(folder, 'token.object'))).includes(label)) return folder
      }
      throw new Error(`no token has the label ${label}`)
    },
    remove: async () => {
      if (before === undefined) delete process.env['SOFTHSM2_CONF']
      else process.env['SOFTHSM2_CONF'] = before
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** What the service is told of the two tokens, by its environment. */
export const environmentOf = ({ module, env }: Tokens): Readonly<Record<string, string>> => ({
  ...{ ...env, PKCS11_MODULE: module, PKCS11_CA_TOKEN: 'authorities', PKCS11_CA_PIN: pins.ca },
  ...{ PKCS11_ESCROW_TOKEN: 'escrow', PKCS11_ESCROW_PIN: pins.escrow },
})

/** Settings of the two tokens, as the configuration makes them. */
export const settingsOf = (
  { module, directory }: Tokens,
  more: Partial<Readonly<{ caPin: string; escrowPin: string; manifest: string }>> = {},
) => {
  const shared = { module, sessions: 4, wrapMechanism: 0x210a }
  return {
    ca: { ...shared, token: 'authorities', pin: more.caPin ?? pins.ca },
    escrow: { ...shared, token: 'escrow', pin: more.escrowPin ?? pins.escrow },
    manifest: more.manifest ?? join(directory, 'pkcs11.json'),
    counts: join(directory, 'signatures.json'),
  }
}
