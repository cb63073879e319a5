// Facts that make a job due at once. A nudge that is lost costs the time until the job's own timer, so a fault of the
// subscription is not worth a word: it is begun anew.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ledger } from '../ledger/ledger.ts'

/**
 * A revocation belongs on the next CRL, which is due at once (CGU-76); so does a serial given up after it may have been signed.
 * Its holder is told (CGU-77), as holders are of a new version (CGU-19), of the authority's end (CGU-84), of a recovery.
 */
const dueAfter: Readonly<Record<string, readonly string[]>> = {
  CertificateRevoked: ['publishCrl', 'notices'],
  CertificateAbandoned: ['publishCrl'],
  DocumentAdopted: ['notices'],
  TerminationDeclared: ['notices'],
  RecoveryDelivered: ['notices'],
}

/** The jobs that facts make due at once. */
export const nudgedJobs: readonly string[] = [...new Set(Object.values(dueAfter).flat())]

/**
 * Follows the ledger from its present end.
 * @param seen told the type of each fact
 * @returns the way to stop
 */
export const followNudges = (
  ledger: Ledger,
  nudge: (job: string, about: string) => void,
  seen: (type: string) => void = () => undefined,
): (() => Promise<void>) => {
  const stopping = new AbortController()
  let stop: () => Promise<void> = async () => undefined

  const follow = async (): Promise<void> => {
    const follower = ledger.follow(await ledger.head())
    stop = follower.stop
    for await (const entry of follower) {
      if (stopping.signal.aborted) return
      if (entry === 'caughtUp') continue
      seen(entry.type)
      for (const job of dueAfter[entry.type] ?? []) nudge(job, `${entry.stream}-${entry.revision}`)
    }
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await follow().catch(() => undefined)
      await sleep(1000, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const running = run()
  return async () => {
    stopping.abort()
    await stop()
    await running
  }
}
