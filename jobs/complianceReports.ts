// CGU-122: the report of the Comité de Surveillance, of each month that is over. The same bytes come out whenever it is made, so what is
// recorded is its digest: as a version of the document `complianceReport`, named by its month. A month is made once.
import { adoptDocument } from '../commands/documents.ts'
import { perform, type Service } from '../commands/program.ts'
import { document } from '../domain/document.ts'
import { addDays, dayOf } from '../domain/policy/dates.ts'
import type { Job } from './port.ts'

/** First and last day, in France. */
export type Period = Readonly<{ from: string; to: string }>

export type ReportTools = Readonly<{
  service: Service
  /** Makes the report and leaves its files. @returns SHA-256 of its JSON form */
  make: (period: Period) => Promise<string>
}>

const kind = 'complianceReport'

/** A year: what was missed longer ago is made by hand (`grand-livre compliance`). */
const monthsAtMost = 12

/** The day before the first of a month. */
const dayBefore = (first: string): string => addDays(`${first}T12:00:00Z`, -1).slice(0, 10)

/** The months that were over on a day, newest first, down to the one in which the ledger began. */
export const monthsBefore = (day: string, began: string): readonly Period[] => {
  const months: Period[] = []
  let to = dayBefore(`${day.slice(0, 7)}-01`)
  while (to >= began && months.length < monthsAtMost) {
    const from = `${to.slice(0, 7)}-01`
    months.push({ from, to })
    to = dayBefore(from)
  }
  return months
}

export const complianceJob = ({ service, make }: ReportTools): Job => ({
  name: 'complianceReport',
  everySeconds: 6 * 3600,
  run: async (each) => {
    const { ledger, now } = service
    let began: string | undefined
    for await (const { body } of ledger.entries()) {
      began = dayOf(`${body.at.slice(0, 19)}Z`)
      break
    }
    if (began === undefined) return
    const { versions } = (await ledger.load(document, kind)).state
    const made = new Set(versions.map(({ version }) => version))
    const due = new Map(
      monthsBefore(dayOf(now()), began)
        .map((period) => [period.from.slice(0, 7), period] as const)
        .filter(([month]) => !made.has(month)),
    )
    await each([...due.keys()].toReversed(), async (month) => {
      const period = due.get(month)
      if (period === undefined) return
      const sha256 = await make(period)
      await perform(service, adoptDocument, {
        key: `${kind}|${month}`,
        data: { kind, version: month, sha256, effectiveFrom: now(), approvedBy: 'program' },
      })
    })
  },
})
