// How results are shown: a table for people, JSON for programs. Nothing here passes or fails.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { columns } from '../../cli/output.ts'
import type { Comparison, Result, Speed } from './bench.ts'

export type Machine = Readonly<{ node: string; platform: string; cores: number; cpu: string; load: number }>

/** The machine, and how busy it has been in the last minute. */
export const machine = (): Machine => ({
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? 'unknown',
  load: loadavg()[0] ?? 0,
})

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const pair = [sorted[Math.ceil(middle) - 1] ?? NaN, sorted[Math.floor(middle)] ?? NaN] as const
  return (pair[0] + pair[1]) / 2
}

/** Of each round's two speeds: what disturbs the machine during a round disturbs both. */
const ratiosOf = ({ ours, baseline }: Comparison, by: keyof Speed): readonly number[] =>
  ours.map((speed, round) => speed[by] / (baseline[round]?.[by] ?? NaN))

const medianOf = (speeds: readonly Speed[], by: keyof Speed): number =>
  median(speeds.map((speed) => speed[by]))

/** Nothing for what no process of the bench has worked at. */
const shown = (value: number, as: (value: number) => string): string => (Number.isNaN(value) ? '' : as(value))
const whole = (speed: number): string => shown(speed, (known) => Math.round(known).toLocaleString('en-GB'))
const twoDigits = (ratio: number): string => shown(ratio, (known) => known.toFixed(2))
const spread = (values: readonly number[]): string =>
  `${twoDigits(Math.min(...values))}–${twoDigits(Math.max(...values))}`

const requirement = (comparison: Comparison): string => {
  const { speed, ratio } = comparison.required ?? {}
  const verdict = (isMet: boolean): string => (isMet ? 'met' : 'MISSED')
  if (speed !== undefined)
    return `≥ ${whole(speed)} ${comparison.unit}: ${verdict(medianOf(comparison.ours, 'clock') >= speed)}`
  if (ratio !== undefined)
    return `ratio ≥ ${twoDigits(ratio)}: ${verdict(median(ratiosOf(comparison, 'clock')) >= ratio)}`
  return ''
}

const row = (name: string, comparison: Comparison): readonly string[] => {
  const { what, unit, ours, baseline, against } = comparison
  const ratios = ratiosOf(comparison, 'clock')
  return [
    ...[name, what, unit, whole(medianOf(ours, 'clock')), whole(medianOf(baseline, 'clock'))],
    ...[twoDigits(median(ratios)), spread(ratios), String(ours.length)],
    ...[whole(medianOf(ours, 'work')), twoDigits(median(ratiosOf(comparison, 'work')))],
    ...[against, requirement(comparison)],
  ]
}

const heads = [
  ...[
    'BENCH',
    'WHAT',
    'UNIT',
    'OURS',
    'BASELINE',
    'RATIO',
    'SPREAD',
    'ROUNDS',
    'OURS A CPU SECOND',
    'CPU RATIO',
  ],
  ...['BASELINE IS', 'REQUIRED'],
]

/** One line a comparison: medians, the median of the ratios, and the lowest and highest of them. */
export const table = (results: readonly Readonly<{ name: string; result: Result }>[]): string =>
  columns([
    heads,
    ...results.flatMap(({ name, result }) => result.comparisons.map((comparison) => row(name, comparison))),
  ])
