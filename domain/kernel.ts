// The whole vocabulary of the ledger. It may not grow: what does not fit here belongs to an aggregate or to the shell.
import type { ClauseId, RefusalCode } from './refusals.ts'
import type { Role, SignInMeans } from './lists.ts'

/** A JSON value as the ledger stores it: no float, no undefined (proofs.md 1.1). */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** UTC to the second: `YYYY-MM-DDTHH:MM:SSZ`. */
export type Instant = string

/** A sealed value whose data key is gone, or which the reader has no key for. Every fold and projection takes it. */
export type Destroyed = Readonly<{ destroyed: true }>

/** A fact, in its newest form. `data` holds the public and the sealed fields side by side; only the storage parts them. */
export type Event<T extends string = string, D = object> = Readonly<{ type: T; data: Readonly<D> }>

/** Who acts: a person number (random, never a name) in one role, and the journal that his events name. */
export type Actor = Readonly<{
  person: string
  role: Role
  auth: SignInMeans
  journal: string
  /** Entities the actor acts for (MC, legal representative); empty where the role is not bound to one. */
  entities: readonly string[]
}>

/** An order. `id` comes from the Idempotency-Key; event ids are derived from it. `at` is the shell's clock. */
export type Command<T extends string = string, D = object> = Readonly<{
  type: T
  id: string
  data: Readonly<D>
  by: Actor
  at: Instant
}>

/** A command that the norm does not allow: a value, with the clause that says so. `detail` never holds personal data. */
export type Refusal = Readonly<{ code: RefusalCode; clause: ClauseId; detail: string }>

export type Decision<E> = Readonly<{ accepted: readonly E[] }> | Readonly<{ refused: Refusal }>

/** An event as read from the ledger, opened but not yet decoded. `sealed` holds values, or `{ destroyed: true }`. */
export type Stored = Readonly<{
  type: string
  pub: Readonly<Record<string, Json>>
  sealed: Readonly<Record<string, Json | Destroyed>>
}>

/** An event parted for storage: each sealed field with the class of unit that it is kept and destroyed with. */
export type Encoded = Readonly<{
  pub: Readonly<Record<string, Json>>
  sealed: Readonly<Record<string, { unit: UnitClass; value: Json }>>
}>

/** The class of retention unit: registration file, escrow, recovery request, journal (proofs.md section 2). */
export type UnitClass = 'reg' | 'esc' | 'rec' | 'jou'

/** The retention units that an event's sealed fields belong to (proofs.md 2). `jou` is always the actor's journal. */
export type Units = Readonly<{ reg?: string; esc?: string; rec?: string }>

export type Aggregate<S, E> = Readonly<{
  /** The stream is `<name>-<id>`. */
  name: string
  initial: S
  evolve: (state: S, event: E) => S
  decode: (stored: Stored) => E
  encode: (event: E) => Encoded
  /** Units of one event about to be appended to stream `id`; `state` already includes the event. */
  units: (id: string, state: S, event: E) => Units
}>

/** Folds another stream for `facts`: what nothing can undo, or what is judged at this command's instant. */
export type Fold = <S, E>(aggregate: Aggregate<S, E>, id: string) => Promise<S>

export type Decider<S, C extends Command, E, F = undefined> = Readonly<{
  type: C['type']
  /** Roles that may give this command at all; anyone else is refused ROLE_NOT_HELD. */
  who: readonly Role[]
  aggregate: Aggregate<S, E>
  /** The stream's id, without the aggregate's name. */
  stream: (command: C) => string
  /** Facts of other streams, folded by the shell; no client can set them. */
  facts?: (fold: Fold, command: C, state: S) => Promise<F>
  decide: (command: C, state: S, facts: F) => Decision<E>
  /**
   * `decide` looks at no state: the stream is not read, however long it is, and its events are written in the order in
   * which they come. The command's id must be new: a repetition is not known.
   */
  foldless?: boolean
  /** `decide` and its events need nothing that is sealed in the stream: it is folded as if its data keys were gone, and none is fetched. */
  unopened?: boolean
}>

export const accept = <E>(...accepted: readonly E[]): Decision<E> => ({ accepted })

export const refuse = (clause: ClauseId, code: RefusalCode, detail: string): Decision<never> => ({
  refused: { clause, code, detail },
})

/** For the `default` of an exhaustive switch: an unknown event stops the reader. */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
