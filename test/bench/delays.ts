// Delays in milliseconds, and the promise that they are held against: a revocation is on the CRL and in OCSP within so many seconds.
import { promisedSeconds } from '../../jobs/revocationDelay.ts'

/** The value that a share of all does not exceed. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** p50 / p99 / longest. */
export const delays = (values: readonly number[]): string =>
  [0.5, 0.99, 1].map((share) => `${Math.round(percentile(values, share))} ms`).join(' / ')

/** What is promised, and whether each of these has kept it. */
export const verdict = (...each: readonly (readonly number[])[]): string => {
  const promisedMs = promisedSeconds * 1000
  const isMet = each.every((values) => percentile(values, 0.99) <= promisedMs)
  return `required: p99 ≤ ${promisedMs} ms, ${isMet ? 'met' : 'MISSED'}`
}
