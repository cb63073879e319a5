// One file a key: what it is, in clear and authenticated, and the key itself, enciphered under the master key.
import { readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { closeBox, openBox, subkey, type RandomBytes } from './box.ts'
import { createDurable, makePrivateDirectory, syncDirectory, unfinished } from './durable.ts'
import { KeyFault } from './keyFault.ts'
import { removeOverwritten } from './overwrite.ts'

export type KeyHeader = Readonly<{
  id: string
  purpose: string
  algorithm: string
  /** Symmetric keys are found by what they are for. */
  label?: string
  /** SubjectPublicKeyInfo, DER, base64. */
  spki?: string
}>

type KeyFile = KeyHeader & Readonly<{ v: 1; box: string }>

export type KeyFiles = Readonly<{
  byId: (id: string) => KeyHeader | undefined
  byLabel: (label: string) => KeyHeader | undefined
  /** Durable when it resolves; refuses an id or label that is taken. */
  add: (header: KeyHeader, clear: Uint8Array) => Promise<void>
  /** The key in clear; the caller overwrites it. @throws KeyFault */
  reveal: (id: string) => Buffer
  remove: (id: string) => Promise<void>
}>

const boundTo = ({ id, purpose, algorithm, label, spki }: KeyHeader): string =>
  JSON.stringify(['grand-livre/key', id, purpose, algorithm, label ?? null, spki ?? null])

const suffix = '.key'
const safeName = /^[A-Za-z0-9._-]{1,64}$/

const parse = (name: string, bytes: Buffer): KeyFile => {
  try {
    const file = JSON.parse(bytes.toString('utf8')) as KeyFile
    if (`${file.id}${suffix}` === name) return file
  } catch {
    // Told below, as any other damage.
  }
  throw new KeyFault(`the key file ${name} is damaged; restore it from a backup`)
}

/** Opens the key files of a directory. @throws KeyFault on one that is damaged */
export const openKeyFiles = async (
  directory: string,
  master: Uint8Array,
  randomBytes: RandomBytes,
): Promise<KeyFiles> => {
  await makePrivateDirectory(directory)
  const key = subkey(master, 'key-files')
  const files = new Map<string, KeyFile>()
  const labels = new Map<string, string>()
  const keep = (file: KeyFile): void => {
    files.set(file.id, file)
    if (file.label !== undefined) labels.set(file.label, file.id)
  }
  for (const name of await readdir(directory))
    if (name.endsWith(unfinished)) await removeOverwritten(join(directory, name))
    else if (name.endsWith(suffix)) keep(parse(name, await readFile(join(directory, name))))

  return {
    byId: (id) => files.get(id),
    byLabel: (label) => files.get(labels.get(label) ?? ''),
    add: async (header, clear) => {
      if (!safeName.test(header.id)) throw new KeyFault('a key id has letters, digits, dots and hyphens only')
      const box = closeBox(key, boundTo(header), clear, randomBytes).toString('base64')
      const file: KeyFile = { v: 1, ...header, box }
      await createDurable(join(directory, `${header.id}${suffix}`), Buffer.from(JSON.stringify(file)))
      keep(file)
    },
    reveal: (id) => {
      const file = files.get(id)
      if (file === undefined) throw new KeyFault(`there is no key ${id}`, { code: 'keyMissing' })
      return openBox(key, boundTo(file), Buffer.from(file.box, 'base64'))
    },
    remove: async (id) => {
      const file = files.get(id)
      if (file === undefined) return
      // By another name first: whatever is cut off, a key that is there is whole.
      const path = join(directory, `${id}${suffix}`)
      const doomed = `${path}${unfinished}`
      await rename(path, doomed).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      })
      await syncDirectory(directory)
      await removeOverwritten(doomed)
      await syncDirectory(directory)
      files.delete(id)
      if (file.label !== undefined) labels.delete(file.label)
    },
  }
}
