// What a job is, and what may be asked of those who run them. A nudge is never trusted: every job looks in the ledger and the
// read models for what is due, and a timer asks again. So a lost nudge costs time, and a doubled one nothing.

export type Job = Readonly<{
  name: string
  everySeconds: number
  /** Does all that is due; does nothing when nothing is. */
  run: () => Promise<void>
}>

export type Jobs = Readonly<{
  /** Runs the job soon: now, or once more after the run that is under way. */
  nudge: (name: string) => void
  /** Runs the job and waits for it; its fault is the caller's. */
  runNow: (name: string) => Promise<void>
  /** Last fault of each job that has not succeeded since. */
  faults: () => ReadonlyMap<string, Error>
  stop: () => Promise<void>
}>

/** Told of each failed run; the job runs again after a few seconds. */
export type OnFault = (job: string, error: Error) => void

/** After a failed run. */
export const retrySeconds = 5

/** Who runs the jobs cannot be reached. */
export class JobsFault extends Error {
  override readonly name = 'JobsFault'
}
