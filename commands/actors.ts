// Who acts, as the ledger names him: a journal of his own for each quarter, whose first event seals who he is. The link
// from any event to its actor dies with that quarter's journal (events.md section 6).
import type { Actor, Instant } from '../domain/kernel.ts'
import type { Role, SignInMeans } from '../domain/lists.ts'
import { quarterOf } from '../domain/policy/dates.ts'
import type { Journals } from '../pki/custody.ts'
import type { Handle } from './handle.ts'
import { openJournal } from './journals.ts'

/** An account or component that may act; `id` never reaches the ledger in clear. */
export type Principal = Readonly<{
  id: string
  kind: 'account' | 'component'
  person: string
  entities: readonly string[]
  auth: SignInMeans
}>

/** The program as an actor: one component, the same in every quarter. */
export const program = {
  id: 'program',
  kind: 'component',
  person: '00000000-0000-5000-8000-000000000001',
  entities: [],
  auth: 'service',
} as const

export type Actors = (principal: Principal, role: Role) => Promise<Actor>

/** Resolves a principal to an actor, opening his journal of the quarter on his first act. */
export const createActors = (tools: {
  handle: Handle
  journals: Journals
  now: () => Instant
  newId: () => string
}): Actors => {
  const opening = new Map<string, Promise<string>>()

  const open = async (principal: Principal, role: Role, quarter: string): Promise<string> => {
    const { id, kind, person, entities, auth } = principal
    const key = { account: id, person, quarter }
    const known = await tools.journals.journalOf(key)
    if (known !== undefined) return known
    const journal = tools.newId()
    const owner = kind === 'component' ? { component: person } : { account: id, person }
    await tools.handle(openJournal, {
      type: 'OpenJournal',
      id: tools.newId(),
      data: { journal, quarter, kind, ...owner },
      by: { person, role, auth, journal, entities },
      at: tools.now(),
    })
    // Another process may have been first: its journal is his, and ours stays empty.
    return await tools.journals.setJournal(key, journal)
  }

  return async (principal, role) => {
    const quarter = quarterOf(tools.now())
    const key = `${principal.id}|${principal.person}|${quarter}`
    // Two first acts at once must not open two journals.
    const pending = opening.get(key) ?? open(principal, role, quarter)
    opening.set(key, pending)
    try {
      const { person, entities, auth } = principal
      return { person, role, auth, journal: await pending, entities }
    } catch (error) {
      opening.delete(key)
      throw error
    }
  }
}
