// Jobs on BullMQ: several processes share them, each job runs in one of them at a time, and what was asked for outlives a
// restart. Redis holds the names of jobs and of errors, nothing else: no data, and no message that might quote any.
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, QueueEvents, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { inOrder, pauseAfter, pausesOf, type Job, type Jobs, type OnFault } from './port.ts'
import { lookAtRedis, requireRedis } from './queuedLook.ts'
import { derive, endPause, keepRight, timed } from './queuedTimers.ts'
import { closeTrack, type Track } from './queuedTrack.ts'

export type QueuedOptions = Readonly<{
  /** `redis://…`. */
  url: string
  /** Distinguishes installations on one Redis. */
  prefix?: string
  /** False: this process asks for runs, and others run them. */
  run?: boolean
}>

const waitMs = 24 * 3600 * 1000
const nudgeMs = 3000
const keptFailures = 20
/** Each of many connections hears that Redis fails, many times a second: it is told once in so long, in milliseconds. */
const lostMs = 10_000
const standard = 'grand-livre'

/** Tried again until it succeeds; until then a nudge for the same job adds nothing. */
const lasting = {
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: 'growing' },
  removeOnComplete: true,
  removeOnFail: keptFailures,
} as const

/**
 * One nudge waits at most, also during a run: that is the run which sees what the nudge was about. Of one fact there is one nudge,
 * however many processes have seen it: its id is kept for as long as they may lag behind one another. BullMQ wants no `:` in it.
 */
const nudged = (name: string, about: string | undefined) => ({
  ...lasting,
  deduplication: { id: name, keepLastIfActive: true },
  ...(about === undefined
    ? {}
    : { jobId: `${name}-${about.replaceAll(':', '-')}`, removeOnComplete: { age: 600, count: 10_000 } }),
})

const ask = (queue: Queue, name: string, about?: string): Promise<unknown> =>
  queue.add(name, {}, nudged(name, about))

/**
 * How soon the run of a worker that died is given to another one, in milliseconds: BullMQ looks every so often for runs whose lock nobody has
 * renewed for so long, and takes at the second look. A worker that hangs for as long loses its run to another, and both are at it: what is not
 * urgent has BullMQ's half minute for it. However many workers have died of a run, the next one has it: BullMQ would give it up at the second.
 */
const takenOver = {
  lockDuration: 30_000,
  stalledInterval: 5_000,
  maxStalledCount: Number.MAX_SAFE_INTEGER,
} as const
const takenOverSoon = { ...takenOver, lockDuration: 5_000, stalledInterval: 2_000 } as const

type Tell = (error: Error | undefined) => void

const connectionOf = ({ url, prefix = standard }: QueuedOptions) => ({
  connection: { url, maxRetriesPerRequest: null },
  prefix,
})

/** Milliseconds after so many failures in a row. */
const pauseOf = (job: Job, failures: number): number =>
  Math.round(pauseAfter(failures, pausesOf(job), Math.random()) * 1000)

/** What a run answers that did all that was due: whichever process it ran in, the job has no fault then. */
const done = 'done'

const openWorker = (
  queue: Queue,
  job: Job,
  options: QueuedOptions,
  tell: Tell,
): Pick<Track, 'worker' | 'idle'> => {
  const under = new Set<Promise<unknown>>()
  const run = async (): Promise<string> => {
    const asked = new Set<string>()
    try {
      await job.run(inOrder, () => void asked.add(job.name))
      for (const name of asked) await ask(queue, name)
      tell(undefined)
      return done
    } catch (error) {
      const fault = error as Error
      tell(fault)
      const nameOnly = new Error(fault.name)
      delete nameOnly.stack
      throw nameOnly
    }
  }
  const runTimed = async (): Promise<string> => {
    // One that waits, or is to be tried again, sees what is due.
    if ((await queue.getDeduplicationJobId(job.name)) !== null) return 'left'
    return run().catch(async () => {
      await queue.add(job.name, {}, { ...nudged(job.name, undefined), delay: pauseOf(job, 1) })
      return 'left'
    })
  }
  const process = ({ name }: Readonly<{ name: string }>): Promise<string> => {
    const running = name === timed ? runTimed() : run()
    under.add(running)
    const forget = (): void => void under.delete(running)
    running.then(forget, forget)
    return running
  }
  const settings = { backoffStrategy: (failures: number) => pauseOf(job, failures) }
  const worker = new Worker(job.name, process, {
    ...connectionOf(options),
    ...(job.urgent === true ? takenOverSoon : takenOver),
    concurrency: 1,
    settings,
  })
  return { worker, idle: () => Promise.allSettled([...under]) }
}

