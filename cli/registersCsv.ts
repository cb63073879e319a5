// Registers as CSV, the way offices export them: UTF-8 with or without its mark, any line ends, `;` or `,` between the
// fields, a first line that names the columns. Every line that is no entry is told with its number, its field and what is
// wrong; what it says is not repeated, because it is about people.
import { parse } from 'csv-parse/sync'
import type { AgentRecord } from '../domain/policy/cardKind.ts'
import type { DirectoryEntry, RegisterEntries, RegisterName } from './registersFile.ts'

export type LineFault = Readonly<{ line: number; field?: string; message: string }>
export type ReadRegister<E> = Readonly<{ entries: readonly E[]; faults: readonly LineFault[] }>

type Row = Readonly<Record<string, string>>
type Check = (value: string) => string | undefined
type Column = Readonly<{
  name: string
  /** What offices call it. */
  alias: string
  optional?: true
  check: Check
}>

const mailbox = /^[^\s@"(),:;<>[\\\]]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/
const longest = 200

const filled: Check = (value) => (value.length > longest ? `is longer than ${longest} characters` : undefined)
const matching =
  (pattern: RegExp, message: string): Check =>
  (value) =>
    pattern.test(value) ? undefined : message

const yes = ['1', 'true', 'oui', 'o', 'yes']
const no = ['0', 'false', 'non', 'n', 'no']

const names: readonly Column[] = [
  { name: 'surname', alias: 'nom', check: filled },
  { name: 'givenNames', alias: 'prenoms', check: filled },
]
const email: Column = {
  ...{ name: 'email', alias: 'courriel', optional: true },
  check: matching(mailbox, 'is not an e-mail address'),
}

const columns: Readonly<Record<RegisterName, readonly Column[]>> = {
  referential: [
    { name: 'matricule', alias: 'matricule', check: matching(/^\d{10}$/, 'is not ten digits') },
    ...names,
    email,
    {
      ...{ name: 'siren', alias: 'siren', optional: true },
      check: matching(/^\d{9}$/, 'is not nine digits'),
    },
    {
      ...{ name: 'active', alias: 'actif', optional: true },
      check: (value) =>
        [...yes, ...no].includes(value.toLowerCase()) ? undefined : 'is neither oui nor non',
    },
  ],
  directory: [...names, email],
}

const unreadable = (message: string, line = 1): ReadRegister<never> => ({
  entries: [],
  faults: [{ line, message }],
})

/** The first line that is no UTF-8, from 1; undefined where all of it is. */
const lineNotUtf8 = (bytes: Uint8Array): number | undefined => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let start = 0, line = 1; start < bytes.length; line += 1) {
    const next = bytes.indexOf(0x0a, start)
    const end = next === -1 ? bytes.length : next + 1
    try {
      decoder.decode(bytes.subarray(start, end))
    } catch {
      return line
    }
    start = end
  }
  return undefined
}

type Line = Readonly<{ line: number; fields: readonly string[] }>

/** The file's lines as fields, and those that are no CSV. */
const linesOf = (text: string): Readonly<{ lines: readonly Line[]; faults: readonly LineFault[] }> => {
  const [first = ''] = text.split(/\r?\n/, 1)
  const faults: LineFault[] = []
  const records = parse(text, {
    delimiter: first.includes(';') ? ';' : ',',
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
    on_skip: (error) => {
      if (error === undefined) return undefined
      const line = 'lines' in error && typeof error.lines === 'number' ? error.lines : 1
      faults.push({ line, message: 'is not CSV: a quotation mark stands where none may' })
      return undefined
    },
  }) as unknown as readonly Readonly<{ record: string[]; info: { lines: number } }>[]
  return { lines: records.map(({ record, info }) => ({ line: info.lines, fields: record })), faults }
}

/** Which field each column is in, or what is wrong with the heading. */
const placesOf = (heading: readonly string[], wanted: readonly Column[]): readonly number[] | string => {
  const given = heading.map((one) => one.toLowerCase())
  const places = wanted.map(({ name, alias }) =>
    given.findIndex((one) => one === name.toLowerCase() || one === alias),
  )
  const missing = wanted.find(({ optional }, i) => optional !== true && places[i] === -1)
  if (missing !== undefined) return `the first line names no column ${missing.name} (or ${missing.alias})`
  return places
}

const faultOf = ({ name, optional, check }: Column, value: string): LineFault['message'] | undefined => {
  if (value === '') return optional === true ? undefined : `${name} is missing`
  return check(value)
}

const agentOf = (row: Row): AgentRecord => ({
  ...{
    matricule: row['matricule'] ?? '',
    surname: row['surname'] ?? '',
    givenNames: row['givenNames'] ?? '',
  },
  ...(row['email'] ? { email: row['email'] } : {}),
  ...(row['siren'] ? { siren: row['siren'] } : {}),
  active: !no.includes((row['active'] ?? '').toLowerCase()),
})
const personOf = (row: Row): DirectoryEntry => ({
  ...{ surname: row['surname'] ?? '', givenNames: row['givenNames'] ?? '' },
  ...(row['email'] ? { email: row['email'] } : {}),
})

type Entry<N extends RegisterName> = RegisterEntries[N][number]
const entryOf: { readonly [N in RegisterName]: (row: Row) => Entry<N> } = {
  referential: agentOf,
  directory: personOf,
}

type Body = ReturnType<typeof linesOf> & Readonly<{ places: readonly number[] }>

/** The lines behind the heading, and which field each column is in; or why the file is no register. */
const bodyOf = (bytes: Uint8Array, wanted: readonly Column[]): Body | ReturnType<typeof unreadable> => {
  const broken = lineNotUtf8(bytes)
  if (broken !== undefined) return unreadable('is not UTF-8', broken)
  const { lines, faults } = linesOf(new TextDecoder('utf-8').decode(bytes))
  const [heading, ...rest] = lines
  if (heading === undefined) return unreadable('the file is empty')
  const places = placesOf(heading.fields, wanted)
  if (typeof places === 'string') return unreadable(places, heading.line)
  // A file that was cut short behind its first line is no register without anybody.
  if (rest.length === 0 && faults.length === 0)
    return unreadable('nothing follows the first line', heading.line)
  return { lines: rest, faults, places }
}

/** Reads a register: the entries of its good lines, and what is wrong with the others. */
export const readRegister = <N extends RegisterName>(name: N, bytes: Uint8Array): ReadRegister<Entry<N>> => {
  const wanted = columns[name]
  const body = bodyOf(bytes, wanted)
  if (!('places' in body)) return body
  const { lines, faults, places } = body
  const found: LineFault[] = [...faults]
  const entries: Entry<N>[] = []
  const seen = new Map<string, number>()
  for (const { line, fields } of lines) {
    const row = Object.fromEntries(
      wanted.map(({ name: column }, i) => [column, fields[places[i] ?? -1] ?? '']),
    )
    const wrong = wanted.flatMap((column): LineFault[] => {
      const message = faultOf(column, row[column.name] ?? '')
      return message === undefined ? [] : [{ line, field: column.name, message }]
    })
    const before = name === 'referential' ? seen.get(row['matricule'] ?? '') : undefined
    if (before !== undefined) wrong.push({ line, field: 'matricule', message: `is that of line ${before}` })
    found.push(...wrong)
    if (wrong.length > 0) continue
    seen.set(row['matricule'] ?? '', line)
    entries.push(entryOf[name](row))
  }
  return { entries, faults: found.toSorted((one, other) => one.line - other.line) }
}
