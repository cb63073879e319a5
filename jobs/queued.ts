// Jobs on BullMQ: several processes share them, each job runs in one of them at a time, and what was asked for outlives a
// restart. Redis holds the names of jobs and of errors, nothing else: no data, and no message that might quote any.
import { Queue, QueueEvents, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { JobsFault, retrySeconds, type Job, type Jobs, type OnFault } from './port.ts'

export type QueuedOptions = Readonly<{
  /** `redis://…`. */
  url: string
  /** Distinguishes installations on one Redis. */
  prefix?: string
  /** False: this process asks for runs, and others run them. */
  run?: boolean
}>

const connectMs = 5000
const waitMs = 24 * 3600 * 1000
const keptFailures = 20

/** BullMQ waits for ever where nobody answers: ask once, and say so. */
const requireRedis = async (url: string): Promise<void> => {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: connectMs, retryStrategy: () => null })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
  } catch (cause) {
    throw new JobsFault('REDIS_URL: Redis gives no answer', { cause })
  } finally {
    client.disconnect()
  }
}

/** Tried again until it succeeds; until then a nudge for the same job adds nothing. */
const lasting = {
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: 'fixed', delay: retrySeconds * 1000 },
  removeOnComplete: true,
  removeOnFail: keptFailures,
} as const

/** One nudge waits at most, also during a run: that is the run which sees what the nudge was about. */
const nudged = (name: string) => ({ ...lasting, deduplication: { id: name, keepLastIfActive: true } })

/** Without a worker, this process only asks. */
type Track = Readonly<{ queue: Queue; events: QueueEvents; worker: Worker | undefined }>

const closeTrack = async ({ worker, events, queue }: Track): Promise<void> => {
  await worker?.close()
  await events.close()
  await queue.close()
}

type Tell = (error: Error | undefined) => void

const connectionOf = ({ url, prefix = 'grand-livre' }: QueuedOptions) => ({
  connection: { url, maxRetriesPerRequest: null },
  prefix,
})

const openWorker = (job: Job, options: QueuedOptions, tell: Tell): Worker => {
  const process = async (): Promise<void> => {
    try {
      await job.run()
      tell(undefined)
    } catch (error) {
      const fault = error as Error
      tell(fault)
      const nameOnly = new Error(fault.name)
      delete nameOnly.stack
      throw nameOnly
    }
  }
  return new Worker(job.name, process, { ...connectionOf(options), concurrency: 1 })
}

const openTrack = async (job: Job, options: QueuedOptions, tell: Tell): Promise<Track> => {
  const queue = new Queue(job.name, connectionOf(options))
  const events = new QueueEvents(job.name, connectionOf(options))
  const worker = options.run === false ? undefined : openWorker(job, options, tell)
  const track = { queue, events, worker }
  // A connection that is lost comes back by itself; until then the job's timer stands still.
  queue.on('error', tell)
  events.on('error', tell)
  worker?.on('error', tell)
  try {
    await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker?.waitUntilReady()])
    if (worker === undefined) return track
    await queue.setGlobalConcurrency(1)
    const due = { name: job.name, opts: lasting }
    await queue.upsertJobScheduler('due', { every: job.everySeconds * 1000 }, due)
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
  await requireRedis(options.url)
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
  const stop = async (): Promise<void> => {
    for (const track of tracks.values()) await closeTrack(track)
  }
  try {
    for (const job of jobs)
      tracks.set(job.name, await openTrack(job, options, (error) => tell(job.name, error)))
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
    nudge: (name) => {
      trackOf(name)
        .queue.add(name, {}, nudged(name))
        .catch((error: unknown) => tell(name, error as Error))
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
    stop,
  }
}
