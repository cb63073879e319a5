// How far the rows are, for whoever reads them: from the runner, where it runs in this process; else from the checkpoints that another
// process writes (projections/followCheckpoints.ts).
import type { Instant } from '../domain/kernel.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Position } from '../ledger/store.ts'
import { certificateStatus } from './certificateStatus.ts'
import { notCaughtUp, type Runner } from './runner.ts'

export type Standing = Readonly<{
  /** True once every projection has applied `position`; false after `timeoutMs`. */
  waitFor: (position: Position, timeoutMs: number) => Promise<boolean>
  /** The same of the ledger's end as it is now. */
  caughtUp: (timeoutMs: number) => Promise<boolean>
  /** Resolves when every projection has taken in every fact. @throws Error after a day */
  settled: () => Promise<void>
  /** Ledger entries that every projection has applied. */
  size: () => Promise<number>
  /** Where the status table stands, which CRL and OCSP are read from. */
  position: () => Position | undefined
  /** Seconds by which the status table is behind, or an upper bound of it; Infinity when that is not known. */
  lagSeconds: () => number
  /** Before what was read is relied on: looks whether the rows still stand where they stood. */
  lookAgain: () => Promise<void>
}>

/** How long a start, or a job, may wait for rows that are built anew, in milliseconds. */
const longestRebuild = 24 * 3600 * 1000

/** What waiting for a position gives. */
export const waitsOf = (
  ledger: Pick<Ledger, 'head'>,
  waitFor: Standing['waitFor'],
  why = () => new Error('the read models have not caught up with the ledger'),
) => {
  const caughtUp: Standing['caughtUp'] = async (timeoutMs) => {
    const head = await ledger.head()
    return head === undefined || (await waitFor(head, timeoutMs))
  }
  return {
    waitFor,
    caughtUp,
    settled: async (): Promise<void> => {
      if (!(await caughtUp(longestRebuild))) throw why()
    },
  }
}

/** @param now the present instant */
export const standingOf = (runner: Runner, ledger: Ledger, now: () => Instant): Standing => ({
  ...waitsOf(
    ledger,
    (position, ms) => runner.waitFor(position, ms),
    () => notCaughtUp(runner),
  ),
  size: async () => Math.min(...runner.status().map((model) => model.size)),
  position: () => runner.status().find(({ name }) => name === certificateStatus.name)?.position,
  lagSeconds: () => runner.lagSeconds(now()),
  lookAgain: async () => undefined,
})
