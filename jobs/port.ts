// What a job is, and what may be asked of those who run them. A nudge is never trusted: every job looks in the ledger and the
// read models for what is due, and a timer asks again. So a lost nudge costs time, and a doubled one nothing.

/**
 * Goes through the things that a job finds due, each by its id: how one of them ends is nothing to the others
 * (jobs/letters.ts).
 */
export type Each = (items: readonly string[], act: (item: string) => Promise<void>) => Promise<void>

/** One after the other, and no further than the first that fails. */
export const inOrder: Each = async (items, act) => {
  for (const item of items) await act(item)
}

export type Job = Readonly<{
  name: string
  everySeconds: number
  /** Promised within seconds, also where whoever runs it dies: two runs at once do no harm then. */
  urgent?: boolean
  /**
   * Does all that is due; does nothing when nothing is.
   * @param again asks for one more run behind this one: something may be due that could not be seen yet
   */
  run: (each: Each, again?: () => void) => Promise<void>
}>

export type JobCount = Readonly<{ queue: string; state: string; count: number }>

export type Jobs = Readonly<{
  /**
   * Runs the job soon: now, or once more after the run that is under way; after a failure, when its pause is over.
   * @param about the fact that it is for, which several processes may see: one nudge a fact
   */
  nudge: (name: string, about?: string) => void
  /** Somebody has put right what it failed by: as a nudge, and a pause after a failure is over at once. */
  hurry: (name: string) => Promise<void>
  /** Runs the job and waits for it; its fault is the caller's. */
  runNow: (name: string) => Promise<void>
  /** Last fault of each job that has not succeeded since. */
  faults: () => ReadonlyMap<string, Error>
  /** Runs of each job by state: waiting, active, delayed, failed. */
  counts: () => Promise<readonly JobCount[]>
  /** True while who runs the jobs answers; else why not. */
  health: () => Promise<true | string>
  stop: () => Promise<void>
}>

/** Told of each failed run; the job runs again after a pause that grows. */
export type OnFault = (job: string, error: Error) => void

/** From the first pause to the longest, in seconds. */
export type Pauses = Readonly<{ first: number; longest: number }>

/**
 * Seconds to wait after so many failures in a row: twice as long each time, of which up to a fifth is left off by chance, so that
 * many do not come back at one moment.
 * @param chance from 0 to 1
 */
export const pauseAfter = (failures: number, { first, longest }: Pauses, chance: number): number =>
  Math.min(longest, first * 2 ** Math.max(0, Math.min(failures, 30) - 1)) * (1 - chance / 5)

/** After a failed run of a job: from a second to its own period, at most a minute. */
export const pausesOf = ({ everySeconds }: Pick<Job, 'everySeconds'>): Pauses => ({
  ...{ first: 1, longest: Math.max(1, Math.min(everySeconds, 60)) },
})

/** Who runs the jobs cannot be reached. */
export class JobsFault extends Error {
  override readonly name = 'JobsFault'
}
