import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import fc from 'fast-check'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { openTables } from '../../ledger/embedded/tables.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import {
  type EventStore,
  type Expected,
  LedgerFault,
  type Proposed,
  type RecordedEvent,
} from '../../ledger/store.ts'
import { namespaces, noSmallDisk, onSmallDisk } from '../support/namespaces.ts'
import { openListStore } from './listStore.ts'

const directories: string[] = []
const fresh = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  directories.push(directory)
  return directory
}
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true })
})

const proposed = (given: Partial<Proposed> = {}): Proposed => ({
  ...{ id: randomUUID(), type: 'Noted', json: true, data: Buffer.from('{}', 'utf8') },
  ...given,
})
const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
const idsOf = (events: readonly Readonly<{ id: string }>[]): readonly string[] => events.map(({ id }) => id)
const commitsOf = (events: readonly RecordedEvent[]): readonly bigint[] =>
  events.map(({ position }) => position.commit)
const isIncreasing = (commits: readonly bigint[]): boolean =>
  commits.every((commit, i) => i === 0 || commit > commits[i - 1]!)

/** The process of a program beside this file, and what it has said. */
const startWriter = (path: string, within: readonly string[] = [], name = 'appendForever.ts') => {
  const program = join(import.meta.dirname, name)
  const [command, ...args] = [...within, process.execPath, '--import', 'tsx', program, path]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await closed
  }
  onTestFinished(kill)
  return { lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), kill }
}

type Acknowledged = Readonly<{ stream: string; revision: number; commit: bigint; ids: readonly string[] }>

const acknowledged = (line: string): Acknowledged => {
  const [stream = '', revision, commit = '', ids = ''] = line.split(' ')
  return { stream, revision: Number(revision), commit: BigInt(commit), ids: ids.split(',') }
}

/** Whole events, whole appends, one place each, and every stream agrees with the log. */
const requireSound = async (store: EventStore): Promise<ReadonlyMap<string, RecordedEvent>> => {
  const log = await all(store.readAll())
  expect(isIncreasing(commitsOf(log))).toBe(true)
  for (const { data, metadata } of log)
    expect(Buffer.from(metadata!).equals(createHash('sha256').update(data).digest())).toBe(true)
  for (const stream of new Set(log.map((event) => event.stream))) {
    const inLog = log.filter((event) => event.stream === stream)
    expect(inLog.map(({ revision }) => revision)).toEqual(inLog.map((_, n) => n))
    expect(inLog.length % 3).toBe(0)
    const inStream = await all(store.readStream(stream))
    expect(inStream.map(({ id, position }) => [id, position])).toEqual(
      inLog.map(({ id, position }) => [id, position]),
    )
  }
  return new Map(log.map((event) => [event.id, event]))
}

describe('kill -9', () => {
  it('every append that was acknowledged is there afterwards, in its place, and nothing by halves', async () => {
    const path = await fresh()
    const said: Acknowledged[] = []
    for (const enough of [40, 90, 150]) {
      const { lines, kill } = startWriter(path)
      for (let n = 0; n < enough; n += 1) said.push(acknowledged((await lines.next()).value as string))
      await kill()
      // What it had said and nobody had read yet.
      for await (const line of { [Symbol.asyncIterator]: () => lines }) said.push(acknowledged(line))

      const store = await openEmbeddedStore({ path })
      const found = await requireSound(store)
      for (const { stream, revision, commit, ids } of said) {
        expect(ids.map((id) => [found.get(id)?.stream, found.get(id)?.revision])).toEqual(
          [2, 1, 0].map((back) => [stream, revision - back]),
        )
        expect(found.get(ids.at(-1)!)?.position.commit).toBe(commit)
      }
      await store.close()
    }
    expect(said.length).toBeGreaterThanOrEqual(280)
  })
})

