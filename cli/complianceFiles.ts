// The compliance report as files: the forms that it has, each written once.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Policy } from '../domain/policy/policy.ts'
import { createDurable, makeDirectory } from '../hsm/durable.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { complianceCsv } from '../projections/compliance/csv.ts'
import { complianceHtml } from '../projections/compliance/html.ts'
import { complianceReport, type ComplianceReport } from '../projections/compliance/report.ts'

export const forms = {
  html: complianceHtml,
  json: (report: ComplianceReport) => `${JSON.stringify(report, undefined, 2)}\n`,
  csv: complianceCsv,
} as const
export type FormName = keyof typeof forms
export const formNames = Object.keys(forms) as FormName[]
export const isForm = (name: string): name is FormName => name in forms

/**
 * Writes a new file of each form; one that is there already is left as it is.
 * @throws EEXIST
 */
export const writeForms = async (
  report: ComplianceReport,
  out: string,
  names: readonly FormName[],
): Promise<readonly string[]> => {
  const { from, to } = report.period
  await makeDirectory(out)
  const files = names.map((name) => join(out, `conformite-${from}-${to}.${name}`))
  for (const [i, name] of names.entries())
    await createDurable(files[i] ?? '', Buffer.from(forms[name](report)))
  return files
}

const unlessThere = (error: unknown): void => {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
}

/** Makes the report of a period and leaves every form of it in a directory. @returns SHA-256 of the JSON form */
export const makeReport =
  ({ ledger, policy, directory }: Readonly<{ ledger: Ledger; policy: Policy; directory: string }>) =>
  async (period: Readonly<{ from: string; to: string }>): Promise<string> => {
    const report = await complianceReport(ledger, { period, policy, keys: true })
    // Cut off before it was recorded, it is made again with the same bytes.
    for (const name of formNames) await writeForms(report, directory, [name]).catch(unlessThere)
    return createHash('sha256').update(forms.json(report)).digest('hex')
  }
