// The only imperative shell: load, decode, fold, decide, append at the loaded revision; when somebody was faster,
// decide again on what he left. A command whose first event already stands in the stream was carried out before.
import type { Event, Aggregate, Command, Decider, Refusal, Units } from '../domain/kernel.ts'
import { consider, foldOf } from './consider.ts'
import { eventIdOf } from '../ledger/ids.ts'
import type { Draft, Ledger, Loaded } from '../ledger/ledger.ts'
import { WrongExpectedVersion, type Position } from '../ledger/store.ts'
import { openTurns } from '../domain/turns.ts'

/** The case a command belongs to, and what led to it. Both default to the command itself. */
export type Circumstances = Readonly<{
  correlationId?: string
  causationId?: string
  /** When it happened, if it was recorded later (paper). Never after the command's instant. */
  occurredAt?: string
  /** The revision the caller has seen (If-Match). */
  ifRevision?: number
}>

export type Accepted<E> = Readonly<{
  accepted: readonly E[]
  stream: string
  /** Last revision of the stream, -1 where there is none. */
  revision: number
  /** Of the last event written by this command; absent when it had nothing to write. */
  position?: Position
  /** Event ids, in order: outcomes name their intent by it. */
  ids: readonly string[]
  /** The command had been carried out before: nothing was written now. */
  replayed: boolean
}>
export type Refused = Readonly<{ refused: Refusal }>
export type Outcome<E> = Accepted<E> | Refused

/** The stream has moved on since the caller looked (If-Match). Nothing was written. */
export class RevisionMismatch extends Error {
  override readonly name = 'RevisionMismatch'
  readonly actual: number
  constructor(actual: number) {
    super(`the stream is at revision ${actual}`)
    this.actual = actual
  }
}

/** Others were faster every time: the same command may be given again. */
export class Contended extends Error {
  override readonly name = 'Contended'
}

export type Handle = <S, C extends Command, E extends Event, F>(
  decider: Decider<S, C, E, F>,
  command: C,
  circumstances?: Circumstances,
) => Promise<Outcome<E>>

export type Settings = Readonly<{ ledger: Ledger; policy: number; release: string }>

const attempts = 4
/** Of what is written without a look, where another process writes the same stream: each time somebody has got on. */
const attemptsUnseen = 64

/**
 * Makes the handler of all commands.
 * @param settings.policy version of the parameters, recorded in every event; `release`: of the software
 * @throws RevisionMismatch; LedgerFault when the store is out of reach; Contended when others were faster every time
 */
export const createHandle = (settings: Settings): Handle => {
  const { ledger } = settings
  const fold = foldOf(ledger)

  const loadFor = async <S, C extends Command, E extends Event, F>(
    { aggregate, foldless = false, unopened = false }: Decider<S, C, E, F>,
    id: string,
  ): Promise<Loaded<S>> => {
    if (!foldless) return unopened ? ledger.loadPublic(aggregate, id) : ledger.load(aggregate, id)
    const revision = await ledger.lastRevision(`${aggregate.name}-${id}`)
    return { state: aggregate.initial, revision, written: new Map() }
  }

  /** One try: undefined when somebody was faster. */
  const attempt = async <S, C extends Command, E extends Event, F>(
    decider: Decider<S, C, E, F>,
    command: C,
    circumstances: Circumstances,
  ): Promise<Outcome<E> | undefined> => {
    const { aggregate } = decider
    const id = decider.stream(command)
    const stream = `${aggregate.name}-${id}`
    const loaded = await loadFor(decider, id)
    const before = replayedOutcome(stream, command, loaded)
    if (before !== undefined) return before
    if (circumstances.ifRevision !== undefined && circumstances.ifRevision !== loaded.revision)
      throw new RevisionMismatch(loaded.revision)
    const decision = await consider(decider, command, loaded.state, fold)
    if ('refused' in decision) return decision
    const { accepted } = decision
    if (accepted.length === 0)
      return { accepted, stream, revision: loaded.revision, ids: [], replayed: false }
    const target = { aggregate, id, state: loaded.state, events: accepted }
    const drafts = draft(settings, target, command, circumstances)
    try {
      const position = await ledger.append(
        stream,
        drafts,
        loaded.revision < 0 ? 'no_stream' : loaded.revision,
      )
      const revision = loaded.revision + accepted.length
      return { accepted, stream, revision, position, ids: drafts.map((d) => d.id), replayed: false }
    } catch (error) {
      if (error instanceof WrongExpectedVersion) return undefined
      throw error
    }
  }

  const carryOut: Handle = async (decider, command, circumstances = {}) => {
    const most = decider.foldless ? attemptsUnseen : attempts
    for (let tries = 1; tries <= most; tries += 1) {
      const outcome = await attempt(decider, command, circumstances)
      if (outcome !== undefined) return outcome
    }
    throw new Contended(`${decider.aggregate.name}: others were faster ${most} times`)
  }

  // What is written without a look follows what is under way here, instead of racing with it.
  const inTurn = openTurns()
  return (decider, command, circumstances) => {
    const act = () => carryOut(decider, command, circumstances)
    return decider.foldless ? inTurn(`${decider.aggregate.name}-${decider.stream(command)}`, act) : act()
  }
}

