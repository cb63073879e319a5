// For each clause: the events that prove it, and the commands that were refused under it.
import { clauses, type Clause } from '../../domain/policy/clauses.ts'
import type { ClauseId } from '../../domain/refusals.ts'
import { text, type Seen } from './seen.ts'

export type Counts = Readonly<Record<string, number>>
export type ClauseCount = Readonly<{
  clause: ClauseId
  /** Events that prove it, and how many of each type. */
  events: number
  types: Counts
  /** Commands refused under it, and how many for each reason. */
  refusals: number
  codes: Counts
}>

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const sumOf = (counts: Counts): number => Object.values(counts).reduce((sum, one) => sum + one, 0)

export type ClauseCounts = Readonly<{ take: (seen: Seen) => void; counted: () => readonly ClauseCount[] }>

/** Counts events by type and refusals by clause and code; what a clause makes of them is told at the end. */
export const openClauses = (): ClauseCounts => {
  const types = new Map<string, number>()
  const refused = new Map<string, number>()
  const codesOf = (clause: string): Counts =>
    Object.fromEntries(
      [...refused]
        .filter(([key]) => key.startsWith(`${clause} `))
        .map(([key, n]) => [key.slice(clause.length + 1), n] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  return {
    take: (seen) => {
      count(types, seen.type)
      if (seen.type === 'CommandRefused') count(refused, `${text(seen, 'clause')} ${text(seen, 'code')}`)
    },
    counted: () =>
      (Object.entries(clauses) as [ClauseId, Clause][]).map(([clause, { events }]) => {
        const proving = events.filter((type) => type !== 'CommandRefused')
        const found = Object.fromEntries(proving.map((type) => [type, types.get(type) ?? 0]))
        const codes = codesOf(clause)
        return { clause, events: sumOf(found), types: found, refusals: sumOf(codes), codes }
      }),
  }
}
