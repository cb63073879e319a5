// Who runs the jobs: this process, or BullMQ where there is a Redis. Only then is BullMQ loaded.
import { startJobs } from './embedded.ts'
import type { LetterStore } from './letters.ts'
import { JobsFault, type Job, type Jobs, type OnFault } from './port.ts'

export type RunnerOptions = Readonly<{
  redisUrl: string | undefined
  /** The ledger's origin: installations on one Redis are told apart by it. */
  log: string
  /** False: this process asks for runs and runs nothing itself; `runNow` waits for a process that does. */
  run?: boolean
}>

/**
 * Starts the jobs, or what asks for them.
 * @throws JobsFault when Redis cannot be reached, or when nobody could be asked
 */
export const openJobs = async (
  jobs: readonly Job[],
  onFault: OnFault,
  { redisUrl, log, run = true }: RunnerOptions,
): Promise<Jobs> => {
  if (redisUrl === undefined) {
    if (run) return startJobs(jobs, onFault)
    throw new JobsFault('REDIS_URL is not set: whoever runs no jobs asks others for them by Redis')
  }
  const { startQueuedJobs } = await import('./queued.ts')
  return startQueuedJobs(jobs, onFault, { ...{ url: redisUrl, run }, prefix: prefixOf(log) })
}

/** No `/` nor `:` in a prefix: they mean something to Redis' tools and to BullMQ. */
const prefixOf = (log: string): string => `grand-livre-${log.replace(/[^a-z0-9]+/gi, '-')}`

/** Where letters are kept of jobs that several processes share. */
export const openSharedLetters = async (redisUrl: string, log: string): Promise<LetterStore> => {
  const { openRedisLetters } = await import('./lettersRedis.ts')
  return openRedisLetters({ url: redisUrl, prefix: prefixOf(log) })
}
