// The port of the jobs, on both who run them: in the process, and BullMQ on Redis.
import { fork, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startJobs } from '../../jobs/embedded.ts'
import { openJobs } from '../../jobs/open.ts'
import { JobsFault, type Job, type Jobs, type OnFault } from '../../jobs/port.ts'
import { startQueuedJobs } from '../../jobs/queued.ts'
import { findProgram } from '../support/services/programs.ts'

const redisUrl = process.env['TEST_REDIS_URL'] ?? ''
const seldom = 86_400

/** A job whose runs the test counts, holds up and lets fail. */
const openWork = (everySeconds = seldom) => {
  let count = 0
  let gate: Promise<void> = Promise.resolve()
  let fault: Error | undefined
  const waiting: { from: number; go: () => void }[] = []
  const job: Job = {
    name: 'work',
    everySeconds,
    run: async () => {
      count += 1
      for (const { from, go } of waiting) if (count >= from) go()
      await gate
      if (fault !== undefined) throw fault
    },
  }
  return {
    job,
    count: () => count,
    /** Resolves when the run of that number has begun. */
    begun: (from: number) =>
      new Promise<void>((go) => {
        if (count >= from) go()
        else waiting.push({ from, go })
      }),
    /** Runs wait until the answer is called. */
    hold: (): (() => void) => {
      let release = (): void => undefined
      gate = new Promise((go) => (release = go))
      return () => release()
    },
    fail: (error: Error | undefined) => {
      fault = error
    },
  }
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((closed) => probe.close(closed))
  return port
}

