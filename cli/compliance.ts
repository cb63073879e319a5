// `grand-livre compliance`: the report of the Comité de Surveillance, from the ledger alone, also beside a running service.
import { dayOf } from '../domain/policy/dates.ts'
import { KeyFault } from '../hsm/keyFault.ts'
import { complianceReport, type ComplianceReport } from '../projections/compliance/report.ts'
import { formNames, forms, isForm, writeForms } from './complianceFiles.ts'
import type { Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { columns, openProgress, watched, type Output } from './output.ts'
import { instantsOf, ledgerOver, openCustody, systemClock, type Custody } from './parts.ts'
import { hasCustody, reading } from './reading.ts'

export type ComplianceAsked = Readonly<{
  from: string
  to: string
  /** A directory for the files; without one the report goes to standard output. */
  out?: string
  format?: string
  names?: boolean
}>

/** A day that there is. @throws ConfigFault */
const parseDay = (option: string, text: string): string => {
  const instant = new Date(`${text}T00:00:00Z`)
  const fits = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(instant.getTime())
  if (!fits || !instant.toISOString().startsWith(text))
    throw new ConfigFault(`${option}: ${text} is not a day, as 2026-03-31`)
  return text
}

const parseAsked = ({ from, to, format }: ComplianceAsked, today: string) => {
  const period = { from: parseDay('--from', from), to: parseDay('--to', to) }
  if (period.to < period.from) throw new ConfigFault('--to is before --from')
  // What is due by a day that has not come is not late.
  if (period.to > today)
    throw new ConfigFault(`--to: ${period.to} has not come yet; the last day to report on is ${today}`)
  if (format !== undefined && !isForm(format))
    throw new ConfigFault(`--format: ${format} is none of ${formNames.join(', ')}`)
  return { period, format }
}

/** The keys, where there are any and nobody else holds them: grounds and names are sealed under them. */
const findCustody = async (config: Config): Promise<Custody | undefined> => {
  if (!hasCustody(config)) return undefined
  try {
    return await openCustody(config)
  } catch (error) {
    if (error instanceof KeyFault) return undefined
    throw error
  }
}

const summary = ({ totals, ledger, names }: ComplianceReport, files: readonly string[]): string =>
  [
    columns([
      ['events in the period', String(totals.events)],
      ['commands refused', String(totals.refusals)],
      ['exceptions', String(totals.exceptions)],
      ['forbidden duties in one hand', String(totals.forbidden)],
      ['ledger', `${ledger.size}:${ledger.root}`],
    ]),
    ...(names === 'closed' ? ['Names were asked for, and the keys are not open.'] : []),
    ...files,
  ].join('\n')

/** Computes the report and prints it, or writes it into files. */
export const compliance = (env: NodeJS.ProcessEnv, output: Output, asked: ComplianceAsked): Promise<void> => {
  const { period, format } = parseAsked(asked, dayOf(instantsOf(systemClock)()))
  return reading(env, async (store, config, head) => {
    const custody = await findCustody(config)
    const progress = openProgress('Reading')
    try {
      const ledger = ledgerOver(store, config, custody?.vault.dataKeys)
      const report = await complianceReport(
        { ...ledger, entries: (after) => watched(ledger.entries(after), head, progress) },
        { period, policy: config.policy, keys: custody !== undefined, names: asked.names === true },
      )
      progress.stop()
      if (asked.out === undefined) {
        process.stdout.write(forms[output.json ? 'json' : (format ?? 'html')](report))
        return
      }
      const names = format === undefined ? formNames : [format]
      const files = await writeForms(report, asked.out, names)
      output.result({ files, totals: report.totals, ledger: report.ledger }, () => summary(report, files))
    } finally {
      progress.stop()
      await custody?.close()
    }
  })
}
