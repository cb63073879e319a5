// Brings what the status process keeps up to what is now, as long as somebody can be asked: certificates, lists, and a second look at every
// answer that is kept, so that what is said when nobody can be asked is what was true a moment before.
import { setTimeout as sleep } from 'node:timers/promises'
import type { OcspStatus } from '../../pki/ocsp.ts'
import { ocspAnswers } from '../../readmodels/ocspAnswer.ts'
import type { StatusKeep } from './statusKeep.ts'
import type { StatusSources } from './statusSources.ts'

/** How often, in milliseconds. */
const everyMs = 500

/** Every answer that is kept beside the rows, once they have moved, are complete, and did not go away meanwhile. */
const review = async (keep: StatusKeep, { db, standing }: StatusSources, maxLag: number): Promise<void> => {
  const followed = standing()
  const ca = keep.authorities()?.ca
  if (followed === undefined || ca === undefined) return
  const rows = await ocspAnswers(db, ca.id, keep.serials())
  await followed.lookAgain()
  if (followed.lagSeconds() > maxLag) return
  keep.review((serial): OcspStatus => {
    const row = rows.get(serial)
    if (row === undefined) return 'unknown'
    return row.revoked_at === null ? 'good' : { revokedAt: row.revoked_at }
  })
}

const refresh = async (keep: StatusKeep, sources: StatusSources): Promise<void> => {
  if (keep.authorities() === undefined) {
    const found = await sources.authorities()
    if (found !== undefined) await keep.setAuthorities(found)
  }
  const authorities = keep.authorities()
  if (authorities === undefined) return
  for (const [name, authority] of [
    ['crl', authorities.ca],
    ['rootCrl', authorities.rootCa],
  ] as const) {
    const file = await sources.list(authority)
    if (file !== undefined) await keep.setList(name, file)
  }
}

/** Goes on until it is stopped. A round that fails is made again: what is kept is served meanwhile. */
export const refreshStatus = (
  keep: StatusKeep,
  sources: StatusSources,
  { maxLag, onFault }: Readonly<{ maxLag: number; onFault: (error: unknown) => void }>,
): (() => Promise<void>) => {
  const stopping = new AbortController()
  let reviewed: string | undefined
  const round = async (): Promise<void> => {
    await refresh(keep, sources)
    const at = sources.standing()?.position()
    const stands = at === undefined ? undefined : `${at.commit}/${at.prepare}`
    if (stands === undefined || stands === reviewed) return
    await review(keep, sources, maxLag)
    reviewed = stands
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await round().catch(onFault)
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = run()
  return async () => {
    stopping.abort()
    await running
  }
}
