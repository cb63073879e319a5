// When a CRL is due: at its authority's rhythm, and as soon as a revocation stands that the newest CRL does not have
// (CGU-76; decision D2). It is also due while one is planned and not yet issued.
import { addHours, isAhead } from '../domain/policy/dates.ts'
import { issueCrl, type StatusView } from '../commands/issueCrl.ts'
import type { IssuingCa } from '../commands/issuing.ts'
import type { Service } from '../commands/program.ts'

export type CrlState = Readonly<{
  /** The newest issued CRL, if any. */
  newest: Readonly<{ thisUpdate: string; upTo: number; last: boolean }> | undefined
  /** A list is planned and not signed yet: by a run that was cut off, or by an officer, as the last one is. */
  planned?: boolean
  /** Whether something has come since that is to be listed. */
  hasEntrySince: (rank: number) => Promise<boolean>
}>

/** How often an authority issues a list, and how long one is good for. */
export type Rhythm = Readonly<{ everyHours: number; validityHours: number }>

export const crlIsDue = async (
  now: string,
  { everyHours }: Rhythm,
  { newest, planned = false, hasEntrySince }: CrlState,
): Promise<boolean> => {
  if (newest === undefined) return true
  // CGU-87: nothing follows the last one.
  if (newest.last) return false
  if (planned) return true
  if (addHours(newest.thisUpdate, everyHours) <= now) return true
  // RFC 5280 5.1.2.4: issued by a clock that was ahead, and put back since: nobody takes it before that time has come.
  if (isAhead(newest.thisUpdate, now)) return true
  return hasEntrySince(newest.upTo)
}

/** Issues CRLs of an authority until none is due. */
export const publishCrl = async (
  service: Service,
  ca: IssuingCa,
  read: Readonly<{
    rhythm: Rhythm
    view: StatusView
    state: () => Promise<CrlState>
    settled: () => Promise<void>
  }>,
): Promise<void> => {
  while (await crlIsDue(service.now(), read.rhythm, await read.state())) {
    await issueCrl(service, ca, read.view, read.rhythm.validityHours)
    // The read model must have taken the new CRL in before the question is asked again.
    await read.settled()
  }
}
