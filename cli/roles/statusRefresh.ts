// Brings what the status process keeps up to what is now, as long as somebody can be asked: certificates, lists, and a second look at every
// answer that is kept, so that what is said when nobody can be asked is what was true a moment before.
import { setTimeout as sleep } from 'node:timers/promises'
import { secondsOf } from '../../domain/policy/dates.ts'
import { promisedSeconds } from '../../jobs/revocationDelay.ts'
import type { OcspStatus } from '../../pki/ocsp.ts'
import { ocspAnswers } from '../../readmodels/ocspAnswer.ts'
import type { StatusKeep } from './statusKeep.ts'
import type { StatusSources } from './statusSources.ts'

/** How often, in milliseconds. */
const often = 500
/** A round that fails, or takes long, is not yet told of: the next ones may make up for it. */
const roundsAtMost = 4

export type Refreshing = Readonly<{
  /** True, or for how long what is served was not brought up to date: a revocation of that time may be missing (CGU-76). */
  alarm: () => true | string
  stop: () => Promise<void>
}>

type RefreshOptions = Readonly<{
  /** Of rows that say what is true, in seconds. */
  maxLag: number
  onFault: (error: unknown) => void
  everyMs?: number
}>

/**
 * Every answer that is kept beside the rows, once they have moved, are complete, and did not go away meanwhile.
 * @returns whether that could be done
 */
const review = async (
  keep: StatusKeep,
  { db, standing }: StatusSources,
  maxLag: number,
): Promise<boolean> => {
  const followed = standing()
  const ca = keep.authorities()?.ca
  if (followed === undefined || ca === undefined || followed.lagSeconds() > maxLag) return false
  const asked = new Set(keep.serials())
  const rows = await ocspAnswers(db, ca.id, [...asked])
  await followed.lookAgain()
  if (followed.lagSeconds() > maxLag) return false
  keep.review((serial): OcspStatus | undefined => {
    // Kept since then: rows that have moved are looked at again.
    if (!asked.has(serial)) return undefined
    const row = rows.get(serial)
    if (row === undefined) return 'unknown'
    return row.revoked_at === null ? 'good' : { revokedAt: row.revoked_at }
  })
  return true
}

/** @returns false where it is not known yet whose lists there are */
const refresh = async (keep: StatusKeep, sources: StatusSources): Promise<boolean> => {
  if (keep.authorities() === undefined) {
    const found = await sources.authorities()
    if (found !== undefined) await keep.setAuthorities(found)
  }
  const authorities = keep.authorities()
  if (authorities === undefined) return false
  for (const [name, authority] of [
    ['crl', authorities.ca],
    ['rootCrl', authorities.rootCa],
  ] as const) {
    const file = await sources.list(authority)
    if (file !== undefined) await keep.setList(name, file)
  }
  return true
}

/** Goes on until it is stopped. A round that fails is made again: what is kept is served meanwhile. */
export const refreshStatus = (
  keep: StatusKeep,
  sources: StatusSources,
  { maxLag, onFault, everyMs = often }: RefreshOptions,
): Refreshing => {
  const stopping = new AbortController()
  const seconds = (): number => secondsOf(sources.now())
  const longest = Math.max(promisedSeconds, (roundsAtMost * everyMs) / 1000)
  // What a round does not find has come after it was begun. What a directory had at the start may be of any age.
  let goodSince = seconds()
  let reviewed: string | undefined
  /** Whether all that is served is now as it was when the round was begun, or later. */
  const bringUp = async (): Promise<boolean> => {
    const isRefreshed = await refresh(keep, sources)
    const at = sources.standing()?.position()
    if (!isRefreshed || at === undefined) return false
    const stands = `${at.commit}/${at.prepare}`
    if (stands === reviewed) return true
    const isReviewed = await review(keep, sources, maxLag)
    // Rows that could not be trusted are looked at again, also where they do not move any more.
    if (isReviewed) reviewed = stands
    return isReviewed
  }
  const round = async (): Promise<void> => {
    const begun = seconds()
    if (await bringUp()) goodSince = begun
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await round().catch(onFault)
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    alarm: () => {
      const old = seconds() - goodSince
      return old <= longest ? true : `not brought up to date for ${old} s; promised are ${promisedSeconds} s`
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
