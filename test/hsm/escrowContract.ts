// The escrow (CGU-38, CGU-41) over keys of either kind: what somebody changes in its records, he gets nothing for.
import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEscrow, type SoftwareEscrow } from '../../hsm/escrow.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import { openRecordStore, type RecordStore } from '../../hsm/recordStore.ts'
import { makePair } from '../../hsm/wrappedKey.ts'
import type { ClearPair } from '../../hsm/wrapping.ts'
import { openReaders } from '../pki/readers.ts'
import { anyPair, holderKeys } from '../support/holderKeys.ts'
import { now, removeDirectory, sha256, temporaryDirectory } from './custody.ts'
import { spoilt, type Keys, type KeysPlace } from './keysContract.ts'

const term = { from: '2026-03-02T09:00:00Z', until: '2036-03-02T09:00:00Z' }
const person = '1670f849-a893-45b8-b5ff-8d4d80e6780e'
const other = '8f0cbb0b-4b0e-4ab5-9a4e-6f6f1c1f7e55'
const serial = (n: number): string => `4${String(n).padStart(31, '0')}`

type Row = Record<string, unknown>

export const escrowContract = (open: () => Promise<KeysPlace>): void => {
  let [place, keys, directory]: [KeysPlace?, Keys?, string?] = []
  let store: RecordStore
  let escrow: SoftwareEscrow
  let vaultKey: Buffer
  let transport: ClearPair
  const source = holderKeys()
  const openAll = async (): Promise<void> => {
    store = await openRecordStore({ path: join(directory!, 'escrow.records'), key: vaultKey })
    escrow = await openEscrow(store, { keys: keys!, now, holderKeys: source })
  }
  beforeAll(async () => {
    directory = await temporaryDirectory()
    place = await open()
    keys = place.keys
    vaultKey = randomBytes(32)
    transport = anyPair() ?? (await makePair())
    await openAll()
  })
  afterAll(async () => {
    await store.close()
    await place!.remove()
    await removeDirectory(directory!)
  })

  const read = (name: string): Row => JSON.parse(store.get(name)!.toString('utf8')) as Row
  const write = (name: string, row: Row): Promise<void> => store.put(name, Buffer.from(JSON.stringify(row)))
  /** Somebody who can write the vault changes a row; afterwards it is as it was. */
  const withRow = async (name: string, to: (row: Row) => Row, act: () => Promise<void>): Promise<void> => {
    const before = read(name)
    await write(name, to(structuredClone(before)))
    try {
      await act()
    } finally {
      await write(name, before)
    }
  }
  const spkiOf = (pkcs8: Uint8Array): string =>
    sha256(
      createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })).export({
        ...{ type: 'spki', format: 'der' },
      }),
    )

  it('CGU-38: a key is set aside, kept once it is proved, and comes back whole after everything was closed', async () => {
    const own = await openEscrow(store, { keys: keys!, now })
    const [one, again] = await Promise.all([own.reserve(serial(1)), own.reserve(serial(1))])
    expect(again).toEqual(one)
    expect(sha256(one.spki)).toBe(one.spkiSha256)
    await expect(own.release(serial(1))).rejects.toThrow(KeyFault)
    const record = await own.keep({ serial: serial(1), person, ...term })
    expect(await own.keep({ serial: serial(1), person, ...term })).toEqual(record)
    await expect(own.keep({ serial: serial(1), person: other, ...term })).rejects.toThrow(KeyFault)
    await store.close()
    keys = await place!.reopen()
    await openAll()
    expect(await escrow.reserve(serial(1))).toEqual(one)
    expect(spkiOf(await escrow.release(serial(1)))).toBe(one.spkiSha256)
    await expect(escrow.discard(serial(1))).rejects.toThrow(KeyFault)
  })

  it('CGU-60: a key given up is not lost, and is never set aside again', async () => {
    const first = await escrow.reserve(serial(2))
    await escrow.discard(serial(2))
    const second = await escrow.reserve(serial(2))
    expect(second.spkiSha256).not.toBe(first.spkiSha256)
    expect(await escrow.inventory()).toContainEqual({
      ...{ spkiSha256: first.spkiSha256, kept: false, state: 'discarded' },
    })
    await expect(escrow.keep({ serial: serial(9), person, ...term })).rejects.toThrow(KeyFault)
  })

  describe('CGU-41', () => {
    const [a, b] = [serial(11), serial(12)]
    let keyOf: Readonly<Record<string, string>>
    beforeAll(async () => {
      const [one, two] = [await escrow.reserve(a), await escrow.reserve(b)]
      keyOf = { [a]: one.spkiSha256, [b]: two.spkiSha256 }
      await escrow.keep({ serial: a, person, ...term })
    })

    /** Nothing comes out, and the fault names neither key nor blob. */
    const refused = async (act: Promise<unknown>): Promise<void> => {
      const fault = await act.then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(fault).toBeInstanceOf(KeyFault)
      expect((fault as Error).message).not.toMatch(/[0-9a-f]{64}|[A-Za-z0-9+/]{40}/)
    }
    /** Neither in clear nor for a card. */
    const nothing = async (of: string): Promise<void> => {
      await refused(escrow.release(of))
      await refused(escrow.releaseTo(of, transport.publicKey))
    }
    const keptWith = (row: Row, change: Row): Row => ({
      ...row,
      kept: { ...(row['kept'] as Row), ...change },
    })

    it.each([
      ['the person', { person: other }],
      ['the end of the term', { until: '2026-03-03T09:00:00Z' }],
      ['the KEK', { kek: '00000000-0000-4000-8000-00000000dead' }],
      ['the digest of the blob', { blobSha256: '0'.repeat(64) }],
      ['the MAC', { recordMac: '0'.repeat(64) }],
      ['the length of the MAC', { recordMac: '' }],
    ])('a record in which %s was changed: nothing is delivered', async (_, change) => {
      await withRow(
        `serial/${a}`,
        (row) => keptWith(row, change),
        () => nothing(a),
      )
      expect(spkiOf(await escrow.release(a))).toBe(keyOf[a])
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
      expect(spkiOf(clear)).toBe(keyOf[a])
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
      for (const key of refusedKeys) await refused(escrow.releaseTo(a, key))
      await refused(escrow.releaseTo(serial(99), transport.publicKey))
      await refused(escrow.releaseTo(b, transport.publicKey))
      expect(spkiOf(await escrow.release(a))).toBe(keyOf[a])
    })

    it('rows that were swapped: nothing is delivered under the serial of another', async () => {
      const row = read(`serial/${a}`)
      await withRow(
        `serial/${b}`,
        () => row,
        () => nothing(b),
      )
      const toOther = (own: Row): Row => ({ ...own, spkiSha256: keyOf[b] })
      await withRow(`serial/${a}`, toOther, () => nothing(a))
    })

    it('a key that was exchanged for another one’s: it is neither delivered nor kept', async () => {
      const [one, two] = [read(`key/${keyOf[a]}`), read(`key/${keyOf[b]}`)]
      await withRow(
        `key/${keyOf[a]}`,
        () => two,
        () => nothing(a),
      )
      const asOther = (own: Row): Row => ({ ...own, blob: one['blob'] })
      await withRow(`key/${keyOf[b]}`, asOther, () => refused(escrow.keep({ serial: b, person, ...term })))
      expect(read(`serial/${b}`)).toEqual({ spkiSha256: keyOf[b] })
    })

    it('a public half that was exchanged is not handed out to be certified', async () => {
      const { spki } = read(`key/${keyOf[a]}`)
      const asOther = (own: Row): Row => ({ ...own, spki })
      await withRow(`key/${keyOf[b]}`, asOther, () => refused(escrow.reserve(b)))
      expect((await escrow.reserve(b)).spkiSha256).toBe(keyOf[b])
    })

    it.each(spoilt)('a wrapped key %s is neither delivered nor kept', async (_, spoil) => {
      const spoilRow = (row: Row): Row => ({
        ...row,
        blob: spoil(Buffer.from(row['blob'] as string, 'base64')).toString('base64'),
      })
      await withRow(`key/${keyOf[a]}`, spoilRow, () => nothing(a))
      await withRow(`key/${keyOf[b]}`, spoilRow, () => refused(escrow.keep({ serial: b, person, ...term })))
      expect(read(`serial/${b}`)).toEqual({ spkiSha256: keyOf[b] })
    })

    it('a key wrapped in another vault, or under a KEK that is gone, is neither delivered nor kept', async () => {
      const foreign = await keys!.escrowKek('escrow-elsewhere')
      const pair = await source()
      const blob = (await foreign.adopt(pair)).toString('base64')
      for (const change of [{ blob }, { kek: foreign.id }, { kek: '00000000-0000-4000-8000-00000000dead' }]) {
        const to = (row: Row): Row => ({ ...row, ...change })
        await withRow(`key/${keyOf[b]}`, to, () => refused(escrow.keep({ serial: b, person, ...term })))
      }
      expect(read(`serial/${b}`)).toEqual({ spkiSha256: keyOf[b] })
      await escrow.keep({ serial: b, person, ...term })
      expect(spkiOf(await escrow.release(b))).toBe(keyOf[b])
    })
  })
}
