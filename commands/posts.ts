// CGU-06, CGU-23: what an account may do now. The accounts file says who may sign in; appointments say what he holds
// (docs/adr/0013). A read model says which appointments are his; each is judged on its own stream, so that an end acts at once.
import { appointment } from '../domain/appointment.ts'
import { entity } from '../domain/entity.ts'
import type { Fold, Instant } from '../domain/kernel.ts'
import { accessOf, type Candidate } from '../domain/policy/posts.ts'
import type { Role } from '../domain/lists.ts'
import type { Account } from './accounts.ts'

/** An account with what it holds now, and the roles that its file names. */
export type HeldAccount = Account & Readonly<{ named: readonly Role[] }>

export type Posts = Readonly<{
  /** Ids of a person's appointments, whatever has become of them. */
  appointmentsOf: (person: string) => Promise<readonly string[]>
  /** The account with the roles and entities that its person holds at this instant. */
  held: (account: Account) => Promise<HeldAccount>
}>

/** @param tools.appointmentsOf ids of a person's appointments, by the read model */
export const createPosts = (
  tools: Readonly<{
    fold: Fold
    now: () => Instant
    appointmentsOf: Posts['appointmentsOf']
  }>,
): Posts => {
  const { fold, now, appointmentsOf } = tools
  const candidate = async (id: string): Promise<Candidate> => {
    const held = await fold(appointment, id)
    const employer =
      held.status === 'unknown' || held.entity === undefined ? undefined : await fold(entity, held.entity)
    return { held, employer }
  }
  return {
    appointmentsOf,
    held: async (account) => {
      const ids = await appointmentsOf(account.person)
      const candidates = await Promise.all(ids.map(candidate))
      return { ...account, ...accessOf(account, account.person, candidates, now()), named: account.roles }
    },
  }
}
