// One event as the compliance report sees it: what is public in it, and where it stands.
import { decodeAny } from '../../domain/aggregates.ts'
import type { Env } from '../../domain/event.ts'
import type { Instant } from '../../domain/kernel.ts'
import { dayOf } from '../../domain/policy/dates.ts'
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { idOf } from '../projection.ts'

/** Where an event stands; `at` is when it was recorded, or when what is missing was due. */
export type Place = Readonly<{ stream: string; rank: number; at: Instant }>

export type Seen = Place &
  Readonly<{
    id: string
    aggregate: string
    type: string
    /** Public fields, in their newest form. */
    data: Readonly<Record<string, unknown>>
    env: Env
  }>

/** Days in France, both included. */
export type Period = Readonly<{ from: string; to: string }>

export const isIn = ({ from, to }: Period, at: Instant): boolean => {
  const day = dayOf(at)
  return from <= day && day <= to
}

/** The last second of a day in France. */
export const endOfDay = (day: string): Instant => {
  const winter = `${day}T22:59:59Z`
  return dayOf(winter) === day ? winter : `${day}T21:59:59Z`
}

/** A public text field, or nothing. */
export const text = ({ data }: Pick<Seen, 'data'>, field: string): string => {
  const value = data[field]
  return typeof value === 'string' ? value : ''
}

/** The public part of an entry. @throws Error on what no aggregate knows */
export const seenOf = (ledger: Pick<Ledger, 'publicPart'>, entry: Entry, rank: number): Seen => {
  const { stream, body } = entry
  const { type, data } = decodeAny(stream, ledger.publicPart(entry))
  return {
    ...{ stream, rank, type, id: idOf(stream), aggregate: stream.slice(0, stream.indexOf('-')) },
    at: `${body.at.slice(0, 19)}Z`,
    data: data as Readonly<Record<string, unknown>>,
    env: body.pub['env'] as unknown as Env,
  }
}
