// A rule of the report: what would be an exception to a clause, found in public fields alone. It says nothing of whom.
import type { Instant } from '../../domain/kernel.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { ClauseId } from '../../domain/refusals.ts'
import type { Known } from './known.ts'
import type { Place, Seen } from './seen.ts'

export type Rule = Readonly<{
  code: string
  clause: ClauseId
  /** What has happened, in a sentence for the Comité. */
  fr: string
  /** Types of events that it looks at. */
  on?: readonly string[]
  /** The exceptions that an event is, on what was known before it. */
  find?: (seen: Seen, known: Known, policy: Policy) => readonly Place[]
  /** The exceptions that are there because nothing came: asked once, at the end of the period. */
  end?: (until: Instant, known: Known, policy: Policy) => readonly Place[]
}>

/** The event itself is the exception, or there is none. */
export const isException = (found: boolean, { stream, rank, at }: Place): readonly Place[] =>
  found ? [{ stream, rank, at }] : []

/** The exception is that something was due then. */
export const dueAt = ({ stream, rank }: Place, at: Instant): Place => ({ stream, rank, at })
