import { spawn } from 'node:child_process'
import { createHash, createPublicKey, createPrivateKey, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { KeyFault } from '../../hsm/keyFault.ts'
import { openVault } from '../../hsm/vault.ts'
import { namespaces } from '../support/namespaces.ts'
import {
  filesIn,
  now,
  openCustody,
  openKeys,
  removeDirectory,
  temporaryDirectory,
  whereFound,
  type Custody,
} from './custody.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const from = '2026-03-02T09:00:00Z'
const until = '2036-03-02T09:00:00Z'
const person = '1670f849-a893-45b8-b5ff-8d4d80e6780e'
const serial = (n: number): string => `4${String(n).padStart(31, '0')}`
/** What every PKCS#8 of an RSA key has in it: version, rsaEncryption, NULL. */
const pkcs8Mark = Buffer.from('020100300d06092a864886f70d0101010500', 'hex')

let custody: Custody
const directories: string[] = []
const reopen = async (): Promise<void> => {
  await custody.close()
  custody = await openCustody(custody.directory)
}
beforeAll(async () => {
  custody = await openCustody()
  directories.push(custody.directory)
})
afterAll(async () => {
  await custody.close()
  for (const directory of directories) await removeDirectory(directory)
})

describe('data keys', () => {
  it('a unit has one key, whoever asks and however often', async () => {
    const { dataKeys } = custody.vault
    const asked = await Promise.all(Array.from({ length: 8 }, () => dataKeys.obtain('reg_shared')))
    const [first, second] = asked
    expect(new Set(asked.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
    expect(first).toHaveLength(32)
    second!.fill(0)
    expect(await dataKeys.obtain('reg_shared')).toEqual(first)
    await reopen()
    expect(await custody.vault.dataKeys.find('reg_shared')).toEqual(first)
    expect(await custody.vault.dataKeys.find('reg_never')).toBeUndefined()
  })

  it('more keys than are held in memory keep their values', async () => {
    const { directory, keys } = custody
    const vault = await openVault({ directory: join(directory, 'small'), keys, now, capacity: 3 })
    const ids = Array.from({ length: 20 }, (_, i) => `escrow_${i}`)
    const made = await Promise.all(ids.map((id) => vault.dataKeys.obtain(id)))
    expect(new Set(made.map((key) => sha256(key))).size).toBe(ids.length)
    for (const [i, id] of ids.entries()) expect(await vault.dataKeys.find(id)).toEqual(made[i])
    await vault.close()
  })

  it('the KEK of a class and year is looked for once, and again where it was not found', async () => {
    const { directory, keys } = custody
    const asked: string[] = []
    const kek = (label: string) => {
      asked.push(label)
      return asked.length === 1 ? Promise.reject(new KeyFault('out of reach')) : keys.kek(label)
    }
    const vault = await openVault({ directory: join(directory, 'labels'), keys: { ...keys, kek }, now })
    onTestFinished(() => vault.close())
    await expect(vault.dataKeys.obtain('reg_0')).rejects.toThrow('out of reach')
    const made = await Promise.all(
      ['reg_0', 'reg_1', 'escrow_2', 'reg_3'].map((id) => vault.dataKeys.obtain(id)),
    )
    expect(new Set(made.map(String)).size).toBe(4)
    const year = now().slice(0, 4)
    expect(asked).toEqual([`data-reg-${year}`, `data-reg-${year}`, `data-escrow-${year}`])
  })

  it('CGU-116: a key that was destroyed is gone, is not made again, and its wrapped octets leave the disk', async () => {
    const { dataKeys } = custody.vault
    const before = await filesIn(join(custody.directory, 'vault'))
    await dataKeys.obtain('reg_doomed')
    const after = await filesIn(join(custody.directory, 'vault'))
    const path = join(custody.directory, 'vault/data-keys.records')
    const start = before.find((file) => file.path === path)!.bytes.length
    const written = after.find((file) => file.path === path)!.bytes.subarray(start + 12)
    await dataKeys.destroy('reg_doomed')
    const check = async (): Promise<void> => {
      expect(await custody.vault.dataKeys.find('reg_doomed')).toBeUndefined()
      expect(await custody.vault.dataKeys.isDestroyed('reg_doomed')).toBe(true)
      await expect(custody.vault.dataKeys.obtain('reg_doomed')).rejects.toThrow(KeyFault)
      expect(whereFound(await filesIn(custody.directory), written)).toEqual([])
    }
    await check()
    await reopen()
    await check()
  })

  it('a key id that says no class is refused', async () => {
    await expect(custody.vault.dataKeys.obtain('../etc')).rejects.toThrow(KeyFault)
  })
})

describe('escrow', () => {
  it('CGU-38: a key set aside is the same one until it is kept, is proved, and comes back whole', async () => {
    const { escrow } = custody.vault
    const [one, again] = await Promise.all([escrow.reserve(serial(1)), escrow.reserve(serial(1))])
    expect(again).toEqual(one)
    expect(sha256(one.spki)).toBe(one.spkiSha256)
    await expect(escrow.release(serial(1))).rejects.toThrow(KeyFault)
    const record = await escrow.keep({ serial: serial(1), person, from, until })
    expect(record).toMatchObject({ generatedAt: now(), testedAt: now(), from, until })
    const later = { serial: serial(1), person, from: until, until: '2046-03-02T09:00:00Z' }
    expect(await escrow.keep(later)).toEqual(record)
    await expect(escrow.keep({ ...later, person: serial(9) })).rejects.toThrow(KeyFault)
    await reopen()
    expect(await custody.vault.escrow.reserve(serial(1))).toEqual(one)
    const pkcs8 = await custody.vault.escrow.release(serial(1))
    const half = createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8), type: 'pkcs8', format: 'der' }))
    expect(sha256(half.export({ type: 'spki', format: 'der' }))).toBe(one.spkiSha256)
    expect(half.asymmetricKeyDetails?.modulusLength).toBe(3072)
    expect(Buffer.from(pkcs8).includes(pkcs8Mark)).toBe(true)
  })

  it('CGU-60: every serial has a key of its own, from the stock first, oldest first', async () => {
    const { escrow } = custody.vault
    expect(await escrow.fillStock(2)).toBe(2)
    const stock = (await escrow.inventory()).filter(({ state }) => state === 'stock')
    const reserved = await Promise.all([2, 3, 4].map((n) => escrow.reserve(serial(n))))
    expect(reserved.slice(0, 2).map(({ spkiSha256 }) => spkiSha256)).toEqual(
      stock.map((held) => held.spkiSha256),
    )
    expect(new Set(reserved.map(({ spkiSha256 }) => spkiSha256)).size).toBe(3)
  })

  it('CGU-60: a key given up is never set aside again, and is not lost', async () => {
    const { escrow } = custody.vault
    const first = await escrow.reserve(serial(5))
    await escrow.discard(serial(5))
    await escrow.discard(serial(5))
    const second = await escrow.reserve(serial(5))
    expect(second.spkiSha256).not.toBe(first.spkiSha256)
    await reopen()
    const { escrow: reopened } = custody.vault
    expect((await reopened.reserve(serial(6))).spkiSha256).not.toBe(first.spkiSha256)
    expect(await reopened.inventory()).toContainEqual({
      spkiSha256: first.spkiSha256,
      kept: false,
      state: 'discarded',
      kek: (await reopened.currentKek()).id,
    })
    expect((await reopened.reserve(serial(5))).spkiSha256).toBe(second.spkiSha256)
    await reopened.keep({ serial: serial(5), person, from, until })
    await expect(reopened.discard(serial(5))).rejects.toThrow(KeyFault)
  })

  it('the inventory names every key that is held, once, and what it is held for', async () => {
    const { escrow } = custody.vault
    const { spkiSha256 } = await escrow.reserve(serial(8))
    expect(await escrow.inventory()).toContainEqual({
      spkiSha256,
      serial: serial(8),
      kept: false,
      state: 'reserved',
      kek: (await escrow.currentKek()).id,
    })
    await escrow.keep({ serial: serial(8), person, from, until })
    const held = await escrow.inventory()
    expect(held).toContainEqual({ spkiSha256, serial: serial(8), kept: true, state: 'kept' })
    expect(new Set(held.map((one) => one.spkiSha256)).size).toBe(held.length)
  })
})