describe('a full disk', () => {
  it('refuses what it was given, and nothing else: the process lives, and goes on when there is room; nor is it opened meanwhile', async ({
    skip,
  }) => {
    skip(noSmallDisk !== undefined, noSmallDisk)
    const path = await fresh()
    const { lines } = startWriter(path, onSmallDisk(path), 'appendWhenFull.ts')
    const said: string[] = []
    for await (const line of { [Symbol.asyncIterator]: () => lines }) said.push(line)
    const thrice = (line: string): readonly string[] => Array.from({ length: 3 }, () => line)
    expect(said).toEqual([
      ...thrice('a appended'),
      ...[...thrice('b LedgerFault'), ...thrice('b LedgerFault'), 'held aaa'],
      ...[...thrice('c appended'), ...thrice('d LedgerFault')],
      'LedgerFault: the ledger was not written: its disk has 0.0 MB left, and a write may take 24',
      ...[...thrice('e appended'), 'held aaaccceee'],
    ])
  })
})

describe('one writer', () => {
  it('a second one in the same process is refused, and disturbs nothing', async () => {
    const path = await fresh()
    const store = await openEmbeddedStore({ path })
    await store.append('s', [proposed()], 'no_stream')
    await expect(openEmbeddedStore({ path })).rejects.toThrow(LedgerFault)
    expect(await store.append('s', [proposed()], 0)).toMatchObject({ revision: 1 })
    expect(await all(store.readStream('s'))).toHaveLength(2)
    await store.close()
    const next = await openEmbeddedStore({ path })
    expect(await next.append('s', [proposed()], 1)).toMatchObject({ revision: 2 })
    await next.close()
  })

  it('another process is refused as long as the first lives; readers see each append once it is acknowledged', async () => {
    const path = await fresh()
    const { lines, kill } = startWriter(path)
    await lines.next()
    await expect(openEmbeddedStore({ path })).rejects.toThrow(LedgerFault)

    const reader = await openEmbeddedStore({ path, readOnly: true })
    for (let n = 0; n < 20; n += 1) {
      const { stream, revision, commit, ids } = acknowledged((await lines.next()).value as string)
      // LMDB renews a reader's view at the next turn of its event loop.
      await expect
        .poll(async () => idsOf(await all(reader.readStream(stream, { from: revision - 2, limit: 3 }))))
        .toEqual(ids)
      const [last] = await all(reader.readStream(stream, { from: revision, limit: 1 }))
      expect(last?.position.commit).toBe(commit)
    }
    await expect(reader.append('s0', [proposed()], 'any')).rejects.toThrow(LedgerFault)
    await expect(reader.deleteStream('s0')).rejects.toThrow(LedgerFault)

    await kill()
    const { size } = await requireSound(reader)
    // The reader, still open, goes on with the next writer.
    const next = startWriter(path)
    const { ids } = acknowledged((await next.lines.next()).value as string)
    await expect
      .poll(async () => idsOf(await all(reader.readAll())).slice(size))
      .toEqual(expect.arrayContaining([...ids]))
    await next.kill()
    await reader.close()
  })

  it.for(namespaces)(
    '%s: alive it is refused, killed it is taken over',
    async ([, within, obstacle], { skip }) => {
      skip(obstacle !== undefined, obstacle)
      const path = await fresh()
      const { lines, kill } = startWriter(path, within)
      await lines.next()
      await expect(openEmbeddedStore({ path })).rejects.toThrow(
        /^the ledger is open for writing in a process/,
      )
      await kill()
      const store = await openEmbeddedStore({ path })
      // Seen from there it is the same: it is refused, and says nothing but why.
      const other = startWriter(path, [...within, 'sh', '-c', '"$@" 2>&1', 'sh'])
      const said = []
      for await (const line of { [Symbol.asyncIterator]: () => other.lines }) said.push(line)
      expect(said.join()).toContain('LedgerFault: the ledger is open for writing in a process')
      await requireSound(store)
      await store.close()
      expect((await readdir(path)).toSorted()).toEqual(['data.mdb', 'lock.mdb'])
    },
  )

  it('of many that come at once to what a dead one left, one has it, in a directory of any length', async () => {
    const path = join(await fresh(), 'long'.repeat(40))
    const { lines, kill } = startWriter(path)
    await lines.next()
    await kill()
    const opened = await Promise.allSettled(Array.from({ length: 6 }, () => openEmbeddedStore({ path })))
    const stores = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(stores).toHaveLength(1)
    await stores[0]!.append('s', [proposed()], 'no_stream')
    await stores[0]!.close()
  })

  it('what is no ledger, or one of another format, is not read', async () => {
    await expect(openEmbeddedStore({ path: await fresh(), readOnly: true })).rejects.toThrow(LedgerFault)
    const path = await fresh()
    const tables = await openTables(path, false)
    await tables.about.put(Buffer.from('format'), Buffer.from('2'))
    await tables.environment.close()
    for (const readOnly of [false, true])
      await expect(openEmbeddedStore({ path, readOnly })).rejects.toThrow(LedgerFault)
  })

  it('closing waits for the appends on their way, ends the subscriptions, and refuses what comes later', async () => {
    const path = await fresh()
    const store = await openEmbeddedStore({ path })
    const subscriptions = [store.subscribeToAll(), store.subscribeToStream('s')]
    const iterators = subscriptions.map((subscription) => subscription[Symbol.asyncIterator]())
    for (const iterator of iterators) expect((await iterator.next()).value).toEqual({ kind: 'caughtUp' })
    const pending = iterators.map((iterator) => iterator.next())
    await store.close()
    expect((await Promise.all(pending)).map(({ done }) => done)).toEqual([true, true])
    await expect(store.append('s', [proposed()], 'any')).rejects.toThrow(LedgerFault)

    const again = await openEmbeddedStore({ path })
    const sent = Array.from({ length: 40 }, () => again.append('s', [proposed()], 'any'))
    await again.close()
    expect((await Promise.all(sent)).map(({ revision }) => revision)).toEqual(sent.map((_, n) => n))
    const reader = await openEmbeddedStore({ path, readOnly: true })
    expect(await all(reader.readStream('s'))).toHaveLength(40)
    await reader.close()
  })
})

