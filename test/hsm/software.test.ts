import { createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { closeBox, openBox } from '../../hsm/box.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import { openUnder, wrapUnder } from '../../hsm/keyWrap.ts'
import { findPassphrase, openMaster, PassphraseFault } from '../../hsm/passphrase.ts'
import { openSoftwareKeys, type SoftwareKeys } from '../../hsm/software.ts'
import { filesIn, openKeys, passphrase, removeDirectory, temporaryDirectory, whereFound } from './custody.ts'

let directory: string
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => removeDirectory(directory))

let counted = 0
const fresh = (): string => join(directory, `d${(counted += 1)}`)

describe('the passphrase', () => {
  it('is the environment’s, else the named file’s, else one that is made once with mode 0600', async () => {
    const dataDir = fresh()
    const made = await findPassphrase({}, dataDir)
    expect(made.from).toBe('generated')
    expect(await findPassphrase({}, dataDir)).toEqual({ passphrase: made.passphrase, from: 'file' })
    expect((await stat(join(dataDir, 'passphrase'))).mode & 0o777).toBe(0o600)
    const named = fresh()
    await writeFile(named, `${passphrase}\n`)
    const env = { GRAND_LIVRE_PASSPHRASE_FILE: named }
    expect(await findPassphrase(env, dataDir)).toEqual({ passphrase, from: 'file' })
    const given = { ...env, GRAND_LIVRE_PASSPHRASE: 'une autre phrase' }
    expect(await findPassphrase(given, dataDir)).toEqual({
      passphrase: 'une autre phrase',
      from: 'environment',
    })
  })

  it('kept where others can read it is refused', async () => {
    const dataDir = fresh()
    await findPassphrase({}, dataDir)
    await chmod(join(dataDir, 'passphrase'), 0o640)
    await expect(findPassphrase({}, dataDir)).rejects.toThrow(PassphraseFault)
  })

  it.each([
    ['too short', { GRAND_LIVRE_PASSPHRASE: 'court' }],
    ['empty', { GRAND_LIVRE_PASSPHRASE: '' }],
    ['in a file that is not there', { GRAND_LIVRE_PASSPHRASE_FILE: '/nowhere/at/all' }],
  ])('%s is refused', async (_, env) => {
    await expect(findPassphrase(env, fresh())).rejects.toThrow(PassphraseFault)
  })

  it('opens one master key, and a wrong one says so without a word of either', async () => {
    const keys = fresh()
    const master = await openMaster(keys, 'Élodie et le cheval', { cost: 4 })
    expect(await openMaster(keys, 'Élodie et le cheval'.normalize('NFD'))).toEqual(master)
    const wrong = await openMaster(keys, passphrase).catch((error: unknown) => error)
    expect(wrong).toBeInstanceOf(PassphraseFault)
    expect(String(wrong)).not.toContain(passphrase)
    expect(whereFound(await filesIn(keys), master)).toEqual([])
  })

  it('a master key that is damaged, or missing beside its keys, is never made anew', async () => {
    const keys = fresh()
    const master = await openMaster(keys, passphrase, { cost: 2 })
    const software = await openSoftwareKeys({ directory: keys, master })
    await software.generate({ id: 'k', purpose: 'ca', algorithm: 'ecP256' })
    await writeFile(join(keys, 'master.json'), '{"n":')
    await expect(openMaster(keys, passphrase)).rejects.toThrow(KeyFault)
    await rm(join(keys, 'master.json'))
    await expect(openMaster(keys, passphrase)).rejects.toThrow(KeyFault)
  })

  it('a master key that is missing beside the manifest of its tokens is never made anew: cards and registers lie under it', async () => {
    const keys = fresh()
    await mkdir(keys)
    await writeFile(join(keys, 'pkcs11.json'), '{}')
    await expect(openMaster(keys, passphrase)).rejects.toThrow(/master\.json is missing; restore it/)
    expect(await readdir(keys)).toEqual(['pkcs11.json'])
  })
})

describe('a key that was opened', () => {
  const [key, clear] = [randomBytes(32), randomBytes(64)]
  const [box, blob] = [closeBox(key, 'a place', clear), wrapUnder(key, clear)]

  /** Whatever OpenSSL has deciphered while an act ran. */
  const deciphered = (act: () => void): readonly Buffer[] => {
    const deciphers = Object.getPrototypeOf(createDecipheriv('aes-256-gcm', key, randomBytes(12))) as {
      update: (data: Uint8Array) => Buffer
    }
    const update = vi.spyOn(deciphers, 'update')
    try {
      act()
      return update.mock.results.map(({ value }) => value as Buffer)
    } finally {
      update.mockRestore()
    }
  }

  it.each([
    ['out of a box', () => openBox(key, 'a place', box).fill(0)],
    [
      'out of a box that is of another place',
      () => expect(() => openBox(key, 'elsewhere', box)).toThrow(KeyFault),
    ],
    ['out of its wrapping', () => openUnder(key, blob).fill(0)],
  ])('CGU-41: is nowhere in memory once whoever has it has overwritten it: %s', (_, act) => {
    for (const octets of deciphered(act)) expect(octets.equals(Buffer.alloc(octets.length))).toBe(true)
  })
})