describe('deliveries and journals', () => {
  it('CGU-46: an output waits under its digest and is gone, octets and all, once it is removed', async () => {
    const bytes = randomBytes(3000)
    const digest = sha256(bytes)
    await expect(custody.vault.deliveries.put('0'.repeat(64), bytes)).rejects.toThrow(KeyFault)
    await custody.vault.deliveries.put(digest, bytes)
    await reopen()
    expect(bytes.equals((await custody.vault.deliveries.take(digest))!)).toBe(true)
    const path = join(custody.directory, 'vault/deliveries.records')
    const stored = (await readFile(path)).subarray(-bytes.length)
    await custody.vault.deliveries.remove(digest)
    await custody.vault.deliveries.remove(digest)
    expect(await custody.vault.deliveries.take(digest)).toBeUndefined()
    expect((await readFile(path)).includes(stored.subarray(0, 64))).toBe(false)
    await reopen()
    expect(await custody.vault.deliveries.take(digest)).toBeUndefined()
  })

  it('CGU-114: a person has one journal a quarter under an account', async () => {
    const key = { account: 'ae-durand', person, quarter: '2026-Q1' }
    const journal = randomUUID()
    await custody.vault.journals.setJournal(key, journal)
    await reopen()
    const { journals } = custody.vault
    expect(await journals.journalOf(key)).toBe(journal)
    for (const other of [{ account: 'ae-durant' }, { person: randomUUID() }, { quarter: '2026-Q2' }])
      expect(await journals.journalOf({ ...key, ...other })).toBeUndefined()
  })
})