const replayedOutcome = (
  stream: string,
  command: Command,
  loaded: Loaded<unknown>,
): Accepted<never> | undefined => {
  const ids: string[] = []
  let position: Position | undefined
  for (let index = 0; ; index += 1) {
    const written = loaded.written.get(eventIdOf(command.id, index))
    if (written === undefined) break
    ids.push(eventIdOf(command.id, index))
    position = written
  }
  if (position === undefined) return undefined
  return { accepted: [], stream, revision: loaded.revision, position, ids, replayed: true }
}

const noNonce = '0'.repeat(32)

type Target<S, E> = Readonly<{ aggregate: Aggregate<S, E>; id: string; state: S; events: readonly E[] }>

/** Adds the envelope and names the data key of each sealed field. */
const draft = <S, E extends Event>(
  { policy, release }: Settings,
  { aggregate, id, state, events }: Target<S, E>,
  command: Command,
  circumstances: Circumstances,
): Draft[] => {
  const env = {
    commandId: command.id,
    correlationId: circumstances.correlationId ?? command.id,
    causationId: circumstances.causationId ?? command.id,
    actor: command.by.journal,
    role: command.by.role,
    auth: command.by.auth,
    policy,
    release,
    occurredAt: circumstances.occurredAt ?? command.at,
  }
  let folded = state
  return events.map((event, index) => {
    folded = aggregate.evolve(folded, event)
    const { pub, sealed } = aggregate.encode(event)
    // What its own schema refuses would stop every reader for ever: it is not written (the ledger adds the nonce).
    const values = Object.fromEntries(Object.entries(sealed).map(([field, { value }]) => [field, value]))
    aggregate.decode({ type: event.type, pub: { ...pub, env: { ...env, nonce: noNonce } }, sealed: values })
    const units = aggregate.units(id, folded, event)
    return {
      id: eventIdOf(command.id, index),
      type: event.type,
      pub,
      env,
      sealed: Object.fromEntries(
        Object.entries(sealed).map(([field, { unit, value }]) => [
          field,
          { keyId: keyIdOf(unit, units, command.by.journal), value },
        ]),
      ),
    }
  })
}

const classes = { reg: 'reg', esc: 'escrow', rec: 'recovery', jou: 'journal' } as const

/** `<class>_<unit id>`, the key that seals a field and dies with its unit (events.md section 6). */
const keyIdOf = (unit: keyof typeof classes, units: Units, journal: string): string => {
  const id = unit === 'jou' ? journal : units[unit]
  if (id === undefined) throw new Error(`no ${unit} unit to seal under`)
  return `${classes[unit]}_${id}`
}
