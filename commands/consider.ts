// What becomes of a command on a state, without writing anything: the handler asks it before it appends, and whoever wants to
// know beforehand whether a command would be accepted asks the same rules.
import { clauseOfRole } from '../domain/policy/duties.ts'
import {
  refuse,
  type Aggregate,
  type Command,
  type Decider,
  type Decision,
  type Fold,
} from '../domain/kernel.ts'

type Loading = Readonly<{
  load: <S, E>(aggregate: Aggregate<S, E>, id: string) => Promise<Readonly<{ state: S }>>
}>

/** States of aggregates as the ledger has them now, for what is decided on several. */
export const foldOf =
  ({ load }: Loading): Fold =>
  async (aggregate, id) =>
    (await load(aggregate, id)).state

/**
 * The decision on a command, the facts of other streams folded by `fold`. CGU-06: a role that may not give it is refused
 * (domain/policy/duties.ts).
 */
export const consider = async <S, C extends Command, E, F>(
  decider: Decider<S, C, E, F>,
  command: C,
  state: S,
  fold: Fold,
): Promise<Decision<E>> => {
  if (!decider.who.includes(command.by.role))
    return refuse(clauseOfRole(decider.type), 'ROLE_NOT_HELD', command.by.role)
  const facts = decider.facts === undefined ? undefined : await decider.facts(fold, command, state)
  return decider.decide(command, state, facts as F)
}

/** As `consider`, on the state of its own stream as `fold` has it. */
export const considerNow = async <S, C extends Command, E, F>(
  decider: Decider<S, C, E, F>,
  command: C,
  fold: Fold,
): Promise<Decision<E>> =>
  consider(decider, command, await fold(decider.aggregate, decider.stream(command)), fold)