/** A Redis that keeps nothing. Resolves when it answers. */
const startRedis = async (port: number) => {
  const settings = { bind: '127.0.0.1', port: String(port), save: '', appendonly: 'no' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const server = spawn(findProgram('redis-server') ?? 'redis-server', args, {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  for await (const line of server.stdout) if (String(line).includes('Ready to accept')) break
  return {
    stop: async () => {
      server.kill('SIGKILL')
      await once(server, 'exit')
    },
  }
}

/** Work that has run once, on a Redis of its own. */
const onOwnRedis = async (onFault: OnFault = () => undefined) => {
  const port = await freePort()
  const [server, work, url] = [await startRedis(port), openWork(), `redis://127.0.0.1:${port}`]
  const jobs = await startQueuedJobs([work.job], onFault, { url, prefix: 'test' })
  await jobs.runNow('work')
  return { work, url, jobs, server, before: work.count(), startAgain: () => startRedis(port) }
}

const prefixes: string[] = []
const kinds: readonly [string, (jobs: readonly Job[], onFault: OnFault) => Promise<Jobs>][] = [
  ['in the process', async (jobs, onFault) => startJobs(jobs, onFault)],
  [
    'on Redis',
    (jobs, onFault) => {
      const prefix = `test-${randomUUID()}`
      prefixes.push(prefix)
      return startQueuedJobs(jobs, onFault, { url: redisUrl, prefix })
    },
  ],
]

const open: Jobs[] = []
afterEach(async () => {
  for (const jobs of open.splice(0)) await jobs.stop()
})

describe.each(kinds)('jobs %s', (_, start) => {
  const opened = async (job: Job, onFault: OnFault = () => undefined): Promise<Jobs> => {
    const jobs = await start([job], onFault)
    open.push(jobs)
    return jobs
  }

  it('run when their time has come, without anybody asking', async () => {
    const work = openWork(1)
    await opened(work.job)
    await work.begun(2)
  })

  it('run at a nudge; nudges during a run ask for one more, and no more than one', async () => {
    const work = openWork()
    const jobs = await opened(work.job)
    await jobs.runNow('work')
    const before = work.count()
    const release = work.hold()
    jobs.nudge('work')
    await work.begun(before + 1)
    for (let i = 0; i < 5; i += 1) jobs.nudge('work')
    release()
    await work.begun(before + 2)
    await jobs.runNow('work')
    expect(work.count()).toBe(before + 3)
  })

  it('runNow waits for a run that began after it was asked for, and its fault is the caller’s', async () => {
    const work = openWork()
    const jobs = await opened(work.job)
    await jobs.runNow('work')
    expect(work.count()).toBeGreaterThan(0)
    work.fail(new RangeError('told to'))
    await expect(jobs.runNow('work')).rejects.toThrow()
    expect(jobs.faults().get('work')).toBeInstanceOf(RangeError)
    work.fail(undefined)
    await jobs.runNow('work')
    expect(jobs.faults().size).toBe(0)
  })

  it('a fault is told, and the stop waits for the run under way', async () => {
    const work = openWork()
    const told: string[] = []
    let hear = (): void => undefined
    const heard = new Promise<void>((go) => (hear = go))
    const jobs = await start([work.job], (job, error) => {
      told.push(`${job} ${error.name}`)
      hear()
    })
    await jobs.runNow('work')
    work.fail(new TypeError('told to'))
    jobs.nudge('work')
    await heard
    expect(told).toEqual(['work TypeError'])
    await jobs.stop()
  })

  it('interfaces.md 4: how many runs are in which state, and whether who runs them answers', async () => {
    const one = openWork()
    const release = one.hold()
    const jobs = await opened(one.job)
    const activeRuns = async () =>
      (await jobs.counts()).filter(({ queue, state }) => queue === one.job.name && state === 'active')
    const running = jobs.runNow(one.job.name)
    await one.begun(1)
    const during = await activeRuns()
    release()
    await running
    expect([during.map(({ count }) => count), await jobs.health()]).toEqual([[1], true])
    const states = (await jobs.counts()).map(({ state }) => state)
    expect(states).toEqual(expect.arrayContaining(['waiting', 'active', 'failed']))
  })

  it('CGU-76: a run that could not see all that is due has another one behind it, until one asks for none', async () => {
    let runs = 0
    const job: Job = {
      ...{ name: 'work', everySeconds: seldom },
      run: async (_, again) => {
        runs += 1
        if (runs < 3) again?.()
      },
    }
    const jobs = await opened(job)
    jobs.nudge('work')
    await expect.poll(() => runs, { timeout: 5000 }).toBe(3)
    await jobs.runNow('work')
    expect(runs).toBe(4)
  })

  it('a pause after failures is over at once where somebody says that their cause is', async () => {
    const work = openWork()
    work.fail(new RangeError('told to'))
    const jobs = await opened(work.job)
    jobs.nudge('work')
    // The next time it would wait for some seven seconds.
    await work.begun(4)
    const active = async () =>
      (await jobs.counts()).find(({ queue, state }) => queue === 'work' && state === 'active')?.count
    await expect.poll(active, { timeout: 5000 }).toBe(0)
    expect(jobs.faults().size).toBe(1)
    work.fail(undefined)
    const since = work.count()
    await jobs.hurry('work')
    await expect.poll(work.count, { timeout: 5000 }).toBe(since + 1)
    await expect.poll(() => jobs.faults().size).toBe(0)
  }, 60_000)

  it('a job that does not exist is refused', async () => {
    const jobs = await opened(openWork().job)
    expect(() => jobs.nudge('other')).toThrow('there is no job other')
  })
})

describe('jobs on Redis', () => {
  it('CGU-112: what an error says never reaches Redis, only its name', async () => {
    const work = openWork()
    const prefix = `test-${randomUUID()}`
    const jobs = await startQueuedJobs([work.job], () => undefined, { url: redisUrl, prefix })
    open.push(jobs)
    await jobs.runNow('work')
    work.fail(new Error('matricule 0012345678'))
    await expect(jobs.runNow('work')).rejects.toThrow('Error')
    const client = new Redis(redisUrl)
    const keys = await client.keys(`${prefix}*`)
    const values = []
    for (const key of keys) {
      const type = await client.type(key)
      if (type === 'hash') values.push(JSON.stringify(await client.hgetall(key)))
      if (type === 'stream') values.push(JSON.stringify(await client.xrange(key, '-', '+')))
    }
    client.disconnect()
    expect(values.join('')).toContain('failedReason')
    expect(values.join('')).not.toContain('0012345678')
  })

  it('a process that runs nothing asks one that does: a nudge and runNow reach it, the fault is the caller’s', async () => {
    const [work, idle] = [openWork(), openWork()]
    const place = { url: redisUrl, prefix: `test-${randomUUID()}` }
    prefixes.push(place.prefix)
    const asks = await startQueuedJobs([idle.job], () => undefined, { ...place, run: false })
    open.push(asks)
    const asked = asks.runNow('work')
    open.push(await startQueuedJobs([work.job], () => undefined, place))
    await asked
    const before = work.count()
    asks.nudge('work')
    await work.begun(before + 1)
    work.fail(new RangeError('told to'))
    await expect(asks.runNow('work')).rejects.toThrow('RangeError')
    expect(asks.faults().size).toBe(0)
    expect(idle.count()).toBe(0)
  })

  it('of one fact there is one nudge, however many processes have seen it, and however late', async () => {
    const work = openWork()
    const place = { url: redisUrl, prefix: `test-${randomUUID()}` }
    prefixes.push(place.prefix)
    const [one, other] = await Promise.all([
      startQueuedJobs([work.job], () => undefined, place),
      startQueuedJobs([work.job], () => undefined, { ...place, run: false }),
    ])
    open.push(one, other)
    await one.runNow('work')
    const before = work.count()
    one.nudge('work', 'certificate-1-3')
    await work.begun(before + 1)
    await one.runNow('work')
    other.nudge('work', 'certificate-1-3')
    other.nudge('work', 'certificate-2-3')
    await work.begun(before + 3)
    await one.runNow('work')
    expect(work.count()).toBe(before + 4)
  })

  it('a Redis that comes back empty: the timers are made anew, and what was due meanwhile is done', async () => {
    const { work, url, jobs, server, before, startAgain } = await onOwnRedis()
    await server.stop()
    jobs.nudge('work')
    const next = await startAgain()
    await work.begun(before + 1)
    const client = new Redis(url)
    await expect.poll(() => client.exists('test:work:repeat'), { timeout: 20_000 }).toBe(1)
    client.disconnect()
    await jobs.stop()
    await next.stop()
  }, 60_000)

  it('one that goes on failing is tried again by one run, however often its time has come; a fault of one process is over when another has done it', async () => {
    const [work, other] = [openWork(1), openWork(1)]
    const place = { url: redisUrl, prefix: `test-${randomUUID()}` }
    prefixes.push(place.prefix)
    work.fail(new RangeError('told to'))
    const jobs = await startQueuedJobs([work.job], () => undefined, place)
    open.push(jobs)
    await work.begun(4)
    const waiting = (await jobs.counts()).filter(({ state }) => state === 'delayed' || state === 'waiting')
    // The next time, and one that is tried again, at most.
    expect(waiting.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(2)
    expect(jobs.faults().size).toBe(1)
    const release = work.hold()
    open.push(await startQueuedJobs([other.job], () => undefined, place))
    release()
    // Whoever of the two has it next: one succeeds, and the other hears of it.
    await other.begun(1)
    work.fail(undefined)
    await expect.poll(() => jobs.faults().size, { timeout: 20_000 }).toBe(0)
  }, 60_000)

  it('a clock that was ahead, and was put back, keeps no timer standing, and nothing from being tried again', async () => {
    const work = openWork(1)
    const place = { url: redisUrl, prefix: `test-${randomUUID()}` }
    prefixes.push(place.prefix)
    const jobs = await startQueuedJobs([work.job], () => undefined, place)
    open.push(jobs)
    await work.begun(1)
    const right = Date.now.bind(Date)
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => right() + 86_400_000)
    try {
      work.fail(new RangeError('told to'))
      await work.begun(work.count() + 2)
      const isPut = async () =>
        (await jobs.counts()).some(({ state, count }) => state === 'delayed' && count === 2)
      await expect.poll(isPut, { timeout: 20_000 }).toBe(true)
    } finally {
      clock.mockRestore()
    }
    work.fail(undefined)
    await work.begun(work.count() + 3)
    await expect.poll(() => jobs.faults().size, { timeout: 20_000 }).toBe(0)
  }, 60_000)

  it('a Redis that was away leaves no fault of a job behind', async () => {
    const told: string[] = []
    const { work, jobs, server, before, startAgain } = await onOwnRedis((job) => told.push(job))
    await server.stop()
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(0)
    expect([jobs.faults().size, await jobs.health()]).toEqual([0, 'Redis gives no answer (REDIS_URL)'])
    const next = await startAgain()
    await work.begun(before + 1)
    expect([jobs.faults().size, await jobs.health()]).toEqual([0, true])
    await jobs.stop()
    await next.stop()
  }, 60_000)

  it('CGU-76: a Redis that takes nothing is not taken for one that runs jobs, and does not fill the log', async () => {
    const told: string[] = []
    const { jobs, url } = await onOwnRedis((job) => told.push(job))
    const client = new Redis(url)
    expect(await jobs.health()).toBe(true)
    await client.call('REPLICAOF', '127.0.0.1', '1')
    await expect.poll(() => told.length).toBeGreaterThan(0)
    expect(await jobs.health()).toBe('Redis takes nothing: READONLY (REDIS_URL)')
    const start = startQueuedJobs([openWork().job], () => undefined, { url })
    await expect(start).rejects.toThrow(JobsFault)
    await client.call('REPLICAOF', 'NO', 'ONE')
    await client.call('CONFIG', 'SET', 'maxmemory', '1')
    expect(await jobs.health()).toBe('Redis takes nothing: OOM (REDIS_URL)')
    await client.call('CONFIG', 'SET', 'requirepass', 'another')
    expect(await jobs.health()).toBe('Redis takes nothing: NOAUTH (REDIS_URL)')
    client.disconnect()
    await jobs.stop()
    // A few seconds: each queue has heard of it more often.
    expect(told.length).toBeLessThanOrEqual(2)
  }, 60_000)

  it('a stop waits for the run under way, and not for a Redis that is away', async () => {
    const { work, jobs, server, before } = await onOwnRedis()
    const release = work.hold()
    jobs.nudge('work')
    await work.begun(before + 1)
    await server.stop()
    let isStopped = false
    const stopping = jobs.stop().then(() => (isStopped = true))
    await expect.poll(jobs.health).not.toBe(true)
    expect(isStopped).toBe(false)
    release()
    await stopping
  }, 60_000)

  it('CGU-76: of what is promised within seconds, another worker takes over the run of one that was killed in the middle, and of the next', async () => {
    const prefix = `test-${randomUUID()}`
    prefixes.push(prefix)
    for (const asks of [['asks'], []]) {
      const dying = fork(join(import.meta.dirname, 'runForever.ts'), [redisUrl, prefix, ...asks], {
        execArgv: ['--import', 'tsx'],
      })
      onTestFinished(() => void dying.kill('SIGKILL'))
      await once(dying, 'message')
      dying.kill('SIGKILL')
      await once(dying, 'exit')
    }
    const work = openWork()
    open.push(
      await startQueuedJobs([{ ...work.job, urgent: true }], () => undefined, { url: redisUrl, prefix }),
    )
    // What is not urgent takes forty seconds.
    await expect.poll(work.count, { timeout: 30_000 }).toBe(1)
  }, 90_000)

  it('a process that runs nothing needs a Redis to ask by', async () => {
    const alone = openJobs([], () => undefined, { redisUrl: undefined, log: 'x', run: false })
    await expect(alone).rejects.toThrow('REDIS_URL is not set')
  })

  it('a job that cannot be started: none is, and no connection of the others stays', async () => {
    const prefix = `test-${randomUUID()}`
    prefixes.push(prefix)
    const client = new Redis(redisUrl)
    const connected = async (): Promise<number> =>
      String(await client.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(` name=${prefix}:`)).length
    const jobs = [openWork().job, { ...openWork().job, name: 'other' }]
    const start = () => startQueuedJobs(jobs, () => undefined, { url: redisUrl, prefix })
    const started = await start()
    expect(await connected()).toBeGreaterThan(0)
    await started.stop()
    // Something else lies where the second one keeps its times.
    await client.del(`${prefix}:other:repeat`)
    await client.set(`${prefix}:other:repeat`, 'no sorted set')
    await expect(start()).rejects.toThrow('WRONGTYPE')
    await expect.poll(connected).toBe(0)
    client.disconnect()
  })

  it('a Redis out of reach is said at once', async () => {
    const start = startQueuedJobs([openWork().job], () => undefined, { url: 'redis://127.0.0.1:1' })
    await expect(start).rejects.toThrow(JobsFault)
  })
})

afterAll(async () => {
  const client = new Redis(redisUrl)
  for (const prefix of prefixes) for (const key of await client.keys(`${prefix}*`)) await client.del(key)
  client.disconnect()
})
