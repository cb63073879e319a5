// The passphrase under which all software custody lies, and the master key that it opens. The master key is random and
// wrapped, so that a passphrase can be changed without touching what the key protects.
import { randomBytes as systemRandom } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { closeBox, openBox, type RandomBytes } from './box.ts'
import { scryptCost, stretch } from './stretch.ts'
import { createDurable, makePrivateDirectory, readIfPresent } from './durable.ts'
import { KeyFault } from './keyFault.ts'

/** The passphrase is absent, too short, kept carelessly, or not the one that was used at first. */
export class PassphraseFault extends Error {
  override readonly name = 'PassphraseFault'
}

export type Passphrase = Readonly<{ passphrase: string; from: 'environment' | 'file' | 'generated' }>

const shortest = 12

const checked = (passphrase: string, from: Passphrase['from'], where: string): Passphrase => {
  if (passphrase.length < shortest)
    throw new PassphraseFault(`${where}: a passphrase has at least ${shortest} characters`)
  return { passphrase, from }
}

const fromFile = async (path: string, where: string): Promise<Passphrase> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new PassphraseFault(`${where}: the file cannot be read`, { cause })
  }
  return checked(text.replace(/\r?\n$/, ''), 'file', where)
}

/**
 * GRAND_LIVRE_PASSPHRASE, or the file that GRAND_LIVRE_PASSPHRASE_FILE names, or `<dataDir>/passphrase`, which is made
 * with mode 0600 where there is none.
 * @throws PassphraseFault
 */
export const findPassphrase = async (
  env: NodeJS.ProcessEnv,
  dataDir: string,
  randomBytes: RandomBytes = systemRandom,
): Promise<Passphrase> => {
  const given = env['GRAND_LIVRE_PASSPHRASE']
  if (given !== undefined) return checked(given, 'environment', 'GRAND_LIVRE_PASSPHRASE')
  const named = env['GRAND_LIVRE_PASSPHRASE_FILE']
  if (named !== undefined) return fromFile(named, 'GRAND_LIVRE_PASSPHRASE_FILE')
  const path = join(dataDir, 'passphrase')
  await makePrivateDirectory(dataDir)
  const passphrase = Buffer.from(randomBytes(24)).toString('base64url')
  try {
    await createDurable(path, Buffer.from(`${passphrase}\n`))
    return { passphrase, from: 'generated' }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (((await stat(path)).mode & 0o077) !== 0)
    throw new PassphraseFault(`${path}: others can read it; chmod 600, and consider it known`)
  return fromFile(path, path)
}

type MasterFile = Readonly<{
  v: 1
  kdf: 'scrypt'
  n: number
  r: number
  p: number
  salt: string
  box: string
}>

const greatestCost = 2 ** 22

const wrappingKey = (passphrase: string, { n, r, p, salt }: Omit<MasterFile, 'box'>): Promise<Buffer> =>
  stretch(passphrase, { n, r, p, salt: Buffer.from(salt, 'base64') })

const boundTo = ({ v, kdf, n, r, p, salt }: Omit<MasterFile, 'box'>): string =>
  JSON.stringify(['grand-livre/master', v, kdf, n, r, p, salt])

const parseMaster = (bytes: Buffer): MasterFile => {
  try {
    const file = JSON.parse(bytes.toString('utf8')) as MasterFile
    if (Number.isSafeInteger(file.n) && file.n >= 2 && file.n <= greatestCost) return file
  } catch {
    // Told below, as any other damage.
  }
  throw new KeyFault('master.json is damaged; restore it from a backup')
}

/** A key in software, or what is kept of those on tokens: nothing of it is there before the first master key. */
const isOfKeys = (name: string): boolean => name.endsWith('.key') || name.endsWith('.json')

/**
 * The master key of the custody directory; a new directory is given one.
 * @param cost scrypt's N, for a new directory; an existing one keeps its own
 * @throws PassphraseFault on a wrong passphrase; KeyFault where the directory has keys, or tokens that hold them, but no master key
 */
export const openMaster = async (
  directory: string,
  passphrase: string,
  {
    cost = scryptCost,
    randomBytes = systemRandom,
  }: Readonly<{ cost?: number; randomBytes?: RandomBytes }> = {},
): Promise<Buffer> => {
  await makePrivateDirectory(directory)
  const path = join(directory, 'master.json')
  const present = await readIfPresent(path)
  if (present === undefined) {
    if ((await readdir(directory)).some(isOfKeys))
      throw new KeyFault(`${directory} holds keys, but master.json is missing; restore it from a backup`)
    const salt = Buffer.from(randomBytes(32)).toString('base64')
    const about = { v: 1, kdf: 'scrypt', n: cost, r: 8, p: 1, salt } as const
    const master = Buffer.from(randomBytes(32))
    const box = closeBox(await wrappingKey(passphrase, about), boundTo(about), master, randomBytes)
    await createDurable(path, Buffer.from(JSON.stringify({ ...about, box: box.toString('base64') })))
    return master
  }
  const { box, ...about } = parseMaster(present)
  const key = await wrappingKey(passphrase, about)
  try {
    return openBox(key, boundTo(about), Buffer.from(box, 'base64'))
  } catch (cause) {
    throw new PassphraseFault('this is not the passphrase that the keys were protected with', { cause })
  }
}
