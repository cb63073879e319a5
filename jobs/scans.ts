// What comes due by dates and is for people to begin: controls (CGU-123), destruction of what has come to its term (CGU-116). Nothing is
// recorded: a scan says what waits, and an alarm shows it.
import { dayOf } from '../domain/policy/dates.ts'
import { retentionClasses } from '../domain/lists.ts'
import { startedBy } from '../domain/policy/retention.ts'
import type { Service } from '../commands/program.ts'
import { controlsDue } from '../readmodels/components.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { dueUnits } from '../readmodels/retention.ts'
import type { Job } from './port.ts'

export type Scans = Readonly<{
  jobs: readonly Job[]
  /** As the last scan of this process found it. */
  alarms: () => Readonly<Record<'controls' | 'retention', true | string>>
}>

const everySeconds = 86_400
/** Above this the number does not matter. */
const counted = 1000

export const openScans = ({ service, db }: Readonly<{ service: Service; db: OpenDatabase['db'] }>): Scans => {
  const { policy, now } = service
  let controls: true | string = true
  let retention: true | string = true

  const scanControls = async (): Promise<void> => {
    const due = await controlsDue(db, { by: dayOf(now()), everyMonths: policy.control.everyMonths })
    const open = due.filter(({ ordered }) => ordered === null)
    controls =
      due.length === 0 ? true : `${due.length} due, of which ${open.length} are not ordered (CGU-123)`
  }

  const scanRetention = async (): Promise<void> => {
    const found: string[] = []
    for (const kept of retentionClasses.filter((one) => one !== 'status')) {
      const at = now()
      const rows = await dueUnits(db, {
        ...{ class: kept, startedBy: startedBy(kept, at, policy), at, limit: counted },
      })
      const free = rows.filter(({ held }) => !held).length
      if (free > 0) found.push(`${free}${rows.length === counted ? ' or more' : ''} of ${kept}`)
    }
    retention = found.length === 0 ? true : `past their term, and in no run: ${found.join(', ')} (CGU-116)`
  }

  return {
    jobs: [
      { name: 'controlScan', everySeconds, run: scanControls },
      { name: 'retentionScan', everySeconds, run: scanRetention },
    ],
    alarms: () => ({ controls, retention }),
  }
}
