// CGU-80: once issuance has been stopped nothing is begun that would end in a certificate: a request, a renewal, a session.
import { authority, type Authority } from '../domain/authority.ts'
import type { Command, Decider } from '../domain/kernel.ts'
import { issuanceStopped } from '../domain/policy/endOfLife.ts'

type Facts<F> = Readonly<{ own: F; issuer: Authority }>

/**
 * The same decider, and what it accepts is refused ISSUANCE_STOPPED while the authority issues nothing. What it refuses itself
 * stays its own refusal; what changes nothing stays so.
 */
export const whileIssuing = <S, C extends Command, E, F>(
  issuer: string,
  decider: Decider<S, C, E, F>,
): Decider<S, C, E, Facts<F>> => ({
  ...decider,
  facts: async (fold, command, state) => ({
    own: (await decider.facts?.(fold, command, state)) as F,
    issuer: await fold(authority, issuer),
  }),
  decide: (command, state, facts) => {
    const decision = decider.decide(command, state, facts.own)
    if ('refused' in decision || decision.accepted.length === 0) return decision
    return issuanceStopped(facts.issuer, { profile: 'encryption', at: command.at }) ?? decision
  },
})
