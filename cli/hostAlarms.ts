// What the machine has that people must look after before it becomes an outage: room on the disk, and the clock.
import { statfs } from 'node:fs/promises'
import { inTime } from '../api/probes.ts'
import type { ClockOffset, Clocks } from './clockOffsets.ts'
import { alarmsOf } from './health.ts'
import type { HostLimits } from './opsConfig.ts'

const mebibyte = 1024 * 1024

/** Free octets where a directory is, for a process that is not root. */
export const diskFree = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/** True while there is room; else what an operator needs to know. */
export const diskAlarm = (free: number, { diskLowMb }: HostLimits): true | string =>
  free >= diskLowMb * mebibyte
    ? true
    : `${Math.floor(free / mebibyte)} MB free for DATA_DIR, less than DISK_LOW_MB (${diskLowMb}): make room`

const clocks = {
  database: (ahead: number) => `the clock of the database is ${words(ahead)}`,
  eventStore: (ahead: number) => `the clock of EventStoreDB was ${words(ahead)} at the newest event`,
  ledger: (ahead: number) =>
    `the newest event is ${Math.round(ahead)} s in our future: our clock was put back`,
} as const

const words = (ahead: number): string =>
  `${Math.round(Math.abs(ahead))} s ${ahead > 0 ? 'ahead of' : 'behind'} ours`

/** True while every clock agrees with ours; else which do not, and by how much. */
export const clockAlarm = (
  offsets: readonly ClockOffset[],
  { clockDriftSeconds }: HostLimits,
): true | string => {
  const wrong = offsets.filter(({ seconds }) => Math.abs(seconds) > clockDriftSeconds)
  if (wrong.length === 0) return true
  const said = wrong.map(({ clock, seconds }) => clocks[clock](seconds)).join('; ')
  return `${said} (CLOCK_DRIFT_SECONDS is ${clockDriftSeconds})`
}

/** Less than an alarm is waited for: a clock that nobody can be asked for hides no other. */
const clockMs = 1_000

const unseen = {
  database: 'the clock of the database cannot be looked at',
  ledger: 'the newest event cannot be looked at',
} as const

const lookAtClocks = async (asked: Clocks, limits: HostLimits): Promise<true | string> => {
  const names = (['ledger', 'database'] as const).filter((name) => asked[name] !== undefined)
  const found = await Promise.all(
    names.map((name) => inTime(async () => asked[name]?.(), undefined, clockMs)),
  )
  const judged = clockAlarm(
    found.flatMap((offsets) => offsets ?? []),
    limits,
  )
  const said = [
    ...(judged === true ? [] : [judged]),
    ...names.filter((_, index) => found[index] === undefined).map((name) => unseen[name]),
  ]
  return said.length === 0 ? true : said.join('; ')
}

/** The alarms of the machine, as /readyz shows them. */
export const hostAlarms =
  (
    parts: Readonly<{ free: () => Promise<number>; clocks: Clocks }>,
    limits: HostLimits,
  ): (() => Promise<Readonly<Record<'disk' | 'clock', true | string>>>) =>
  () =>
    alarmsOf({
      disk: async () => diskAlarm(await parts.free(), limits),
      clock: () => lookAtClocks(parts.clocks, limits),
    })
