// The rows of the escrow in their file, on a disk that refuses one of the writes of an act: what is known afterwards is what a start would find.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { EscrowRow, EscrowStore } from '../../hsm/escrowStore.ts'
import { openFileEscrowStore } from '../../hsm/escrowStoreFile.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import { openRecordStore, type RecordStore } from '../../hsm/recordStore.ts'
import { now, removeDirectory, sha256, temporaryDirectory } from './custody.ts'

let directory: string
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => removeDirectory(directory))

type Write = 'put' | 'remove'

/** A file of rows, and what its disk refuses from now on: a write of records of this kind. */
const openRows = async () => {
  const [path, key] = [join(directory, randomBytes(8).toString('hex')), randomBytes(32)]
  let refused: string | undefined
  let records: RecordStore
  const ask = async (write: Write, name: string): Promise<void> => {
    if (`${write} ${name.split('/')[0]}` === refused) throw new KeyFault('the vault was not written')
  }
  const open = async (): Promise<EscrowStore> => {
    records = await openRecordStore({ path, key })
    return openFileEscrowStore({
      ...records,
      put: (name, value) => ask('put', name).then(() => records.put(name, value)),
      remove: (name) => ask('remove', name).then(() => records.remove(name)),
    })
  }
  const store = await open()
  onTestFinished(() => records.close())
  return {
    store,
    refuse: (write?: `${Write} ${'key' | 'serial'}`) => void (refused = write),
    names: () => [...records.names()],
    reopen: async () => {
      await records.close()
      return open()
    },
  }
}

const row = (): EscrowRow => {
  const spki = randomBytes(294)
  const blob = randomBytes(1200)
  return { spkiSha256: sha256(spki), spki, kek: 'first', blob, generatedAt: now(), state: 'stock' }
}
const reserved = (of: EscrowRow): EscrowRow => ({ ...of, state: 'reserved', serial: 'a1' })
const moved = (of: EscrowRow): EscrowRow => ({ ...of, kek: 'second', blob: randomBytes(1200) })

describe('rows in a file whose disk refuses a write', () => {
  const set = async () => {
    const rows = await openRows()
    const stock = row()
    const before = reserved(stock)
    await rows.store.add(stock)
    await rows.store.replace(stock, before)
    return { ...rows, before, key: before.spkiSha256 }
  }

  it('CGU-116: a key whose new wrapping is written, and not what points to it, is destroyed with both', async () => {
    const { store, before, key, refuse, names, reopen } = await set()
    refuse('put serial')
    await expect(store.replace(before, moved(before))).rejects.toThrow(KeyFault)
    refuse()
    expect(await store.byKey(key)).toEqual(before)
    await store.remove(key)
    expect(names()).toEqual([])
    expect(await (await reopen()).inventory()).toEqual([])
  })

  it('CGU-116: an old wrapping that could not be removed counts under its KEK, and is destroyed with its key', async () => {
    const { store, before, key, refuse, names, reopen } = await set()
    const after = moved(before)
    refuse('remove key')
    await expect(store.replace(before, after)).rejects.toThrow(KeyFault)
    expect(await store.byKey(key)).toEqual(after)
    expect(Object.fromEntries(await store.countsByKek())).toEqual({ first: 1, second: 1 })
    await expect(store.remove(key)).rejects.toThrow(KeyFault)
    refuse()
    await store.remove(key)
    expect(names()).toEqual([])
    expect(await (await reopen()).inventory()).toEqual([])
  })

  it('CGU-116: an old wrapping that could not be removed goes once the disk takes it, and its KEK is free', async () => {
    const { store, before, key, refuse, reopen } = await set()
    const after = moved(before)
    refuse('remove key')
    await expect(store.replace(before, after)).rejects.toThrow(KeyFault)
    refuse()
    expect(Object.fromEntries(await store.countsByKek())).toEqual({ second: 1 })
    const again = moved(after)
    await store.replace(after, again)
    expect(await (await reopen()).byKey(key)).toEqual(again)
  })

  it('CGU-38: a serial that was not written is nobody’s, and the key is in stock', async () => {
    const { store, refuse, reopen } = await openRows()
    const [one, two] = [row(), row()]
    for (const each of [one, two]) await store.add(each)
    refuse('put serial')
    await expect(store.replace(one, reserved(one))).rejects.toThrow(KeyFault)
    expect(await store.bySerial('a1')).toBeUndefined()
    expect(await store.byKey(one.spkiSha256)).toEqual(one)
    refuse()
    await store.replace(two, reserved(two))
    await expect(store.replace(one, reserved(one))).rejects.toMatchObject({ code: 'keyTaken' })
    const found = await reopen()
    expect(await found.bySerial('a1')).toEqual(reserved(two))
    expect(await found.byKey(one.spkiSha256)).toEqual(one)
  })

  it('CGU-38: a key that was not written is not there, and can be added', async () => {
    const { store, refuse } = await openRows()
    const one = row()
    refuse('put key')
    await expect(store.add(one)).rejects.toThrow(KeyFault)
    expect(await store.inventory()).toEqual([])
    refuse()
    await store.add(one)
    expect(await store.byKey(one.spkiSha256)).toEqual(one)
  })

  it('CGU-116: a removal that was cut short is carried on by the next one', async () => {
    const { store, key, refuse, names } = await set()
    refuse('remove serial')
    await expect(store.remove(key)).rejects.toThrow(KeyFault)
    expect([await store.byKey(key), await store.bySerial('a1'), await store.inventory()]).toEqual([
      ...[undefined, undefined, []],
    ])
    refuse()
    await store.remove(key)
    expect(names()).toEqual([])
  })

  it('CGU-38: of two keys that ask for one serial at once, one has it', async () => {
    const { store, reopen } = await openRows()
    const both = [row(), row()]
    for (const each of both) await store.add(each)
    const asked = await Promise.allSettled(both.map((each) => store.replace(each, reserved(each))))
    expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    const states = async (of: EscrowStore) => (await of.inventory()).map(({ state }) => state)
    expect(await states(store)).toEqual(['reserved', 'stock'])
    expect(await states(await reopen())).toEqual(['reserved', 'stock'])
  })
})
