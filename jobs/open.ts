// Who runs the jobs: this process, or BullMQ where there is a Redis. Only then is BullMQ loaded.
import { startJobs } from './embedded.ts'
import type { Job, Jobs, OnFault } from './port.ts'

/**
 * Starts the jobs.
 * @param to.log the ledger's origin: installations on one Redis are told apart by it
 * @throws JobsFault when Redis cannot be reached
 */
export const openJobs = async (
  jobs: readonly Job[],
  onFault: OnFault,
  { redisUrl, log }: Readonly<{ redisUrl: string | undefined; log: string }>,
): Promise<Jobs> => {
  if (redisUrl === undefined) return startJobs(jobs, onFault)
  const { startQueuedJobs } = await import('./queued.ts')
  // No `/` nor `:` in a prefix: they mean something to Redis' tools and to BullMQ.
  return startQueuedJobs(jobs, onFault, {
    url: redisUrl,
    prefix: `grand-livre-${log.replace(/[^a-z0-9]+/gi, '-')}`,
  })
}
