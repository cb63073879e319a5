// How results are shown: a table for people, JSON for programs. Nothing here passes or fails.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { columns } from '../../cli/output.ts'
import type { Comparison, Result } from './bench.ts'

export type Machine = Readonly<{ node: string; platform: string; cores: number; cpu: string; load: number }>

/** The machine, and how busy it has been in the last minute. */
export const machine = (): Machine => ({
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? 'unknown',
  load: loadavg()[0] ?? 0,
})

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const pair = [sorted[Math.ceil(middle) - 1] ?? NaN, sorted[Math.floor(middle)] ?? NaN] as const
  return (pair[0] + pair[1]) / 2
}

/** Of each round's two speeds; what disturbs the machine during a round disturbs both. */
export const ratios = ({ ours, baseline }: Comparison): readonly number[] =>
  ours.map((speed, round) => speed / (baseline[round] ?? NaN))

const whole = (speed: number): string => Math.round(speed).toLocaleString('en-GB')
const twoDigits = (ratio: number): string => ratio.toFixed(2)
const spread = (values: readonly number[]): string =>
  `${twoDigits(Math.min(...values))}–${twoDigits(Math.max(...values))}`

const requirement = ({ required = {}, unit, ours, baseline, ...rest }: Comparison): string => {
  const wanted = [
    ...(required.speed === undefined
      ? []
      : [{ text: `≥ ${whole(required.speed)} ${unit}`, isMet: median(ours) >= required.speed }]),
    ...(required.ratio === undefined
      ? []
      : [
          {
            text: `≥ ${twoDigits(required.ratio)}`,
            isMet: median(ratios({ ...rest, unit, ours, baseline })) >= required.ratio,
          },
        ]),
  ]
  return wanted.map(({ text, isMet }) => `${text}: ${isMet ? 'met' : 'MISSED'}`).join(', ')
}

/** One line a comparison: medians, the median of the ratios, and the lowest and highest of them. */
export const table = (results: readonly Readonly<{ name: string; result: Result }>[]): string => {
  const rows = results.flatMap(({ name, result }) =>
    result.comparisons.map((comparison) => [
      name,
      comparison.what,
      comparison.unit,
      whole(median(comparison.ours)),
      whole(median(comparison.baseline)),
      twoDigits(median(ratios(comparison))),
      spread(ratios(comparison)),
      String(comparison.ours.length),
      comparison.against,
      requirement(comparison),
    ]),
  )
  const heads = [
    'BENCH',
    'WHAT',
    'UNIT',
    'OURS',
    'BASELINE',
    'RATIO',
    'SPREAD',
    'ROUNDS',
    'AGAINST',
    'REQUIRED',
  ]
  return columns([heads, ...rows])
}
