// What comes due by dates and is for people to begin: controls (CGU-123), destruction of what has come to its term (CGU-116). Nothing is
// recorded: a scan says what waits, and an alarm shows it.
import { addSeconds, isAhead, dayOf } from '../domain/policy/dates.ts'
import { retentionClasses } from '../domain/lists.ts'
import { startedBy } from '../domain/policy/retention.ts'
import type { Service } from '../commands/program.ts'
import { controlsDue } from '../readmodels/components.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { dueUnits } from '../readmodels/retention.ts'
import type { Job } from './port.ts'

export type Scans = Readonly<{
  jobs: readonly Job[]
  /** As this process found it lately: it looks again where it has not yet, or where another one has scanned since. */
  alarms: Readonly<Record<'controls' | 'retention', () => Promise<true | string>>>
}>

type Found = true | string

const everySeconds = 86_400
/** What was found is believed for so long. */
const lookAgainSeconds = 3600
/** Above this the number does not matter. */
const counted = 1000

/** A scan, and what it found last. */
const remembered = (now: () => string, scan: () => Promise<Found>) => {
  let last: Readonly<{ at: string; found: Found }> | undefined
  const run = async (): Promise<Found> => {
    const at = now()
    const found = await scan()
    last = { at, found }
    return found
  }
  const isFresh = (): boolean =>
    last !== undefined && !isAhead(last.at, now()) && now() < addSeconds(last.at, lookAgainSeconds)
  return {
    run: async (): Promise<void> => void (await run()),
    alarm: async (): Promise<Found> => (last !== undefined && isFresh() ? last.found : run()),
  }
}

export const openScans = ({ service, db }: Readonly<{ service: Service; db: OpenDatabase['db'] }>): Scans => {
  const { policy, now } = service

  const controls = remembered(now, async () => {
    const due = await controlsDue(db, { by: dayOf(now()), everyMonths: policy.control.everyMonths })
    const open = due.filter(({ ordered }) => ordered === null)
    return due.length === 0 ? true : `${due.length} due, of which ${open.length} are not ordered (CGU-123)`
  })

  const retention = remembered(now, async () => {
    const found: string[] = []
    for (const kept of retentionClasses.filter((one) => one !== 'status')) {
      const at = now()
      const rows = await dueUnits(db, {
        ...{ class: kept, startedBy: startedBy(kept, at, policy), at, limit: counted },
      })
      const free = rows.filter(({ held }) => !held).length
      if (free > 0) found.push(`${free}${rows.length === counted ? ' or more' : ''} of ${kept}`)
    }
    return found.length === 0 ? true : `past their term, and in no run: ${found.join(', ')} (CGU-116)`
  })

  return {
    jobs: [
      { name: 'controlScan', everySeconds, run: controls.run },
      { name: 'retentionScan', everySeconds, run: retention.run },
    ],
    alarms: { controls: controls.alarm, retention: retention.alarm },
  }
}
