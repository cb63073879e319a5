// The escrow (CGU-38, CGU-41) over keys of either kind, in each of the places that its rows may lie in: what somebody changes in a row,
// he gets nothing for.
import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbedded } from '../../host/postgres.ts'
import type { CustodyEscrow } from '../../hsm/custody.ts'
import { openEscrow } from '../../hsm/escrow.ts'
import type { EscrowRow, EscrowStore } from '../../hsm/escrowStore.ts'
import { openFileEscrowStore } from '../../hsm/escrowStoreFile.ts'
import { openServerEscrowStore, openSqlEscrowStore } from '../../hsm/escrowStoreSql.ts'
import { KeyFault, type KeyFaultCode } from '../../hsm/keyFault.ts'
import { openRecordStore } from '../../hsm/recordStore.ts'
import { makePair } from '../../hsm/wrappedKey.ts'
import type { ClearPair } from '../../hsm/wrapping.ts'
import { openReaders } from '../pki/readers.ts'
import { createOnServer } from '../support/database.ts'
import { copyEmbedded } from '../support/embeddedDatabase.ts'
import { anyPair, holderKeys } from '../support/holderKeys.ts'
import { now, removeDirectory, sha256, temporaryDirectory } from './custody.ts'
import { spoilt, type Keys, type KeysPlace } from './keysContract.ts'

/** A place for rows, which can be closed and opened again as it was left. */
type RowsPlace = Readonly<{
  store: EscrowStore
  reopen: () => Promise<EscrowStore>
  remove: () => Promise<void>
}>

const inFile = async (): Promise<RowsPlace> => {
  const [directory, key] = [await temporaryDirectory(), randomBytes(32)]
  const open = () => openRecordStore({ path: join(directory, 'escrow.records'), key })
  let records = await open()
  return {
    store: await openFileEscrowStore(records),
    reopen: async () => {
      await records.close()
      records = await open()
      return openFileEscrowStore(records)
    },
    remove: async () => {
      await records.close()
      await removeDirectory(directory)
    },
  }
}

/** The data directory that the rows belong to. */
const owner = '00000000-0000-4000-8000-00000000feed'

const inPglite = async (): Promise<RowsPlace> => {
  const { directory, remove } = await copyEmbedded()
  const { pool, close } = await openEmbedded(directory)
  const lent = { pool, close: async () => undefined }
  const store = await openSqlEscrowStore(lent, { id: owner, isNew: true })
  return { store, reopen: () => openSqlEscrowStore(lent, { id: owner }), remove: () => close().then(remove) }
}

const onServer = async (): Promise<RowsPlace> => {
  const { url, drop } = await createOnServer()
  const first = await openServerEscrowStore(url, { id: owner, isNew: true })
  let open = first
  return {
    store: first,
    reopen: async () => {
      await open.close()
      open = await openServerEscrowStore(url, { id: owner })
      return open
    },
    remove: async () => {
      await open.close()
      await drop()
    },
  }
}

export const rowsPlaces = { inFile, inPglite, onServer } as const

const term = { from: '2026-03-02T09:00:00Z', until: '2036-03-02T09:00:00Z' }
const person = '1670f849-a893-45b8-b5ff-8d4d80e6780e'
const other = '8f0cbb0b-4b0e-4ab5-9a4e-6f6f1c1f7e55'
const serial = (n: number): string => `4${String(n).padStart(31, '0')}`
const gone = '00000000-0000-4000-8000-00000000dead'
type Named = Readonly<{ spkiSha256: string }>
const byName = (one: Named, other: Named): number => (one.spkiSha256 < other.spkiSha256 ? -1 : 1)

