// When a job's time comes, on Redis: its timer, and a look whether that comes, whatever clocks have said.
import type { Queue, Worker } from 'bullmq'
import { pausesOf, type Job } from './port.ts'

/** Name of the run that a timer asks for: each of them is one of its own, so it leaves what fails to the one that lasts. */
export const timed = 'due'

/** What Redis has to know of a job that runs here: one at a time, and when its time comes. */
export const derive = async (queue: Queue, { everySeconds }: Job): Promise<void> => {
  await queue.setGlobalConcurrency(1)
  const opts = { attempts: 1, removeOnComplete: true, removeOnFail: true }
  await queue.upsertJobScheduler(timed, { every: everySeconds * 1000 }, { name: timed, opts })
}

/** How often is looked whether everything comes in its time, and by how much clocks may differ, in milliseconds. */
const lookMs = 5_000

/** What waits to be tried again is tried now. */
export const endPause = async (queue: Queue, name: string): Promise<void> => {
  const id = await queue.getDeduplicationJobId(name)
  const waiting = id === null ? undefined : await queue.getJob(id)
  if ((await waiting?.isDelayed()) === true) await waiting?.promote()
}

/**
 * Whatever waits here waits for an instant: one that a clock has named which was ahead, and was put back since, does not come for as long as
 * it was ahead. A timer that is not there is made, too.
 */
const putRight = async (queue: Queue, job: Job): Promise<void> => {
  const latest = (seconds: number): number => Date.now() + seconds * 1000 + lookMs
  const longest = latest(pausesOf(job).longest)
  const [timer, all, near] = await Promise.all([
    queue.getJobScheduler(timed),
    queue.getDelayedCount(),
    queue.getDelayedCount(longest),
  ])
  const next = timer?.next ?? Infinity
  // What else waits is looked at the next time.
  if (next > latest(job.everySeconds)) {
    await queue.removeJobScheduler(timed)
    await derive(queue, job)
    return
  }
  if (all - near <= (next < longest ? 0 : 1)) return
  await endPause(queue, job.name)
}

/** Looks every few seconds, whatever the clock says meanwhile, until the worker stops. A look that fails is made again. */
export const keepRight = (queue: Queue, job: Job, worker: Worker): void => {
  let looking: Promise<void> | undefined
  const look = (): void => {
    looking ??= putRight(queue, job)
      .catch(() => undefined)
      .finally(() => (looking = undefined))
  }
  const timer = setInterval(look, lookMs).unref()
  worker.once('closing', () => clearInterval(timer))
  look()
}
