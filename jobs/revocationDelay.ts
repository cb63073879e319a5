// CGU-76: how long a revocation takes from its record to the CRL that can be fetched and to the answers of the responder. It is promised
// within seconds; what takes longer is an alarm while it lasts, and for an hour after it.
import { secondsOf } from '../domain/policy/dates.ts'
import { latestCrl, oldestEntrySince } from '../readmodels/crls.ts'
import type { OpenDatabase } from '../readmodels/database.ts'

/** From the record of a revocation to where it is seen, in seconds. */
export const promisedSeconds = 5
const rememberedSeconds = 3600

/** In seconds. Revocations are dated to the second, so what is shown may be up to one second too long, and is never too short. */
export type Delays = Readonly<{
  /** Age of the oldest revocation that no CRL lists; 0 where there is none. */
  crl: number
  /** At most so old is what the responder does not know yet. */
  ocsp: number
  /** The longest of the last hour until a CRL listed a revocation. */
  worstListed: number
}>

export type RevocationDelay = Readonly<{
  current: () => Promise<Delays>
  /** Told of each CRL that is the first to list revocations: when the oldest of them took effect. */
  listed: (issuer: string, revokedAt: string) => void
  /** True, or which promise is not kept. */
  alarm: () => Promise<true | string>
}>

type Tools = Readonly<{
  db: OpenDatabase['db']
  /** Of the issuing authority. */
  issuer: string
  now: () => string
  /** Age of the oldest fact that the status table has not taken in. */
  lagSeconds: () => number
}>

export const openRevocationDelay = ({ db, issuer, now, lagSeconds }: Tools): RevocationDelay => {
  let remembered: readonly Readonly<{ at: number; seconds: number }>[] = []
  const ageOf = (instant: string | undefined): number =>
    instant === undefined ? 0 : Math.max(0, secondsOf(now()) - secondsOf(instant))
  const recent = () => {
    const since = secondsOf(now()) - rememberedSeconds
    remembered = remembered.filter(({ at }) => at > since)
    return remembered
  }
  const current = async (): Promise<Delays> => {
    const ocsp = lagSeconds()
    const newest = await latestCrl(db, issuer)
    // CGU-87: what follows the last list is on none.
    const waiting = newest?.last === true ? undefined : await oldestEntrySince(db, issuer, newest?.up_to ?? 0)
    return {
      crl: ageOf(waiting),
      ocsp,
      worstListed: Math.max(0, ...recent().map(({ seconds }) => seconds)),
    }
  }
  return {
    current,
    listed: (authority, revokedAt) => {
      const seconds = ageOf(revokedAt)
      if (authority === issuer) remembered = [...recent(), { at: secondsOf(now()), seconds }]
    },
    alarm: async () => {
      const { crl, ocsp, worstListed } = await current()
      const broken = [
        ...(crl > promisedSeconds ? [`CRL ${crl} s`] : []),
        ...(ocsp > promisedSeconds
          ? [`OCSP ${Number.isFinite(ocsp) ? `${Math.ceil(ocsp)} s` : 'unknown'}`]
          : []),
        ...(worstListed > promisedSeconds ? [`CRL ${worstListed} s within the last hour`] : []),
      ]
      return broken.length === 0 ? true : `${broken.join(', ')}; promised are ${promisedSeconds} s`
    },
  }
}
