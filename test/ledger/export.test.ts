// The exported ledger: what a file of it must be, and how it goes into an event store, cut off anywhere.
import { createHash, generateKeyPairSync, sign as signWith } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeAny } from '../../domain/aggregates.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openEventStoreDb } from '../../ledger/eventstoredb.ts'
import { exportLedger, type Exporting } from '../../ledger/export.ts'
import { noteOf, openDigest, type ExportedEvent } from '../../ledger/exportFormat.ts'
import { importLedger, type Imported } from '../../ledger/importLedger.ts'
import { importOf, requireWhole } from '../../ledger/importMark.ts'
import { leafHash, leafRecord } from '../../ledger/leaf.ts'
import { createMerkleTree } from '../../ledger/merkle.ts'
import { checkExport, type ReadingExport } from '../../ledger/readExport.ts'
import type { EventStore, RecordedEvent } from '../../ledger/store.ts'
import { temporaryDirectory } from '../hsm/custody.ts'
import { openNode } from '../support/eventstoredb/openNode.ts'
import { log, memoryKeys, openFilled, revoked, uuid } from './filled.ts'
import { openListStore } from './listStore.ts'

const reading: ReadingExport = { log, decode: decodeAny }
const exporting: Exporting = { ...reading, policy: 2, release: 'test' }

const exported = async (store: EventStore, more: Partial<Exporting> = {}): Promise<readonly string[]> => {
  const lines: string[] = []
  for await (const line of exportLedger(store, { ...exporting, ...more })) lines.push(line)
  return lines
}
const fileOf = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''))
/** In pieces that end anywhere. */
const pieces = (file: Buffer, size = 100) =>
  async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
  }
const check = (file: Buffer, more: Partial<ReadingExport> = {}, size?: number) =>
  checkExport(pieces(file, size)(), { ...reading, ...more })
const verdict = (file: Buffer, more: Partial<ReadingExport> = {}): Promise<string> =>
  check(file, more).then(
    () => 'whole',
    (error: unknown) => String(error),
  )

let source: RecordedEvent[]
let lines: readonly string[]
let file: Buffer
let head: Readonly<{ size: number; root: string }>
let scratch: string

beforeAll(async () => {
  source = []
  await openFilled(openListStore(source), memoryKeys(), 4)
  lines = await exported(openListStore([...source]))
  file = fileOf(lines)
  const { size, root } = (await check(file)).head
  head = { size, root }
  scratch = await temporaryDirectory()
})
afterAll(() => rm(scratch, { recursive: true }))

const eventAt = (n: number): ExportedEvent['entry'] & { idx: number; leafHash: string } =>
  JSON.parse(lines[n + 1]!) as ReturnType<typeof eventAt>

describe('the file', () => {
  it('proofs 4: each event as it is stored, with rank and leaf hash, from which the root can be made again', async () => {
    const tree = createMerkleTree()
    for (const [n, record] of source.entries()) {
      const { idx, leafHash: hash, body, ...entry } = eventAt(n)
      expect([idx, entry.id, entry.revision]).toEqual([n, record.id, record.revision])
      expect(Buffer.from(JSON.stringify(body)).equals(record.data)).toBe(true)
      expect(leafHash(leafRecord(log, { ...entry, body })).toString('hex')).toBe(hash)
      tree.append(Buffer.from(hash, 'hex'))
    }
    expect([source.length, tree.root().toString('hex')]).toEqual([head.size, head.root])
    expect(await exported(openListStore([...source]))).toEqual(lines)
  })

  it('its digest is that of what stands before it, as `head -c -78 | sha256sum` gives it', async () => {
    const digest = createHash('sha256').update(file.subarray(0, -78)).digest('hex')
    expect(file.subarray(-78).toString()).toBe(`,"sha256":"${digest}"}\n`)
    expect((await check(file)).sha256).toBe(digest)
  })

  it('what comes while it is written is of the next export; a damaged ledger makes none', async () => {
    const records = [...source]
    const store = openListStore(records)
    const lineByLine = exportLedger(store, exporting)
    const before = [(await lineByLine.next()).value as string]
    const { ledger } = await openFilled(store)
    await ledger.append('certificate-4' + '9'.repeat(31), [revoked(9)], 'no_stream')
    for await (const line of lineByLine) before.push(line)
    expect(before).toEqual(lines)
    expect(await exported(store)).toHaveLength(lines.length + 1)

    const bad = source.map((one, n) =>
      n === 5 ? { ...one, data: Buffer.concat([one.data, Buffer.from(' ')]) } : one,
    )
    await expect(exported(openListStore(bad))).rejects.toThrow(
      'event 5 of the ledger: the body is not in canonical form',
    )
  })

  it('an empty ledger has a file too', async () => {
    const nothing = fileOf(await exported(openListStore([])))
    expect((await check(nothing)).head.size).toBe(0)
  })
})