/** @param client the connection that the queues of this process share */
const openTrack = async (
  client: Redis,
  job: Job,
  options: QueuedOptions,
  { tell, lost }: Readonly<{ tell: Tell; lost: (error: Error) => void }>,
): Promise<Track> => {
  const queue = new Queue(job.name, { ...connectionOf(options), connection: client })
  const events = new QueueEvents(job.name, connectionOf(options))
  const asksOnly = { worker: undefined, idle: () => Promise.resolve() }
  const { worker, idle } = options.run === false ? asksOnly : openWorker(queue, job, options, tell)
  const track: Track = { queue, events, worker, idle }
  // A connection that is lost comes back by itself; until then the job's timer stands still. That is told, and no fault of the job.
  queue.on('error', lost)
  events.on('error', lost)
  worker?.on('error', lost)
  events.on('completed', ({ returnvalue }) => {
    if (returnvalue === done) tell(undefined)
  })
  try {
    await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker?.waitUntilReady()])
    if (worker === undefined) return track
    await derive(queue, job)
    keepRight(queue, job, worker)
    // A Redis that comes back may have forgotten everything: the timers are made anew, and what has become due meanwhile is done.
    client.on('ready', () => {
      derive(queue, job)
        .then(() => ask(queue, job.name))
        .catch(tell)
    })
    return track
  } catch (error) {
    await closeTrack(track)
    throw error
  }
}

/**
 * Starts the jobs on a Redis: all of them, or none. With `run: false` none of them runs here: a nudge and `runNow` reach whoever
 * runs them, however late he starts, and there are no faults to know of.
 * @throws JobsFault when it cannot be reached
 */
export const startQueuedJobs = async (
  jobs: readonly Job[],
  onFault: OnFault,
  options: QueuedOptions,
): Promise<Jobs> => {
  const { url, prefix = standard } = options
  await requireRedis(url, prefix)
  const faults = new Map<string, Error>()
  const tracks = new Map<string, Track>()
  const tell = (name: string, error: Error | undefined): void => {
    if (error === undefined) {
      faults.delete(name)
      return
    }
    if (options.run !== false) faults.set(name, error)
    onFault(name, error)
  }
  let lostAt = -Infinity
  const lost = (name: string, error: Error): void => {
    if (performance.now() - lostAt < lostMs) return
    lostAt = performance.now()
    onFault(name, error)
  }
  const client = new Redis(url, { maxRetriesPerRequest: null })
  // Each queue hears of it, and tells.
  client.on('error', () => undefined)
  client.setMaxListeners(0)
  // A nudge that is on its way when somebody stops has a few seconds to arrive.
  const nudges = new Set<Promise<unknown>>()
  const stop = async (): Promise<void> => {
    await Promise.race([Promise.allSettled(nudges), sleep(nudgeMs, undefined, { ref: false })])
    await Promise.all([...tracks.values()].map(closeTrack))
    client.disconnect()
  }
  try {
    for (const job of jobs) {
      const { name } = job
      const heard = {
        tell: (error: Error | undefined) => tell(name, error),
        lost: (error: Error) => lost(name, error),
      }
      tracks.set(name, await openTrack(client, job, options, heard))
    }
  } catch (error) {
    await stop()
    throw error
  }

  const trackOf = (name: string): Track => {
    const track = tracks.get(name)
    if (track === undefined) throw new Error(`there is no job ${name}`)
    return track
  }

  return {
    nudge: (name, about) => {
      const nudge = ask(trackOf(name).queue, name, about)
        .catch((error: unknown) => onFault(name, error as Error))
        .finally(() => nudges.delete(nudge))
      nudges.add(nudge)
    },
    hurry: async (name) => {
      const { queue } = trackOf(name)
      await ask(queue, name)
      // One that was begun meanwhile waits no more.
      await endPause(queue, name).catch(() => undefined)
    },
    runNow: async (name) => {
      const { queue, events } = trackOf(name)
      const asked = await queue.add(
        name,
        {},
        { attempts: 1, removeOnComplete: 100, removeOnFail: keptFailures },
      )
      await asked.waitUntilFinished(events, waitMs)
    },
    faults: () => faults,
    counts: async () => {
      const all = [...tracks].map(async ([queue, track]) =>
        Object.entries({
          ...(await track.queue.getJobCounts('waiting', 'active', 'delayed')),
          // A run that failed is tried again, and waits until then: what Redis calls failed was asked for once, however long ago.
          failed: faults.has(queue) ? 1 : 0,
        }).map(([state, count]) => ({ queue, state, count })),
      )
      return (await Promise.all(all)).flat()
    },
    health: () => lookAtRedis(url, prefix).then((seen) => (seen === true ? true : `${seen} (REDIS_URL)`)),
    stop,
  }
}