describe('at rest', () => {
  it('RGS A2 XI: no file of custody has a key, a name or a serial in clear, and nobody else can read one', async () => {
    const { vault, directory } = custody
    const dataKey = Buffer.from(await vault.dataKeys.obtain('reg_at-rest'))
    await vault.escrow.reserve(serial(7))
    await vault.escrow.keep({ serial: serial(7), person, from, until })
    const pkcs8 = Buffer.from(await vault.escrow.release(serial(7)))
    await vault.journals.setJournal({ account: 'ae-lefebvre', person, quarter: '2026-Q1' }, randomUUID())
    const output = randomBytes(500)
    await vault.deliveries.put(sha256(output), output)
    const files = await filesIn(directory)
    expect(files.length).toBeGreaterThan(8)
    const secrets = {
      dataKey,
      pkcs8Mark,
      primes: pkcs8.subarray(500, 560),
      output: output.subarray(0, 60),
      account: Buffer.from('ae-lefebvre'),
      unit: Buffer.from('reg_at-rest'),
      serial: Buffer.from(serial(7)),
      person: Buffer.from(person),
    }
    for (const [name, secret] of Object.entries(secrets))
      expect([name, whereFound(files, secret)]).toEqual([name, []])
    for (const { path, mode } of files) expect([path, mode]).toEqual([path, 0o600])
  })
})

