// What could not be done: set aside one by one, in files and in Redis.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { createProbesApp } from '../../api/probesApp.ts'
import { openAround } from '../../cli/around.ts'
import { readConfig } from '../../cli/config.ts'
import { listJobs, retryJobs } from '../../cli/jobs.ts'
import { openLetterFiles } from '../../cli/letterFiles.ts'
import { deadAfter, openLetters, type LetterStore } from '../../jobs/letters.ts'
import { openRedisLetters } from '../../jobs/lettersRedis.ts'
import { inOrder, pauseAfter, type Job } from '../../jobs/port.ts'
import { LedgerFault } from '../../ledger/store.ts'
import { openDatabase } from '../../readmodels/database.ts'
import { openSomeDatabase } from '../support/database.ts'

const redisUrl = process.env['TEST_REDIS_URL'] ?? ''

type Place = Readonly<{ store: LetterStore; written: () => Promise<string>; clear: () => Promise<void> }>

const inFiles = async (): Promise<Place> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const store = await openLetterFiles(directory)
  return {
    store,
    written: async () => {
      const names = await readdir(directory)
      const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
      return [...names, ...texts].join()
    },
    clear: () => rm(directory, { recursive: true }),
  }
}

const inRedis = async (): Promise<Place> => {
  const prefix = `test-${randomUUID()}`
  const client = new Redis(redisUrl)
  return {
    store: openRedisLetters({ url: redisUrl, prefix }),
    written: async () => JSON.stringify(await client.hgetall(`${prefix}-letters`)),
    clear: async () => {
      await client.del(`${prefix}-letters`)
      client.disconnect()
    },
  }
}

const clears: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clear of clears.splice(0)) await clear()
})

/** A job over some things, of which the named ones fail. */
const openWork = async (open: () => Promise<Place>) => {
  const place = await open()
  clears.push(async () => {
    await place.store.close()
    await place.clear()
  })
  const failing = new Map<string, Error>()
  const told: string[] = []
  let [at, items, done] = [Date.parse('2026-03-02T09:00:00Z'), ['a', 'b', 'c'], [] as string[]]
  const job: Job = {
    name: 'work',
    everySeconds: 60,
    run: (each) =>
      each(items, async (item) => {
        const fault = failing.get(item)
        if (fault !== undefined) throw fault
        done.push(item)
      }),
  }
  const letters = openLetters({
    store: place.store,
    now: () => at,
    onFault: (...[, { name }]) => told.push(name),
  })
  const watched = letters.watched(job)
  return {
    ...{ place, letters, failing, told },
    due: (things: string[]) => {
      items = things
    },
    pass: (seconds: number) => {
      at += seconds * 1000
    },
    /** @returns what was done in this run */
    run: async (): Promise<readonly string[]> => {
      done = []
      await watched.run(inOrder)
      return done
    },
  }
}

describe.each([
  ['in files', inFiles],
  ['in Redis', inRedis],
])('letters %s', (_, open) => {
  it('one thing that fails stops none of the others; tried too often, it waits for somebody, and is then done', async () => {
    const work = await openWork(open)
    work.failing.set('b', new RangeError('matricule 0012345678'))
    const runs = []
    for (let i = 0; i < deadAfter + 2; i += 1) {
      runs.push(await work.run())
      work.pass(3600)
    }
    expect(runs.every((done) => done.join() === 'a,c')).toBe(true)
    expect(work.told).toHaveLength(deadAfter)
    const dead = await work.letters.dead()
    expect(dead).toMatchObject([{ job: 'work', item: 'b', error: 'RangeError', attempts: deadAfter }])
    // CGU-112: names and ids alone.
    expect(await work.place.written()).not.toContain('0012345678')
    work.failing.clear()
    expect(await work.run()).toEqual(['a', 'c'])
    await work.place.store.remove({ job: 'work', item: 'b' })
    expect(await work.run()).toEqual(['a', 'b', 'c'])
    expect(await work.place.store.all()).toEqual([])
  })

  it('a failure that a clock which was ahead has dated keeps nothing waiting once it has been put back', async () => {
    const work = await openWork(open)
    work.failing.set('a', new Error('told to'))
    work.pass(86_400)
    await work.run()
    await work.run()
    work.pass(-86_400)
    work.failing.clear()
    expect(await work.run()).toEqual(['a', 'b', 'c'])
  })

  it('a second failure is followed by a pause, and what is due no more needs no letter', async () => {
    const work = await openWork(open)
    work.failing.set('a', new Error('told to'))
    await work.run()
    await work.run()
    work.failing.clear()
    expect(await work.run()).toEqual(['b', 'c'])
    work.pass(11)
    expect(await work.run()).toEqual(['a', 'b', 'c'])
    work.failing.set('a', new Error('told to'))
    await work.run()
    work.due(['b'])
    await work.run()
    expect(await work.place.store.all()).toEqual([])
  })

  it.each([
    ['the ledger', new LedgerFault('no answer')],
    [
      'a server of PostgreSQL that goes away',
      Object.assign(new Error('no answer'), { name: 'error', code: '57P01' }),
    ],
    [
      'a server of PostgreSQL that has no room',
      Object.assign(new Error('no answer'), { name: 'error', code: '53100' }),
    ],
    ['a full disk', Object.assign(new Error('no answer'), { code: 'ENOSPC' })],
  ])(
    'a fault of %s ends the run and blames no thing; the job is dead, and is run all the same',
    async (_, fault) => {
      const work = await openWork(open)
      work.failing.set('a', fault)
      for (let i = 0; i < deadAfter; i += 1) await expect(work.run()).rejects.toThrow('no answer')
      expect(await work.letters.dead()).toMatchObject([{ job: 'work', item: '', error: fault.name }])
      work.failing.clear()
      expect(await work.run()).toEqual(['a', 'b', 'c'])
      expect(await work.letters.dead()).toEqual([])
    },
  )
})