describe('a list would do the same', () => {
  const streams = ['a', 'ab', 'b'.repeat(254), 'b'.repeat(255), 'b'.repeat(256)]
  const stream = fc.constantFrom(...streams)
  const direction = fc.constantFrom('forwards' as const, 'backwards' as const)
  const limit = fc.constantFrom(1, 2, 3, 1000)
  const place = fc.constantFrom('start' as const, 'end' as const, 0, 1, 2, 3, 5, 8)
  const sizes = fc.array(fc.nat(40), { minLength: 1, maxLength: 4 })
  const step = fc.oneof(
    // `expected` counts from the last revision.
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), stream, sizes }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('miss' as const),
        stream,
        sizes,
        by: fc.integer({ min: -3, max: 3 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('repeat' as const),
        nth: fc.nat(20),
        cut: fc.integer({ min: -1, max: 2 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('read' as const), stream, place, direction, limit }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('readAll' as const), place, direction, limit }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  )
  type Append = Readonly<{ stream: string; events: readonly Proposed[]; expected: Expected }>

  /** What can be compared: places are each store's own. */
  const shown = (events: readonly RecordedEvent[]) =>
    events.map(({ position: _, data, ...event }) => ({ ...event, data: Buffer.from(data).toString('hex') }))
  const outcomeOf = async (work: Promise<unknown>): Promise<unknown> =>
    work.catch((error: unknown) => String(error))

  it('eventstoredb 2, 3: appends with expected revisions, repeats, and reads from anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 40 }), async (steps) => {
        const path = await fresh()
        const clock = (): Date => new Date(0)
        const model = openListStore()
        let store = await openEmbeddedStore({ path, clock })
        const done: Append[] = []
        const lengths = new Map<string, number>()
        let made = 0
        const eventsOf = (octets: readonly number[]): readonly Proposed[] =>
          octets.map((length) => {
            made += 1
            const id = `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`
            return proposed({ id, json: made % 2 === 0, data: Buffer.alloc(length, made) })
          })

        const same = async (work: (store: EventStore) => Promise<unknown>): Promise<unknown> => {
          const [expected, found] = [await outcomeOf(work(model)), await outcomeOf(work(store))]
          expect(found).toEqual(expected)
          return found
        }
        const append = async (one: Append): Promise<void> => {
          done.push(one)
          const { stream: name, events, expected } = one
          await same(async (on) => {
            const { revision, position } = await on.append(name, events, expected)
            const [at] = await all(on.readAll({ from: position!, limit: 1 }))
            return { revision, at: at?.id }
          })
          const held = await all(model.readStream(name)).catch(() => [])
          lengths.set(name, held.length)
        }
        const after = (revision: number): Expected => (revision < 0 ? 'no_stream' : revision)
        const lastOf = (name: string): number => (lengths.get(name) ?? 0) - 1

        for (const one of steps)
          if (one.kind === 'append')
            await append({
              ...{ stream: one.stream, events: eventsOf(one.sizes), expected: after(lastOf(one.stream)) },
            })
          else if (one.kind === 'miss')
            await append({
              ...{
                stream: one.stream,
                events: eventsOf(one.sizes),
                expected: after(lastOf(one.stream) + one.by),
              },
            })
          else if (one.kind === 'repeat') {
            const before = done[one.nth % Math.max(done.length, 1)]
            if (before === undefined) continue
            const { events } = before
            // The same list, its head alone, or one event more.
            const list =
              one.cut < 0
                ? [...events, ...eventsOf([1])]
                : events.slice(0, Math.max(events.length - one.cut, 1))
            await append({ ...before, events: list })
          } else if (one.kind === 'read') {
            const { stream: name, place: from, ...options } = one
            await same(async (on) => shown(await all(on.readStream(name, { ...options, from }))))
          } else if (one.kind === 'readAll') {
            const { place: from, direction: way, limit: most } = one
            await same(async (on) => {
              const log = await all(on.readAll())
              const at = typeof from === 'number' ? log[from]?.position : from
              if (at === undefined) return []
              return shown(await all(on.readAll({ from: at, direction: way, limit: most })))
            })
          } else {
            await store.close()
            store = await openEmbeddedStore({ path, clock })
          }
        await same(async (on) => shown(await all(on.readAll())))
        for (const name of streams) await same(async (on) => shown(await all(on.readStream(name))))
        await store.close()
      }),
      { seed: 7, numRuns: 30 },
    )
  })
})