describe('tampering', () => {
  const copy = async (change: (bytes: Buffer) => Buffer): Promise<() => Promise<unknown>> => {
    await custody.close()
    const { directory } = custody
    const other = await mkdtemp(`${directory}-copy-`)
    directories.push(other)
    await cp(directory, other, { recursive: true })
    custody = await openCustody(directory)
    const path = join(other, 'vault/escrow.records')
    await writeFile(path, change(await readFile(path)))
    return async () => {
      const opened = await openCustody(other)
      await opened.close()
    }
  }

  it.each([
    ['an octet of the first record', (bytes: Buffer) => flip(bytes, 60)],
    ['the length of a record', (bytes: Buffer) => flip(bytes, 25)],
    ['an octet of the last record', (bytes: Buffer) => flip(bytes, bytes.length - 20)],
    [
      'a record blanked without a removal',
      (bytes: Buffer) => Buffer.from(bytes).fill(0, 36, 36 + bytes.readUInt32BE(24)),
    ],
    ['the first record taken out', (bytes: Buffer) => without(bytes)],
    ['the first record doubled', (bytes: Buffer) => doubled(bytes)],
    ['the name of the file', (bytes: Buffer) => flip(bytes, 10)],
  ])('%s changed: the vault does not open', async (_, change) => {
    await expect((await copy(change))()).rejects.toThrow(KeyFault)
  })

  it('another file of records in the place of this one: the vault does not open', async () => {
    const open = await copy((bytes) => bytes)
    const other = directories.at(-1)!
    await copyFile(join(other, 'vault/journals.records'), join(other, 'vault/escrow.records'))
    await expect(open()).rejects.toThrow(KeyFault)
  })

  it('a second opening, by this process too, is refused while the first lasts', async () => {
    const keys = await openKeys(custody.directory)
    await expect(openVault({ directory: join(custody.directory, 'vault'), keys, now })).rejects.toThrow(
      KeyFault,
    )
  })
})

describe('one process', () => {
  const program = join(import.meta.dirname, 'putForever.ts')
  /** The process of putForever.ts. */
  const startHolder = (directory: string, within: readonly string[]) => {
    const [command, ...args] = [...within, process.execPath, '--import', 'tsx', program, directory]
    const child = spawn(command, args)
    child.stdout.setEncoding('utf8')
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    const closed = once(child, 'close')
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL')
      await closed
    }
    onTestFinished(kill)
    return { begun: once(child.stdout, 'data'), closed, kill, complaint: () => complaint }
  }
  const fresh = async (): Promise<string> => {
    const directory = await temporaryDirectory()
    directories.push(directory)
    return directory
  }

  it.for(namespaces)(
    '%s: alive it is refused, killed it is taken over',
    async ([, within, obstacle], { skip }) => {
      skip(obstacle !== undefined, obstacle)
      const directory = await fresh()
      const { begun, kill } = startHolder(directory, within)
      await begun
      await expect(openCustody(directory)).rejects.toThrow(/^the vault is open for writing in a process/)
      await kill()
      const ours = await openCustody(directory)
      const other = startHolder(directory, within)
      await other.closed
      expect(other.complaint()).toContain('KeyFault: the vault is open for writing in a process')
      await ours.vault.requireHeld()
      await ours.close()
      expect((await readdir(join(directory, 'vault'))).filter((name) => name.startsWith('lock'))).toEqual([])
    },
  )

  it('of many that come at once to what a dead one left, one has it, in a directory of any length', async () => {
    const directory = join(await fresh(), 'long'.repeat(40))
    const { begun, kill } = startHolder(directory, [])
    await begun
    await kill()
    const opened = await Promise.allSettled(Array.from({ length: 6 }, () => openCustody(directory)))
    const held = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(held).toHaveLength(1)
    await held[0]!.close()
  })

  it('a lock that was removed: the vault says that it is no longer held, and nothing more is written', async () => {
    const directory = await fresh()
    const { vault, close } = await openCustody(directory)
    await vault.dataKeys.obtain('reg_before')
    const [lock = ''] = (await readdir(join(directory, 'vault'))).filter((name) => name.startsWith('lock'))
    await rm(join(directory, 'vault', lock))
    await expect(vault.requireHeld()).rejects.toThrow(KeyFault)
    await expect(vault.dataKeys.obtain('reg_after')).rejects.toThrow(KeyFault)
    await close()
  })
})

const flip = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[at]! ^= 1
  return changed
}
const firstEnd = (bytes: Buffer): number => 36 + bytes.readUInt32BE(24)
const without = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, 24), bytes.subarray(firstEnd(bytes))])
const doubled = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, firstEnd(bytes)), bytes.subarray(24)])
