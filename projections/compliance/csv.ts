// The report as one CSV (RFC 4180): one figure a line, so that a spreadsheet or a program takes all of it.
import type { ComplianceReport } from './report.ts'
import { classNames } from './words.ts'

type Line = readonly [section: string, subject: string, measure: string, value: string | number]

const sections = (report: ComplianceReport): readonly Line[] => {
  const { period, ledger, totals, exceptions, waiting, duties, qualification } = report
  return [
    ['period', '', 'from', period.from],
    ['period', '', 'to', period.to],
    ['ledger', ledger.log, 'size', ledger.size],
    ['ledger', ledger.log, 'root', ledger.root],
    ['ledger', ledger.log, 'lastAt', ledger.lastAt ?? ''],
    ...Object.entries(totals).map(([name, value]): Line => ['totals', '', name, value]),
    ...report.clauses.flatMap(({ clause, events, types, refusals, codes, exceptions: n }): Line[] => [
      ['clause', clause, 'events', events],
      ['clause', clause, 'refusals', refusals],
      ['clause', clause, 'exceptions', n],
      ...Object.entries(types).map(([type, count]): Line => ['proof', clause, type, count]),
      ...Object.entries(codes).map(([code, count]): Line => ['refusal', clause, code, count]),
    ]),
    ...exceptions.rules.map(({ clause, code, count }): Line => ['rule', clause, code, count]),
    ...exceptions.listed.map(({ code, stream, rank, at }): Line => [
      'exception',
      `${stream} ${rank}`,
      code,
      at,
    ]),
    ...report.delays.flatMap(({ name, classes, ...delay }): Line[] => [
      ...(['count', 'median', 'p95', 'max'] as const).map((field): Line => [
        'delay',
        name,
        field,
        delay[field] ?? '',
      ]),
      ...classes.map((count, i): Line => ['delay', name, classNames[i] ?? '', count]),
    ]),
    ...Object.entries(waiting).map(([name, value]): Line => ['waiting', '', name, value]),
    ...report.recoveries.map(({ ground, outcome, count }): Line => ['recovery', ground, outcome, count]),
    ...report.controls.flatMap(({ control, ...fields }) => linesOf('control', control, fields)),
    ...report.components.flatMap(({ component, ...fields }) => linesOf('component', component, fields)),
    ...linesOf('qualification', '', qualification),
    ...duties.pairs.map(({ clause, code, count }): Line => ['duty', clause, code, count]),
    ...duties.listed.map(({ code, stream, rank, actor, who }): Line => [
      ...(['sameHand', `${stream} ${rank}`, code, who ?? actor] as const),
    ]),
  ]
}

const linesOf = (
  section: string,
  subject: string,
  fields: Readonly<Record<string, string | number | null>>,
): Line[] => Object.entries(fields).map(([name, value]) => [section, subject, name, value ?? ''])

/** What a spreadsheet would take for a formula is kept from it; what has a comma or a quote is quoted. */
const field = (value: string | number): string => {
  const plain = typeof value === 'number' ? String(value) : value.replace(/^[=+\-@\t\r]/, "'$&")
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

export const complianceCsv = (report: ComplianceReport): string =>
  [['section', 'subject', 'measure', 'value'], ...sections(report)]
    .map((line) => `${line.map(field).join(',')}\r\n`)
    .join('')
