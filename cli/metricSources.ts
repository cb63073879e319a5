// Where the numbers of /metrics come from in an installation.
import type { CrlFile } from '../api/crlFile.ts'
import type { Probed } from '../api/probes.ts'
import type { Services } from '../api/services.ts'
import { addDays, secondsOf } from '../domain/policy/dates.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { comparePositions, type Position } from '../ledger/store.ts'
import type { Runner } from '../projections/runner.ts'
import { latestCrl } from '../readmodels/crls.ts'
import { certificateCounts, expiringCount, pendingRecoveries } from '../readmodels/metrics.ts'
import { keptFor, type Sources } from '../telemetry/sources.ts'
import type { Jobs } from '../jobs/port.ts'
import type { RevocationDelay } from '../jobs/revocationDelay.ts'
import type { Product } from '../main.ts'
import type { ClockOffset } from './clockOffsets.ts'
import { lastVerified } from './verifiedMark.ts'

/** A count of certificates looks at all of them. */
const countEverySeconds = 30
/** More than these are not counted: a scrape does not read a whole ledger. */
const countedAtMost = 10_000
const windows = [7, 30, 90] as const

const countAfter = async (ledger: Ledger, position: Position | undefined): Promise<number> => {
  let count = 0
  for await (const _ of ledger.entries(position)) {
    count += 1
    if (count === countedAtMost) break
  }
  return count
}

/** How far each read model is behind; what stands at one place is counted once. */
const projectionLags = async (ledger: Ledger, runner: Runner, now: string) => {
  const head = await ledger.head()
  const counted = new Map<bigint | undefined, number>()
  const behind = async (position: Position | undefined): Promise<number> => {
    if (head === undefined || (position !== undefined && comparePositions(position, head) >= 0)) return 0
    const count = counted.get(position?.commit) ?? (await countAfter(ledger, position))
    counted.set(position?.commit, count)
    return count
  }
  const found = []
  for (const { name: projection, position } of runner.status())
    found.push({
      projection,
      lagEvents: await behind(position),
      lagSeconds: runner.lagSeconds(now, projection),
    })
  return found
}

type ShownList = Readonly<{ number: number; thisUpdate: string; nextUpdate: string }>

const shownList = ({ number, thisUpdate, nextUpdate }: ShownList, now: string) => ({
  number,
  ageSeconds: Math.max(0, secondsOf(now) - secondsOf(thisUpdate)),
  nextUpdate: secondsOf(nextUpdate),
})

const crlsOf = async ({ db, authority, now }: Services) => {
  const found = []
  for (const [ca, { id }] of [['issuing', authority.ca] as const, ['root', authority.rootCa] as const]) {
    const newest = await latestCrl(db, id)
    if (newest === undefined) continue
    const { number, entries, this_update: thisUpdate, next_update: nextUpdate } = newest
    found.push({ ca, entries, ...shownList({ number, thisUpdate, nextUpdate }, now()) })
  }
  return found
}

/** Of lists that are kept to be served, whatever a database has by now. */
export const keptListSources = (
  list: (name: 'crl' | 'rootCrl') => CrlFile | undefined,
  now: () => string,
): Sources => ({
  crls: async () =>
    (
      [
        ['issuing', 'crl'],
        ['root', 'rootCrl'],
      ] as const
    ).flatMap(([ca, name]) => {
      const file = list(name)
      return file === undefined ? [] : [{ ca, ...shownList(file, now()) }]
    }),
})

/** Of the API's part: what it serves, and what its database says. */
export const servedSources = (services: Services): Sources => {
  const { db, now } = services
  const seconds = (): number => secondsOf(now())
  const rarely = <T>(read: () => Promise<T>) => keptFor(countEverySeconds, seconds, read)
  return {
    certificates: rarely(() => certificateCounts(db, now())),
    expiring: rarely(() =>
      Promise.all(
        windows.map(async (days) => ({
          window: `${days}d`,
          count: await expiringCount(db, now(), addDays(now(), days)),
        })),
      ),
    ),
    recoveryPending: () => pendingRecoveries(db),
    crls: () => crlsOf(services),
    ...probedSources(services),
  }
}

/** Of the projector's part. @param parts.runner undefined while another process projects: there is nothing to show then */
export const projectorSources = (
  parts: Readonly<{ ledger: Ledger; runner: () => Runner | undefined; now: () => string }>,
): Sources => ({
  projections: async () => {
    const runner = parts.runner()
    return runner === undefined ? [] : projectionLags(parts.ledger, runner, parts.now())
  },
})

/** Of the worker's part. */
export const workerSources = (jobs: Jobs, delays: RevocationDelay['current']): Sources => ({
  queues: jobs.counts,
  revocationDelays: async () => {
    const { crl, ocsp, worstListed } = await delays()
    return Object.entries({ crl, ocsp, crlLastHour: worstListed }).map(([seen, seconds]) => ({
      seen,
      seconds,
    }))
  },
})

/** Of whoever holds a directory, and keys or a way to them. */
export const keeperSources = (
  parts: Readonly<{ keysHealth: () => Promise<true | string>; free: () => Promise<number> }>,
): Sources => ({
  hsmUp: async () => (await parts.keysHealth()) === true,
  diskFree: parts.free,
})

/** The same, beside the clocks of a ledger and a database. */
export const hostSources = (
  parts: Parameters<typeof keeperSources>[0] &
    Readonly<{ dataDir: string; offsets: () => Promise<readonly ClockOffset[]> }>,
): Sources => ({
  ...keeperSources(parts),
  lastVerified: () => lastVerified(parts.dataDir),
  clockOffsets: parts.offsets,
})

/** Of a process that probes are answered by: as /readyz has it. */
export const probedSources = ({ health, alarms }: Probed): Sources => ({
  checks: health,
  ...(alarms === undefined ? {} : { alarms }),
})

/** Of one process that has every part. */
export const productSources = ({
  services,
  ledger,
  runner,
  jobs,
  delays,
}: Pick<Product, 'services' | 'ledger' | 'runner' | 'jobs' | 'delays'>): Sources => ({
  ...servedSources(services),
  ...projectorSources({ ledger, runner: () => runner, now: services.now }),
  ...workerSources(jobs, delays),
})