describe('service keys', () => {
  const master = randomBytes(32)
  const tbs = Buffer.from('to be signed')
  let keys: SoftwareKeys
  let home: string
  const reopen = async (): Promise<void> => {
    keys = await openSoftwareKeys({ directory: home, master })
  }
  beforeAll(async () => {
    home = fresh()
    await reopen()
  })

  it('an id that is taken for something else, unknown, or no name at all, is refused', async () => {
    await keys.generate({ id: 'taken', purpose: 'ca', algorithm: 'ecP256' })
    await expect(keys.generate({ id: 'taken', purpose: 'ocsp', algorithm: 'ecP256' })).rejects.toThrow(
      KeyFault,
    )
    await expect(keys.generate({ id: 'taken', purpose: 'ca', algorithm: 'ecP384' })).rejects.toThrow(KeyFault)
    await expect(keys.generate({ id: '../out', purpose: 'ca', algorithm: 'ecP256' })).rejects.toThrow(
      KeyFault,
    )
    await expect(keys.generate({ id: 'aes', purpose: 'ca', algorithm: 'aes256' })).rejects.toThrow(KeyFault)
    await expect(keys.signer('absent')).rejects.toThrow(KeyFault)
    expect(keys.find('taken')).toMatchObject({ purpose: 'ca', algorithm: 'ecP256' })
  })

  it('a key that was destroyed signs no more, nor does a signer of before', async () => {
    await keys.generate({ id: 'doomed', purpose: 'ocsp', algorithm: 'ecP256' })
    const signer = await keys.signer('doomed')
    await keys.destroy('doomed')
    await expect(signer.sign(tbs)).rejects.toThrow(KeyFault)
    await reopen()
    await expect(keys.signer('doomed')).rejects.toThrow(KeyFault)
  })

  it('RFC 5649: a KEK is one a label and purpose, wraps any length, and refuses what is not its own', async () => {
    const kek = await keys.kek('data-rec-2026')
    const other = await keys.kek('data-reg-2026')
    const same = await Promise.all([keys.escrowKek('escrow-2027'), keys.escrowKek('escrow-2027')])
    expect(same[0].id).toBe(same[1].id)
    await expect(keys.kek('escrow-2027')).rejects.toThrow(KeyFault)
    await expect(keys.kekById(same[0].id)).rejects.toThrow(KeyFault)
    await expect(keys.escrowKekById(kek.id)).rejects.toThrow(KeyFault)
    for (const length of [16, 31, 32, 1793]) {
      const clear = randomBytes(length)
      const blob = await kek.wrap(clear)
      await expect(other.unwrap(blob)).rejects.toThrow(KeyFault)
      await reopen()
      expect(await (await keys.kekById(kek.id)).unwrap(blob)).toEqual(clear)
      blob[9]! ^= 1
      await expect(kek.unwrap(blob)).rejects.toThrow(KeyFault)
    }
    await keys.destroy(other.id)
    await expect(keys.kekById(other.id)).rejects.toThrow(KeyFault)
    await expect(keys.kekById('taken')).rejects.toThrow(KeyFault)
  })

  it('RGS A2 XI: no file has a key in clear, and nobody else can read one', async () => {
    await keys.generate({ id: 'at-rest', purpose: 'ca', algorithm: 'rsa3072' })
    const record = await keys.recordKey('records-test')
    const files = await filesIn(home)
    const pkcs8Mark = Buffer.from('020100300d06092a864886f70d0101010500', 'hex')
    for (const secret of [record, master, pkcs8Mark]) expect(whereFound(files, secret)).toEqual([])
    for (const { path, mode } of files) expect([path, mode]).toEqual([path, 0o600])
  })

  it.each([
    ['the key itself', (file: Record<string, string>) => ({ ...file, box: flipped(file['box']!) })],
    ['its purpose', (file: Record<string, string>) => ({ ...file, purpose: 'ocsp' })],
    ['its algorithm', (file: Record<string, string>) => ({ ...file, algorithm: 'ecP256' })],
    ['its public half', (file: Record<string, string>) => ({ ...file, spki: flipped(file['spki']!) })],
    ['its id', (file: Record<string, string>) => ({ ...file, id: 'other' })],
  ])('a key file in which %s was changed is refused', async (_, change) => {
    const at = fresh()
    const own = await openSoftwareKeys({ directory: at, master })
    await own.generate({ id: 'k', purpose: 'ca', algorithm: 'ecP384' })
    const path = join(at, 'k.key')
    await writeFile(
      path,
      JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Record<string, string>)),
    )
    const use = async () => (await openSoftwareKeys({ directory: at, master })).signer('k')
    await expect(use()).rejects.toThrow(KeyFault)
  })

  it('CGU-116: the file of a KEK that is destroyed is written over before it goes', async () => {
    const place = fresh()
    const { escrowKek, destroyEscrowKek } = await openKeys(place)
    const { id } = await escrowKek('escrow-2026')
    const [name = ''] = (await readdir(join(place, 'keys'))).filter((one) => one.startsWith(id))
    // What a disk still has under no name.
    await link(join(place, 'keys', name), join(place, 'left'))
    await destroyEscrowKek(id)
    const left = await readFile(join(place, 'left'))
    expect([left.length > 100, left.every((octet) => octet === 0)]).toEqual([true, true])
  })

  it('another master key opens nothing', async () => {
    const other = await openSoftwareKeys({
      directory: home,
      master: createHash('sha256').update('x').digest(),
    })
    await expect(other.signer('taken')).rejects.toThrow(KeyFault)
  })
})

const flipped = (base64: string): string => {
  const bytes = Buffer.from(base64, 'base64')
  bytes[bytes.length - 1]! ^= 1
  return bytes.toString('base64')
}