describe('a subscription', () => {
  // A page holds 512 events.
  const history = fc.constantFrom(0, 1, 511, 512, 513, 1024, 1025)
  const moments = fc.uniqueArray(fc.nat(1100), { maxLength: 12 })
  it('catches up with no gap and no event twice while appends go on', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(1100), moments, fc.boolean(), async (count, skipped, when, waits) => {
        const store = await openEmbeddedStore({ path: await fresh() })
        const batch = Array.from({ length: count }, () => proposed())
        if (count > 0) await store.append('s', batch, 'no_stream')
        const before = await all(store.readAll())
        const start = Math.min(skipped, before.length) - 1
        const last = before[start]
        const sent: Promise<unknown>[] = []

        /** Appends while it reads, at moments of its own and when it has caught up; sometimes it waits for the commit. */
        const consume = async (subscription: ReturnType<EventStore['subscribeToAll']>) => {
          const seen: string[] = []
          let caughtUp = 0
          const send = async (): Promise<void> => {
            const appended = store.append('s', [proposed(), proposed()], 'any')
            sent.push(appended)
            if (waits) await appended
          }
          for await (const delivery of subscription) {
            if (delivery.kind === 'event') seen.push(delivery.event.id)
            else caughtUp += 1
            if (delivery.kind === 'caughtUp' || when.includes(seen.length)) await send()
            if (caughtUp > 0 && seen.length === before.length - 1 - start + 2 * sent.length) break
          }
          await subscription.unsubscribe()
          return { seen, caughtUp }
        }
        const found = [
          await consume(store.subscribeToAll({ after: last?.position ?? 'start' })),
          await consume(store.subscribeToStream('s', { after: last?.revision ?? 'start' })),
        ]
        const log = idsOf(await all(store.readAll())).slice(start + 1)
        expect(found.map(({ caughtUp }) => caughtUp)).toEqual([1, 1])
        expect(found[0]!.seen).toEqual(log.slice(0, found[0]!.seen.length))
        expect(found[0]!.seen.length).toBeGreaterThan(before.length - 1 - start)
        expect(found[1]!.seen).toEqual(log)
        await store.close()
      }),
      { seed: 11, numRuns: 20 },
    )
  })
})

