// CGU-76: from the request to the revocation to the list that shows it: counts, median, 95th percentile, longest.
import { secondsOf } from '../../domain/policy/dates.ts'
import { askedFor, shownBy, type Known } from './known.ts'
import { isIn, text, type Period, type Seen } from './seen.ts'

export const delayNames = ['requestToRevocation', 'revocationToCrl', 'requestToCrl'] as const
export type DelayName = (typeof delayNames)[number]

/** Upper bounds of the classes, in seconds; what is longer than the last has a class of its own. */
export const delayClasses = [60, 600, 3600, 6 * 3600, 24 * 3600, 72 * 3600] as const

export type Delay = Readonly<{
  name: DelayName
  count: number
  /** In seconds; null where there is nothing to measure. */
  median: number | null
  p95: number | null
  max: number | null
  /** How many lie in each class, the last one without an upper bound. */
  classes: readonly number[]
  /** The value at each hundredth: what the plot draws. */
  quantiles: readonly number[]
}>

/** The smallest value that at least this share of all does not exceed (nearest rank). */
const quantile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]

const summed = (name: DelayName, values: readonly number[]): Delay => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number | null => quantile(sorted, share) ?? null
  const classOf = (value: number): number => {
    const found = delayClasses.findIndex((bound) => value <= bound)
    return found < 0 ? delayClasses.length : found
  }
  const classes = [...delayClasses, 0].map((_, i) => sorted.filter((value) => classOf(value) === i).length)
  const hundredths = sorted.length === 0 ? [] : Array.from({ length: 101 }, (_, i) => i / 100)
  return {
    ...{ name, count: sorted.length, median: at(0.5), p95: at(0.95), max: at(1), classes },
    quantiles: hundredths.map((share) => quantile(sorted, share) ?? 0),
  }
}

export type Delays = Readonly<{
  take: (seen: Seen, known: Known) => void
  measured: () => readonly Delay[]
}>

/** Measures what was brought to its end in the period. */
export const openDelays = (period: Period): Delays => {
  const values: Record<DelayName, number[]> = {
    requestToRevocation: [],
    revocationToCrl: [],
    requestToCrl: [],
  }
  const add = (name: DelayName, from: string, to: string): void => {
    values[name].push(Math.max(0, secondsOf(to) - secondsOf(from)))
  }
  return {
    take: (seen, known) => {
      if (!isIn(period, seen.at)) return
      if (seen.type === 'CertificateRevoked')
        for (const { receivedAt } of askedFor(known, seen.id))
          add('requestToRevocation', receivedAt, text(seen, 'revokedAt'))
      if (seen.type !== 'CrlIssued') return
      for (const { revokedAt, receivedAt } of shownBy(known, seen)) {
        add('revocationToCrl', revokedAt, seen.env.occurredAt)
        if (receivedAt !== undefined) add('requestToCrl', receivedAt, seen.env.occurredAt)
      }
    },
    measured: () => delayNames.map((name) => summed(name, values[name])),
  }
}