/** @param through who asks: whoever has the escrow himself, or a client of his */
export const escrowContract = (
  open: () => Promise<KeysPlace>,
  openRows: () => Promise<RowsPlace> = inFile,
  through: (escrow: CustodyEscrow) => Promise<CustodyEscrow> = async (escrow) => escrow,
): void => {
  let [place, keys, rows]: [KeysPlace?, Keys?, RowsPlace?] = []
  let store: EscrowStore
  let escrow: CustodyEscrow
  let transport: ClearPair
  const source = holderKeys()
  const openOn = async (opened: EscrowStore): Promise<void> => {
    store = opened
    escrow = await through(await openEscrow(store, { keys: keys!, now, holderKeys: source }))
  }
  beforeAll(async () => {
    place = await open()
    keys = place.keys
    transport = anyPair() ?? (await makePair())
    rows = await openRows()
    await openOn(rows.store)
  })
  afterAll(async () => {
    await rows!.remove()
    await place!.remove()
  })

  /** Somebody who can write the vault changes a row; afterwards it is as it was. */
  const withRow = async (
    spkiSha256: string,
    to: (row: EscrowRow) => EscrowRow,
    act: () => Promise<void>,
  ): Promise<void> => {
    const before = (await store.byKey(spkiSha256))!
    await store.replace(before, to(before))
    try {
      await act()
    } finally {
      await store.replace((await store.byKey(spkiSha256))!, before)
    }
  }
  const spkiOf = (pkcs8: Uint8Array): string =>
    sha256(
      createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })).export({
        ...{ type: 'spki', format: 'der' },
      }),
    )
  /** Nothing comes out; the fault has a code of its own, and names neither key nor blob. */
  const refused = async (act: Promise<unknown>, code: KeyFaultCode): Promise<void> => {
    const fault = await act.then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(fault).toBeInstanceOf(KeyFault)
    expect((fault as KeyFault).code).toBe(code)
    expect((fault as Error).message).not.toMatch(/[0-9a-f]{64}|[A-Za-z0-9+/]{40}/)
  }

  it('CGU-38: a key is proved when it is made, set aside, kept, and comes back whole after everything was closed', async () => {
    const own = await through(await openEscrow(store, { keys: keys!, now }))
    const [one, again] = await Promise.all([own.reserve(serial(1)), own.reserve(serial(1))])
    expect(again).toEqual(one)
    expect(sha256(one.spki)).toBe(one.spkiSha256)
    await refused(own.release(serial(1)), 'keyNotHeld')
    expect((await store.byKey(one.spkiSha256))?.tested?.at).toBe(now())
    const record = await own.keep({ serial: serial(1), person, ...term })
    expect(await own.keep({ serial: serial(1), person, ...term })).toEqual(record)
    await refused(own.keep({ serial: serial(1), person: other, ...term }), 'keyTaken')
    keys = await place!.reopen()
    await openOn(await rows!.reopen())
    expect(await escrow.reserve(serial(1))).toMatchObject(one)
    expect(spkiOf(await escrow.release(serial(1), one.spkiSha256))).toBe(one.spkiSha256)
    await refused(escrow.discard(serial(1)), 'keyTaken')
  })

  it('CGU-60: a key given up is not lost, and is never set aside again', async () => {
    const first = await escrow.reserve(serial(2))
    await escrow.discard(serial(2))
    const second = await escrow.reserve(serial(2))
    expect(second.spkiSha256).not.toBe(first.spkiSha256)
    expect(await escrow.inventory()).toContainEqual({
      ...{ spkiSha256: first.spkiSha256, kept: false, state: 'discarded' },
      kek: (await escrow.currentKek()).id,
    })
    await refused(escrow.keep({ serial: serial(9), person, ...term }), 'keyNotHeld')
  })

  it('CGU-60: the inventory says under which KEK a key lies that is not kept, and the last count is there after everything was closed', async () => {
    expect(await escrow.stockCount()).toBeUndefined()
    await escrow.fillStock(1)
    const { id: kek } = await escrow.currentKek()
    const inStock = (await escrow.inventory()).filter(({ state }) => state === 'stock')
    expect(inStock.map((held) => held.kek)).toEqual([kek])
    for (const held of await escrow.inventory())
      expect([held.spkiSha256, held.kek === undefined]).toEqual([held.spkiSha256, held.kept])
    for (const count of ['first', '{"n":2}']) await escrow.setStockCount(count)
    await openOn(await rows!.reopen())
    expect(await escrow.stockCount()).toBe('{"n":2}')
  })

  it('CGU-60: what is not kept is listed by itself, and the state of any key is told by its name', async () => {
    const inventory = await escrow.inventory()
    expect(new Set(inventory.map(({ state }) => state)).size).toBeGreaterThan(2)
    const unkept = inventory.filter(({ state }) => state !== 'kept')
    // Over a socket the inventory comes in the order of the names.
    expect([...(await escrow.unkept())].sort(byName)).toEqual(unkept.sort(byName))
    const names = inventory.map(({ spkiSha256 }) => spkiSha256)
    const states = new Map(inventory.map(({ spkiSha256, state }) => [spkiSha256, state]))
    expect(await escrow.statesOf([gone.replaceAll('-', ''), ...names])).toEqual(states)
    expect(await escrow.statesOf([])).toEqual(new Map())
  })

  it('CGU-41: a row is written against what was read, and no two have one serial', async () => {
    const { spkiSha256 } = await escrow.reserve(serial(3))
    const row = (await store.byKey(spkiSha256))!
    await refused(store.add(row), 'keyTaken')
    await refused(store.replace(row, { ...row, serial: serial(2) }), 'keyTaken')
    await refused(store.replace({ ...row, kek: gone }, row), 'rowSwapped')
    expect(await store.byKey(spkiSha256)).toEqual(row)
    expect((await store.countsByKek()).get(row.kek)).toBe((await store.inventory()).length)
    const named: string[] = []
    for await (const one of store.rows()) named.push(one.spkiSha256)
    expect(named).toEqual((await store.inventory()).map((one) => one.spkiSha256).sort())
    await escrow.discard(serial(3))
  })

  const reopenRows = async (): Promise<void> => openOn(await rows!.reopen())
  const moments = [async () => undefined, reopenRows]

  it('CGU-38, CGU-41: keys that are set aside, then kept, while they move to another KEK come back whole, at once and after a restart', async () => {
    const to = async (label: string): Promise<string> => (await keys!.escrowKek(label)).id
    const serials = [21, 22, 23, 24].map(serial)
    await escrow.fillStock(serials.length)
    const [first, second] = [await to('escrow-moved-1'), await to('escrow-moved-2')]
    const inStock = (await escrow.inventory()).filter(({ state }) => state === 'stock')
    const moves = inStock.map(({ spkiSha256 }) => escrow.rewrap(spkiSha256, first))
    const taken = await Promise.all(serials.map((of) => escrow.reserve(of)))
    await Promise.all(moves)
    expect(new Set(taken.map(({ spkiSha256 }) => spkiSha256)).size).toBe(serials.length)
    await Promise.all(
      taken.flatMap(({ spkiSha256 }, i) => {
        const acts = [
          () => escrow.keep({ serial: serials[i]!, person, ...term }),
          () => escrow.rewrap(spkiSha256, second),
        ]
        return (i % 2 === 0 ? acts : acts.reverse()).map((act) => act())
      }),
    )
    for (const moment of moments) {
      await moment()
      expect((await escrow.countsByKek()).get(second)).toBe(serials.length)
      for (const [i, { spkiSha256 }] of taken.entries())
        expect(spkiOf(await escrow.release(serials[i]!, spkiSha256))).toBe(spkiSha256)
    }
  })

  it('CGU-116: keys that are destroyed while they move to another KEK are nowhere, at once and after a restart', async () => {
    const { id: to } = await keys!.escrowKek('escrow-moved-3')
    const serials = [31, 32, 33, 34].map(serial)
    const doomed: string[] = []
    for (const of of serials) doomed.push((await escrow.reserve(of)).spkiSha256)
    const outcomes = await Promise.all(
      doomed.map(async (key, i) => {
        const acts = [() => escrow.rewrap(key, to), () => escrow.destroyKey(key)]
        const [one, other] = (i % 2 === 0 ? acts : acts.reverse()).map((act) => act())
        const [moved, destroyed] = i % 2 === 0 ? [one, other] : [other, one]
        if (i % 2 === 0) await moved
        else await refused(moved!, 'keyNotHeld')
        return destroyed
      }),
    )
    expect(outcomes).toEqual([1, 1, 1, 1])
    for (const moment of moments) {
      await moment()
      expect((await escrow.countsByKek()).get(to)).toBeUndefined()
      for (const [i, key] of doomed.entries())
        expect([await escrow.holds(key), await escrow.keyOf(serials[i]!)]).toEqual([false, undefined])
    }
  })

  it('CGU-38: a key that is asked for by two holders at once is kept for one of them', async () => {
    await escrow.reserve(serial(25))
    const asked = [person, other].map((of) => escrow.keep({ serial: serial(25), person: of, ...term }))
    const [first, second] = await Promise.allSettled(asked)
    expect([first!.status, second!.status]).toEqual(['fulfilled', 'rejected'])
    await refused(asked[1]!, 'keyTaken')
    expect((await store.bySerial(serial(25)))?.kept?.person).toBe(person)
  })

  describe('CGU-41', () => {
    const [a, b] = [serial(11), serial(12)]
    let [keyA, keyB] = ['', '']
    beforeAll(async () => {
      keyA = (await escrow.reserve(a)).spkiSha256
      keyB = (await escrow.reserve(b)).spkiSha256
      await escrow.keep({ serial: a, person, ...term })
    })
    const stays = async (): Promise<void> => {
      expect(spkiOf(await escrow.release(a, keyA))).toBe(keyA)
      expect((await store.byKey(keyB))?.state).toBe('reserved')
    }
    /** Neither in clear nor for a card. */
    const nothing = async (of: string, key: string, code: KeyFaultCode): Promise<void> => {
      await refused(escrow.release(of, key), code)
      await refused(escrow.releaseTo(of, transport.publicKey, key), code)
    }
    const keepB = (): Promise<unknown> => escrow.keep({ serial: b, person, ...term })

    it.each([
      ['the person', { person: other }],
      ['the end of the term', { until: '2026-03-03T09:00:00Z' }],
      ['the digest of the blob', { blobSha256: '0'.repeat(64) }],
      ['the MAC', { recordMac: '0'.repeat(64) }],
      ['the length of the MAC', { recordMac: '00' }],
    ])('a record in which %s was changed: nothing is delivered', async (_, change) => {
      await withRow(
        keyA,
        (row) => ({ ...row, kept: { ...row.kept!, ...change } }),
        () => nothing(a, keyA, 'recordChanged'),
      )
      await stays()
    })

    it('CGU-43: for a card it goes out under the transport key of the card alone, and OpenSSL opens it with that', async () => {
      const [one, two] = [
        await escrow.releaseTo(a, transport.publicKey),
        await escrow.releaseTo(a, transport.publicKey),
      ]
      expect(Buffer.from(one.blob)).not.toEqual(Buffer.from(two.blob))
      const readers = openReaders()
      const [key, sealed] = [
        readers.file('transport.der', transport.privateKey),
        readers.file('sealed', one.transport),
      ]
      const how = ['-decrypt', '-inkey', key, '-keyform', 'DER', '-in', sealed, '-out', `${sealed}.aes`]
      await readers.run('openssl', 'pkeyutl', ...how, '-pkeyopt', 'rsa_padding_mode:oaep')
      const aes = readers.read(`${sealed}.aes`)
      readers.close()
      expect(aes).toHaveLength(32)
      const unwrap = createDecipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'))
      const clear = Buffer.concat([unwrap.update(one.blob), unwrap.final()])
      expect(spkiOf(clear)).toBe(keyA)
      // RFC 5649: what is behind the DER are zeros of a module.
      const der = 4 + clear.readUInt16BE(2)
      expect(clear.length - der).toBeLessThan(8)
      expect(clear.subarray(der)).toEqual(Buffer.alloc(clear.length - der))
    })

    it('CGU-43: under what is no transport key nothing goes out', async () => {
      const spki = { type: 'spki', format: 'der' } as const
      const refusedKeys = [
        generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export(spki),
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export(spki),
        generateKeyPairSync('x25519').publicKey.export(spki),
        Buffer.from(transport.publicKey).subarray(0, -1),
        transport.privateKey,
        randomBytes(294),
        Buffer.alloc(0),
      ]
      for (const key of refusedKeys) await refused(escrow.releaseTo(a, key), 'transportKeyUnusable')
      await refused(escrow.releaseTo(serial(99), transport.publicKey), 'keyNotHeld')
      await refused(escrow.releaseTo(b, transport.publicKey), 'keyNotHeld')
      await stays()
    })

    it('rows that were swapped: nothing is delivered under the serial of another', async () => {
      await withRow(
        keyB,
        (row) => ({ ...row, serial: serial(13) }),
        () =>
          withRow(
            keyA,
            (row) => ({ ...row, serial: b }),
            () => nothing(b, keyB, 'rowSwapped'),
          ),
      )
      await stays()
    })

    it('a certificate that does not match: nothing is delivered', async () => {
      await nothing(a, keyB, 'certificateMismatch')
      await stays()
    })

    it('a key that was exchanged for another one’s: it is neither delivered nor kept', async () => {
      const [one, two] = [(await store.byKey(keyA))!, (await store.byKey(keyB))!]
      const whole = { octets: 1 }
      await withRow(
        keyA,
        (row) => ({ ...row, blob: two.blob, ...whole }),
        () => nothing(a, keyA, 'keyMismatch'),
      )
      await withRow(
        keyB,
        (row) => ({ ...row, blob: one.blob, ...whole }),
        () => refused(keepB(), 'keyMismatch'),
      )
      await stays()
    })

    it('a public half that was exchanged is not handed out to be certified', async () => {
      const { spki } = (await store.byKey(keyA))!
      await withRow(
        keyB,
        (row) => ({ ...row, spki }),
        () => refused(escrow.reserve(b), 'publicKeyChanged'),
      )
      expect((await escrow.reserve(b)).spkiSha256).toBe(keyB)
    })

    it('CGU-38, CGU-41: a key set aside that says it is kept is not: no certificate on a record that nobody made', async () => {
      const facts = { person, testedAt: now(), ...term }
      const [{ blob: old }, later] = [(await store.byKey(keyB))!, '2096-03-02T09:00:00Z']
      const [blob, mac] = [Buffer.from(old).fill(0, 8, 64), '0'.repeat(64)]
      const said = (more: object) => ({ ...facts, blobSha256: sha256(old), recordMac: mac, ...more })
      for (const change of [
        { kept: said({}) },
        { blob, kept: said({ blobSha256: sha256(blob) }) },
        { kept: said({ until: later, recordMac: (await store.byKey(keyA))!.kept!.recordMac }) },
        { kept: said({ person: other }) },
      ])
        await withRow(
          keyB,
          (row) => ({ ...row, state: 'kept', ...change }),
          () => refused(keepB(), 'recordChanged'),
        )
      await stays()
    })

    it('CGU-38: what is kept already is answered again only while it is what was proved', async () => {
      const record = await escrow.keep({ serial: a, person, ...term })
      const keepA = (): Promise<unknown> => escrow.keep({ serial: a, person, ...term })
      for (const [change, code] of [
        [{ tested: { at: now(), mac: '0'.repeat(64) } }, 'blobChanged'],
        [{ spki: (await store.byKey(keyB))!.spki }, 'publicKeyChanged'],
        [{ blob: (await store.byKey(keyB))!.blob, octets: 1 }, 'keyMismatch'],
      ] as const)
        await withRow(
          keyA,
          (row) => ({ ...row, ...change }),
          () => refused(keepA(), code),
        )
      expect(await keepA()).toEqual(record)
      await stays()
    })

    it.each(spoilt)('a wrapped key %s is neither delivered nor kept', async (_, spoil) => {
      const code = spoil(Buffer.alloc(1800)).length < 1800 ? 'blobTruncated' : 'blobOfAnotherVault'
      const spoilRow = (row: EscrowRow): EscrowRow => ({ ...row, blob: spoil(row.blob) })
      await withRow(keyA, spoilRow, () => nothing(a, keyA, code))
      await withRow(keyB, spoilRow, () => refused(keepB(), code))
      await stays()
    })

    it('a key wrapped in another vault, or under a KEK that is gone, is neither delivered nor kept', async () => {
      const foreign = await keys!.escrowKek('escrow-elsewhere')
      const blob = await foreign.adopt(await source())
      for (const change of [{ blob, octets: 1 }, { kek: foreign.id }, { kek: gone }])
        await withRow(
          keyB,
          (row) => ({ ...row, ...change }),
          () => refused(keepB(), 'blobOfAnotherVault'),
        )
      await withRow(
        keyA,
        (row) => ({ ...row, kek: gone, blob, kept: { ...row.kept!, blobSha256: sha256(blob) } }),
        () => refused(escrow.release(a, keyA), 'blobOfAnotherVault'),
      )
      await stays()
      await keepB()
      expect(spkiOf(await escrow.release(b, keyB))).toBe(keyB)
    })

    it('a key moves to another KEK, whole, under a MAC of its own; the first KEK goes once nothing lies under it', async () => {
      const [row, from] = [(await store.byKey(keyA))!, await escrow.currentKek()]
      await escrow.retireKek(from.id)
      const to = await escrow.currentKek()
      expect(to.id).not.toBe(from.id)
      await refused(escrow.destroyKek(from.id), 'kekNeeded')
      for await (const { spkiSha256 } of escrow.rows()) {
        const [moved, again] = [
          await escrow.rewrap(spkiSha256, to.id),
          await escrow.rewrap(spkiSha256, to.id),
        ]
        expect(again).toEqual(moved)
      }
      const after = (await store.byKey(keyA))!
      expect(after.kek).toBe(to.id)
      expect(after.blob.equals(row.blob)).toBe(false)
      expect(after.kept!.recordMac).not.toBe(row.kept!.recordMac)
      expect(spkiOf(await escrow.release(a, keyA))).toBe(keyA)
      const restore = await place!.backup()
      // That there is no such key: any other answer says nothing of it.
      const gone = /^(KEY_NOT_FOUND|CKR_\w*HANDLE_INVALID)$/
      expect((await escrow.destroyKek(from.id)).failedUseCode).toMatch(gone)
      expect((await escrow.destroyKek(from.id)).failedUseCode).toMatch(gone)
      expect(await escrow.destroyKeksAgain()).toEqual([])
      // None is made in its place: the one that took it over stays.
      expect((await escrow.currentKek()).id).toBe(to.id)
      // CGU-116: a token that comes back from a backup has the KEK again, and loses it before anything is served.
      keys = await restore()
      await keys.escrowKekById(from.id)
      await openOn(store)
      expect(await escrow.destroyKeksAgain()).toEqual([from.id])
      await expect(keys.escrowKekById(from.id)).rejects.toMatchObject({ code: 'kekMissing' })
      await openOn(await rows!.reopen())
      expect((await escrow.keks()).get(from.id)).toBe('destroyed')
      expect(spkiOf(await escrow.release(a, keyA))).toBe(keyA)
      // A row that comes back from a backup cannot be opened by anybody.
      await withRow(
        keyB,
        (present) => ({ ...row, spkiSha256: keyB, serial: b, spki: present.spki }),
        () => refused(escrow.release(b, keyB), 'blobOfAnotherVault'),
      )
    })

    it('CGU-38: under a KEK that has gone since its keys were proved none is kept, and none of the stock set aside', async () => {
      const [set, next] = [serial(41), serial(42)]
      const { spkiSha256 } = await escrow.reserve(set)
      await escrow.fillStock(2)
      const { kek } = (await store.byKey(spkiSha256))!
      // As with a token that comes back from before it.
      await keys!.destroyEscrowKek(kek)
      await refused(escrow.keep({ serial: set, person, ...term }), 'kekMissing')
      expect((await store.byKey(spkiSha256))?.state).toBe('reserved')
      const fresh = (await escrow.reserve(next)).spkiSha256
      expect((await store.byKey(fresh))!.kek).not.toBe(kek)
      await escrow.keep({ serial: next, person, ...term })
      expect(spkiOf(await escrow.release(next, fresh))).toBe(fresh)
    })

    it('CGU-116: a key that was destroyed is nowhere any more', async () => {
      expect(await escrow.keyOf(a)).toBe(keyA)
      expect([await escrow.destroyKey(keyA), await escrow.destroyKey(keyA)]).toEqual([1, 0])
      expect(await escrow.keyOf(a)).toBeUndefined()
      await refused(escrow.release(a, keyA), 'keyNotHeld')
      await openOn(await rows!.reopen())
      await refused(escrow.release(a, keyA), 'keyNotHeld')
    })
  })
}