describe('what the server does', () => {
  it('eventstoredb 3: places lie as far apart as the server’s records are long, and none is 0', async () => {
    const store = await openEmbeddedStore({ path: await fresh() })
    const texts = ['', 'é', 'x'.repeat(100)]
    for (const [n, text] of texts.entries())
      await store.append(
        `s${text}`,
        [0, 1, 300].map((length) =>
          proposed({ type: `T${text}`, data: Buffer.alloc(length), metadata: Buffer.alloc(n) }),
        ),
        'no_stream',
      )
    const log = await all(store.readAll())
    const octets = ({ stream, type, data, metadata }: RecordedEvent): number =>
      90 + Buffer.byteLength(stream) + Buffer.byteLength(type) + data.length + (metadata?.length ?? 0)
    expect(log[0]!.position.commit).toBeGreaterThan(0n)
    const steps = log.slice(1).map(({ position }, n) => Number(position.commit - log[n]!.position.commit))
    expect(steps).toEqual(log.slice(0, -1).map(octets))
    await store.close()
  })

  it('eventstoredb 5: $maxAge hides events by the clock; settings that do not parse are none', async () => {
    let now = Date.parse('2026-03-02T09:00:00Z')
    const store = await openEmbeddedStore({ path: await fresh(), clock: () => new Date(now) })
    const settings = (text: string) =>
      store.append('$$s', [proposed({ type: '$metadata', data: Buffer.from(text, 'utf8') })], 'any')
    const revisions = async () => (await all(store.readStream('s'))).map(({ revision }) => revision)
    for (const expected of ['no_stream', 0, 1] as const) {
      await store.append('s', [proposed()], expected)
      now += 10_000
    }
    await settings('{"$maxAge":25}')
    expect(await revisions()).toEqual([1, 2])
    now += 10_000
    expect(await revisions()).toEqual([2])
    await settings('{"$maxAge":25')
    expect(await revisions()).toEqual([0, 1, 2])
    await store.close()
  })

  it('eventstoredb 2: what cannot be stored is refused alone; the appends that share its commit are written', async () => {
    const store = await openEmbeddedStore({ path: await fresh() })
    const outcomes = await Promise.allSettled([
      store.append('s', [proposed()], 'no_stream'),
      store.append('', [proposed()], 'no_stream'),
      store.append('$$', [proposed()], 'no_stream'),
      store.append('s', [proposed({ type: 'T'.repeat(65_536) })], 0),
      store.append('s', [proposed()], 5),
      store.append('s', [proposed()], 0),
    ])
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      false,
      false,
      false,
      false,
      true,
    ])
    expect(await all(store.readAll())).toHaveLength(2)
    await store.close()
  })
})