it('grand-livre jobs: shows what has failed, and has one thing or all of them done once more', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const env = { DATA_DIR: dataDir }
  const said: unknown[] = []
  const output = { json: true, say: () => undefined, result: (value: unknown) => void said.push(value) }
  const store = await openLetterFiles(join(dataDir, 'jobs'))
  const at = '2026-03-02T09:00:00.000Z'
  for (const item of ['', 'a/b', 'c'])
    await store.put({
      ...{ job: 'resume', item, error: 'RangeError', attempts: deadAfter, firstAt: at, lastAt: at },
    })
  expect(await listJobs(env, output)).toBe(false)
  await retryJobs(env, output, { job: 'resume', item: 'a/b' })
  await expect(retryJobs(env, output, { job: 'resume', item: 'a/b' })).rejects.toThrow('nothing of resume')
  await retryJobs(env, output, { job: 'resume' })
  expect(await listJobs(env, output)).toBe(true)
  expect(said).toMatchObject([
    { letters: [{ item: '', dead: true }, { item: 'a/b' }, { item: 'c' }] },
    { retried: [{ job: 'resume', item: 'a/b' }], nudged: false },
    { retried: [{ item: '' }, { item: 'c' }] },
    { letters: [] },
  ])
  await rm(dataDir, { recursive: true })
})

it('grand-livre jobs: a Redis that is away is named', async () => {
  const env = { DATA_DIR: join(tmpdir(), 'none'), REDIS_URL: 'redis://127.0.0.1:1' }
  const output = { json: true, say: () => undefined, result: () => undefined }
  const fault = { name: 'JobsFault', message: 'REDIS_URL: Redis gives no answer' }
  await expect(listJobs(env, output)).rejects.toMatchObject(fault)
  await expect(retryJobs(env, output, { job: 'resume' })).rejects.toMatchObject(fault)
})

it('CGU-76: while Redis hangs, whoever looks is told what is late all the same', async () => {
  const hanging = createServer()
  await once(hanging.listen(0, '127.0.0.1'), 'listening')
  const { port } = hanging.address() as AddressInfo
  const dataDir = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const config = readConfig({ DATA_DIR: dataDir, REDIS_URL: `redis://127.0.0.1:${port}` })
  const [around, { db, close }] = [await openAround(config, () => undefined), await openSomeDatabase()]
  const now = '2026-03-02T09:00:00Z'
  const late = 'CRL 9 s; promised are 5 s'
  const delay = { alarm: async () => late, listed: () => undefined, current: () => expect.unreachable() }
  const app = await createProbesApp('test', {
    ...{ now: () => now, health: async () => ({}) },
    alarms: () => around.alarms({ db, now, delay }),
  })
  expect((await app.inject('/readyz')).json<{ alarms: object }>().alarms).toMatchObject({
    ...{ 'revocation publication': late, 'dead letters': 'cannot be looked at' },
  })
  await app.close()
  await around.close()
  await close()
  hanging.close()
  await rm(dataDir, { recursive: true })
})

it('CGU-76: while PostgreSQL hangs, whoever looks is told of each thing that cannot be looked at, and of the others', async () => {
  const hanging = createServer()
  await once(hanging.listen(0, '127.0.0.1'), 'listening')
  const { port } = hanging.address() as AddressInfo
  const dataDir = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const around = await openAround(readConfig({ DATA_DIR: dataDir }), () => undefined)
  const { db } = await openDatabase({ url: `postgres://igc@127.0.0.1:${port}/igc`, asItStands: true })
  const delay = {
    ...{ alarm: async () => true as const, listed: () => undefined, current: () => expect.unreachable() },
  }
  const not = 'cannot be looked at'
  expect(await around.alarms({ db, now: '2026-03-02T09:00:00Z', delay })).toEqual({
    ...{ 'revocation delay': not, notices: not, 'revocation publication': true, 'dead letters': true },
  })
  await around.close()
  hanging.close()
  await rm(dataDir, { recursive: true })
})

it('pauses double up to the longest, and chance takes off a fifth at most', () => {
  const pauses = { first: 1, longest: 60 }
  expect([1, 2, 3, 7, 99].map((failures) => pauseAfter(failures, pauses, 0))).toEqual([1, 2, 4, 60, 60])
  expect(pauseAfter(3, pauses, 1)).toBeCloseTo(3.2)
})