/** With other lines, and a closing line that fits them. */
const closedAnew = (changed: readonly string[], closing: object = {}): Buffer => {
  const digest = openDigest()
  const body = changed.slice(0, -1)
  body.forEach((line) => digest.line(line))
  const last = JSON.parse(changed.at(-1)!) as typeof head
  return fileOf([...body, digest.closing({ ...last, ...closing })])
}
const swapped = (a: number, b: number): readonly string[] =>
  lines.map((line, n) => (n === a ? lines[b]! : n === b ? lines[a]! : line))
const changed = (n: number, change: (line: string) => string): readonly string[] =>
  lines.map((line, at) => (at === n ? change(line) : line))
const flipped = (text: string): string =>
  text.replace(/[0-9a-f](?=")/, (digit) => (digit === '0' ? '1' : '0'))

describe('a bad file is refused, in words of its own', () => {
  it.each<[string, () => Buffer, string]>([
    ['empty', () => Buffer.alloc(0), 'the file is empty'],
    ['no JSON', () => Buffer.from('hello\n'), 'line 1: this is not the header'],
    ['no header', () => fileOf(lines.slice(1)), 'line 1: this is not the header'],
    [
      'another version of the form',
      () => closedAnew(changed(0, (line) => line.replace('ledger/1', 'ledger/2'))),
      'line 1: the form of the file is not one that this release reads, which is grand-livre-ledger/1',
    ],
    [
      'another log',
      () => closedAnew(changed(0, (line) => line.replace(log, 'other.example/registre/1'))),
      `line 1: the file is of another log than ${log}`,
    ],
    [
      'a bit of the release',
      () => fileOf(changed(0, (line) => line.replace('"test"', '"tesu"'))),
      'its SHA-256 is not',
    ],
    [
      'a bit of a date',
      () => fileOf(changed(3, (line) => line.replace('"1970', '"1971'))),
      'its SHA-256 is not',
    ],
    [
      'a leaf hash',
      () => fileOf(changed(3, (line) => line.replace(/.(?="}$)/, (c) => (c === '0' ? '1' : '0')))),
      'line 4: its leaf hash',
    ],
    [
      'a body',
      () => fileOf(changed(1, (line) => line.replace('"session":1', '"session":2'))),
      'line 2: its leaf hash',
    ],
    [
      'an id',
      () => fileOf(changed(3, (line) => line.replace(/"id":"./, '"id":"f'))),
      'line 4: its leaf hash',
    ],
    [
      'a blank',
      () => fileOf(changed(3, (line) => line.replace(':', ': '))),
      'line 4: this is not an event as',
    ],
    [
      'a member more',
      () => fileOf(changed(3, (line) => line.replace('{', '{"x":1,'))),
      'line 4: this is not an event as',
    ],
    [
      'not UTF-8',
      () => Buffer.concat([file.subarray(0, 400), Buffer.of(0xff), file.subarray(401)]),
      'it is not UTF-8',
    ],
    ['lines swapped', () => fileOf(swapped(4, 5)), 'line 5: event 4 stands where event 3 has to'],
    ['one missing', () => fileOf(lines.toSpliced(4, 1)), 'line 5: event 4 stands where event 3 has to'],
    [
      'one doubled',
      () => fileOf(lines.toSpliced(4, 0, lines[4]!)),
      'line 6: event 3 stands where event 4 has to',
    ],
    [
      'the last one missing',
      () => fileOf(lines.toSpliced(-2, 1)),
      `line 13: the file closes after 11 of 12 events`,
    ],
    ['cut off in a line', () => file.subarray(0, -300), 'it has no end: the file was cut off here'],
    [
      'cut off between lines',
      () => fileOf(lines.slice(0, 7)),
      'the file ends after 6 of 12 events: it was cut off',
    ],
    ['without its closing line', () => fileOf(lines.slice(0, -1)), 'the file ends after 12 of 12 events'],
    ['with something behind', () => fileOf([...lines, lines.at(-1)!]), 'line 15: something stands behind'],
    [
      'a root',
      () => closedAnew(lines, { root: '0'.repeat(64) }),
      'line 14: its root is not the one of the events',
    ],
    ['a count', () => closedAnew(lines, { size: 13 }), 'line 14: it closes 13 events, and there were 12'],
    [
      'a closing line that is none',
      () => fileOf(changed(13, () => '{}')),
      'line 14: this is not the closing line',
    ],
    [
      'a line without end',
      () => Buffer.concat([fileOf([lines[0]!]), Buffer.alloc(3_000_000, 0x20)]),
      'line 2: it is longer',
    ],
  ])('%s', async (_, make, message) => {
    expect(await verdict(make())).toMatch(/^ExportFault: /)
    expect(await verdict(make())).toContain(message)
  })

  it('events put in another order, everything computed anew: the root is not the one that was kept', async () => {
    const at = [3, 6].map((n) => ({ ...(JSON.parse(lines[n]!) as ExportedEvent) }))
    const [a, b] = [
      { ...at[1]!, idx: at[0]!.idx },
      { ...at[0]!, idx: at[1]!.idx },
    ]
    const other = lines.map((line, n) => (n === 3 ? JSON.stringify(a) : n === 6 ? JSON.stringify(b) : line))
    const tree = createMerkleTree()
    for (const line of other.slice(1, -1))
      tree.append(Buffer.from((JSON.parse(line) as ExportedEvent).leafHash, 'hex'))
    const forged = closedAnew(other, { root: tree.root().toString('hex') })
    expect(await verdict(forged)).toBe('whole')
    expect(await verdict(forged, { known: [head] })).toContain(
      'the tree of 12 events is not the one whose root',
    )
    expect(await verdict(file, { known: [{ size: 13, root: head.root }] })).toContain(
      'known to hold 13 events',
    )
  })

  it('one bit, anywhere: never whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length * 8 - 1), async (bit) => {
        const other = Buffer.from(file)
        other[bit >> 3]! ^= 1 << (bit & 7)
        expect(await verdict(other)).toMatch(/^ExportFault: /)
      }),
      { seed: 6, numRuns: 150 },
    )
  })

  it('whatever the pieces, the file is the same', async () => {
    for (const size of [1, 7, 4096, file.length]) expect((await check(file, {}, size)).head).toEqual(head)
  })
})

describe('the signature of the head (proofs 1.2)', () => {
  const pair = (): ReturnType<typeof generateKeyPairSync> =>
    generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const keyId = (key: ReturnType<typeof pair>['publicKey']): string =>
    createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('hex')
  const signedBy = async ({ privateKey, publicKey }: ReturnType<typeof pair>, of = (note: string) => note) =>
    fileOf(
      await exported(openListStore([...source]), {
        sign: async (note) => ({
          key: keyId(publicKey),
          value: signWith('sha384', Buffer.from(of(note)), privateKey).toString('base64'),
        }),
      }),
    )

  it('is over log, size and root; another key, another head, or none is refused where a key is given', async () => {
    const [ours, other] = [pair(), pair()]
    const signed = await signedBy(ours)
    expect((await check(signed, { logKey: ours.publicKey })).head).toMatchObject(head)
    expect(await verdict(signed)).toBe('whole')
    expect(await verdict(signed, { logKey: other.publicKey })).toContain('signed by another key')
    const wrong = await signedBy(ours, () => noteOf(log, { ...head, size: 11 }))
    expect(await verdict(wrong, { logKey: ours.publicKey })).toContain('is not one of the key over log, size')
    expect(await verdict(file, { logKey: ours.publicKey })).toContain('is not signed, and a key was given')
  })
})

type Place = Readonly<{ store: EventStore; reopen: () => Promise<EventStore>; close: () => Promise<unknown> }>
let places = 0
const openPlace = {
  embedded: async (): Promise<Place> => {
    const path = join(scratch, `${(places += 1)}`)
    let store = await openEmbeddedStore({ path })
    const reopen = async (): Promise<EventStore> => {
      await store.close()
      return (store = await openEmbeddedStore({ path }))
    }
    return { store, reopen, close: () => store.close() }
  },
  EventStoreDB: async (): Promise<Place> => {
    const node = await openNode()
    const { connectionString } = node
    let store = await openEventStoreDb({ connectionString })
    const reopen = async (): Promise<EventStore> => {
      await store.close()
      return (store = await openEventStoreDb({ connectionString }))
    }
    return { store, reopen, close: () => store.close().then(node.close) }
  },
} as const

class Cut extends Error {}

/** Fails from the append number `at` on, as if the process had gone: before it is written, or after, its answer lost. */
const cutAt = (store: EventStore, at: number, written: boolean): EventStore => {
  let count = 0
  return {
    ...store,
    append: async (...asked) => {
      count += 1
      if (count > at || (count === at && !written)) throw new Cut()
      const appended = await store.append(...asked)
      if (count >= at) throw new Cut()
      return appended
    },
  }
}

const importInto = (store: EventStore, from = file, atOnce = 1): Promise<Imported> =>
  importLedger(store, pieces(from), { ...reading, atOnce })
const refusal = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    (error: unknown) => String(error),
  )

describe.each(['embedded', 'EventStoreDB'] as const)('import, %s', (kind) => {
  const atOnce = kind === 'embedded' ? 256 : 1

  it('gives the same ledger, whose export is the same but for the dates of the store', async () => {
    const place = await openPlace[kind]()
    const { resumedAt, appended, verified } = await importInto(place.store, file, atOnce)
    expect([resumedAt, appended, verified.found]).toEqual([0, 12, 0])
    expect({ size: verified.size, root: verified.root }).toEqual(head)
    await requireWhole(place.store)
    const undated = (all: readonly string[]): readonly string[] =>
      all.slice(0, -1).map((line) => line.replace(/"created":"[^"]*"/, ''))
    expect(undated(await exported(place.store))).toEqual(undated(lines))
    expect(await refusal(importInto(place.store))).toMatch(
      /^ImportRefused: .* a file of 12 events was imported/,
    )
    await place.close()
  })

  it('cut off at any append, it goes on where it stopped; until then nobody reads the ledger', async () => {
    for (const written of [false, true])
      // The mark, eight appends of twelve events, and the end.
      for (let at = written ? 1 : 2; at <= (written ? 9 : 10); at += kind === 'embedded' ? 2 : 4) {
        const place = await openPlace[kind]()
        await expect(importInto(cutAt(place.store, at, written), file)).rejects.toThrow(Cut)
        const again = await place.reopen()
        await expect(requireWhole(again)).rejects.toThrow('has not ended')
        const { resumedAt, appended, verified } = await importInto(again, file, atOnce)
        expect([resumedAt + appended, verified.found, verified.root]).toEqual([12, 0, head.root])
        expect((await importOf(again))?.ended).toBe(true)
        await place.close()
      }
  })

  it('a ledger that holds anything else is refused, and left as it is', async () => {
    const place = await openPlace[kind]()
    await openFilled(place.store, memoryKeys(), 1)
    const before = await exported(place.store)
    expect(await refusal(importInto(place.store))).toMatch(
      /^ImportRefused: the ledger is not empty: an import/,
    )
    expect(await exported(place.store)).toEqual(before)
    await place.close()
  })
})

describe('import', () => {
  it('a bad file writes nothing, not even that it was begun', async () => {
    const records: RecordedEvent[] = []
    const bad = fileOf(changed(12, flipped))
    expect(await refusal(importInto(openListStore(records), bad))).toMatch(/^ExportFault: line 13: /)
    expect(records).toEqual([])
  })

  it('the unfinished import of another file is refused, and so is a ledger that is not its beginning', async () => {
    const records: RecordedEvent[] = []
    const store = openListStore(records)
    await expect(importInto(cutAt(store, 6, false))).rejects.toThrow(Cut)
    const shorter = fileOf(await exported(openListStore(source.slice(0, 8))))
    expect(await refusal(importInto(store, shorter))).toMatch(
      /^ImportRefused: .* import of another file, of 12 events/,
    )
    records[3] = { ...records[3]!, id: records[2]!.id }
    expect(await refusal(importInto(store))).toBe(
      'ImportRefused: event 2 of the ledger is not the one of the file',
    )
  })

  it('a file that is changed between the two readings ends nothing', async () => {
    const records: RecordedEvent[] = []
    const store = openListStore(records)
    let times = 0
    const other = closedAnew(changed(0, (line) => line.replace('"test"', '"tesu"')))
    const open = () => pieces((times += 1) === 1 ? file : other)()
    expect(await refusal(importLedger(store, open, { ...reading, atOnce: 1 }))).toBe(
      'ExportFault: the file was changed while it was imported',
    )
    await expect(requireWhole(store)).rejects.toThrow('has not ended')
  })

  it('events of one stream that follow one another go in one append, as much as an append may hold', async () => {
    const asked: number[] = []
    const store = openListStore([])
    const many = manyOf(601)
    await importLedger(
      {
        ...store,
        append: (stream, events, expected) => {
          if (stream !== 'import-ledger') asked.push(events.length)
          return store.append(stream, events, expected)
        },
      },
      pieces(fileOf(await exported(openListStore(many), { decode: () => undefined })), 65_536),
      { ...reading, decode: () => undefined, atOnce: 1 },
    )
    expect(asked).toEqual([500, 101])
  })
})

/** One stream of as many events, each with an id of its own. */
function manyOf(count: number): RecordedEvent[] {
  const first = source[0]!
  return Array.from({ length: count }, (_, n) => ({
    ...first,
    ...{ revision: n, id: uuid(n), position: { commit: BigInt(n + 1), prepare: BigInt(n + 1) } },
  }))
}
