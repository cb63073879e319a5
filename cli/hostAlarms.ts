// What the machine has that people must look after before it becomes an outage: room on the disk, and the clock.
import { statfs } from 'node:fs/promises'
import type { ClockOffset } from './clockOffsets.ts'
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

/** What cannot be looked at is an alarm too. */
const looked = <T>(read: () => Promise<T>, judge: (value: T) => true | string): Promise<true | string> =>
  read().then(judge, () => 'cannot be looked at')

/** The alarms of the machine, as /readyz shows them. */
export const hostAlarms =
  (
    parts: Readonly<{ free: () => Promise<number>; offsets: () => Promise<readonly ClockOffset[]> }>,
    limits: HostLimits,
  ): (() => Promise<Readonly<Record<'disk' | 'clock', true | string>>>) =>
  async () => ({
    disk: await looked(parts.free, (free) => diskAlarm(free, limits)),
    clock: await looked(parts.offsets, (offsets) => clockAlarm(offsets, limits)),
  })
