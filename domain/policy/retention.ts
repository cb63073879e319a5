// CGU-113: « Les dossiers d’enregistrement sont conservés 7 ans pour des besoins de fourniture de preuves. »
// CGU-114: « De même les journaux d’évènements du CMS ROSSIGNOL sont conservés 7 ans après leur génération. »
// CGU-115: « Les demandes de recouvrement sont également conservées pendant 7 ans après le séquestre. »
// CGU-116: « A l’issue de la durée de l’archivage, les données font l’objet d’une destruction. »
// Read together with the ten years of the escrow (CGU-41): a file is kept as long as the key that it accounts for, and a
// recovery's seven years begin when the escrow ends, not when it began (decision D6).
import type { Instant } from '../kernel.ts'
import type { RetentionClass } from '../lists.ts'
import type { ClauseId } from '../refusals.ts'
import { addHours, addYears } from './dates.ts'
import type { Policy } from './policy.ts'

export type RetentionRule = Readonly<{
  class: RetentionClass
  clauses: readonly ClauseId[]
  /** What is kept, from when, until when: in words, for people. */
  keeps: string
  starts: string
  ends: string
}>

/** The one table of what is kept, and for how long. */
export const retentionRules: readonly RetentionRule[] = [
  {
    class: 'status',
    clauses: ['CGU-88', 'CGU-110'],
    keeps: 'serials, dates, digests, order: nothing personal',
    starts: 'the event',
    ends: 'never',
  },
  {
    class: 'reg',
    clauses: ['CGU-113', 'CGU-116'],
    keeps: 'registration files; files of entities, appointments, disputes, holds, runs and disclosures',
    starts:
      'end of validity of the last certificate of the file; where none was issued, or for other files: their close',
    ends: '7 years later, never before the escrow of its keys has ended, nor before the files that rely on it',
  },
  {
    class: 'escrow',
    clauses: ['CGU-41', 'CGU-48', 'CGU-116'],
    keeps: 'escrowed key, holder name and content of the certificate',
    starts: 'KeyEscrowed',
    ends: '10 years later, and the margin of the policy; never extended, not even by a hold',
  },
  {
    class: 'recovery',
    clauses: ['CGU-115', 'CGU-116'],
    keeps: 'requests for recovery',
    starts: 'the end of the escrow, or the request where that is later',
    ends: '7 years later',
  },
  {
    class: 'journal',
    clauses: ['CGU-114', 'CGU-116'],
    keeps: 'who acted, of one account in one quarter',
    starts: 'the end of the quarter',
    ends: '7 years later',
  },
]

/** What a unit's term is counted from. `floor`: an instant before which it does not end whatever the years say. */
export type Term = Readonly<{ class: RetentionClass; starts: Instant; floor?: Instant }>

const later = (one: Instant, other: Instant | undefined): Instant =>
  other !== undefined && other > one ? other : one

/** The first instant at which a unit may be destroyed; undefined for what is kept for ever. */
export const dueAt = ({ class: kept, starts, floor }: Term, { retention }: Policy): Instant | undefined => {
  switch (kept) {
    case 'status':
      return undefined
    case 'escrow':
      return addHours(starts, retention.destructionMarginHours)
    case 'reg':
      return later(addYears(starts, retention.regYears), floor)
    case 'recovery':
      return later(addYears(starts, retention.recoveryYears), floor)
    case 'journal':
      return addYears(starts, retention.journalYears)
    default:
      return kept satisfies never
  }
}

/** The latest start of a term that has ended by `at`: what a due list is asked with. */
export const startedBy = (kept: RetentionClass, at: Instant, { retention }: Policy): Instant => {
  if (kept === 'escrow') return addHours(at, -retention.destructionMarginHours)
  const years = {
    reg: retention.regYears,
    recovery: retention.recoveryYears,
    journal: retention.journalYears,
  }
  return kept === 'status' ? '' : addYears(at, -years[kept])
}

/** The first midnight UTC after a quarter, `YYYY-Qn`: in France the quarter has then ended. */
export const quarterEnds = (quarter: string): Instant => {
  const [year, q] = [Number(quarter.slice(0, 4)), Number(quarter.slice(6))]
  const first = q === 4 ? `${year + 1}-01-01` : `${year}-${String(q * 3 + 1).padStart(2, '0')}-01`
  return `${first}T00:00:00Z`
}

/** events.md section 6: `<class>/<id>`. */
export const classOfUnit = (unit: string): RetentionClass =>
  unit.slice(0, unit.indexOf('/')) as RetentionClass
