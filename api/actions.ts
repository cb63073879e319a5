// Which commands an object is open to, for the caller, now; and why the others are closed. Nothing is decided twice: the
// command's own decider is asked, on the object as it stands, and nothing is written.
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { consider } from '../commands/consider.ts'
import { appointment } from '../domain/appointment.ts'
import type { Actor, Aggregate, Command, Decider, Event, Fold, Refusal } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import { clauseOfRole } from '../domain/policy/duties.ts'
import { entityBound } from '../domain/policy/posts.ts'
import { refusals } from '../domain/refusals.ts'
import { accountOf, meansOf } from './auth.ts'
import { languageOf } from './problems.ts'
import type { Services } from './services.ts'

/** Things that have a page of their own, by the aggregate that they are. */
export type ObjectKind =
  | 'appointment'
  | 'authority'
  | 'card'
  | 'certificate'
  | 'component'
  | 'destruction'
  | 'disclosure'
  | 'dispute'
  | 'document'
  | 'entity'
  | 'hold'
  | 'notice'
  | 'recovery'
  | 'request'

/** How a command is tried out on an object: with data that only the object and the caller's person can make it refuse. */
export type Trial<S, C extends Command, E extends Event, F> = Readonly<{
  on: ObjectKind
  decider: Decider<S, C, E, F>
  /** @param id the object's, as its path names it */
  data: (id: string, by: Actor) => C['data'] | Promise<C['data']>
  /** Whoever stands for an entity gives it under a mandate (CGU-23): each that he has is tried. */
  underMandate?: true
}>

type Listed = Readonly<{
  command: string
  href: (id: string) => string
  summary: string
  who: Decider<never, never, never>['who']
  underMandate: boolean
  decide: (id: string, by: Actor, fold: Fold, mandate: string | undefined) => Promise<Refusal | undefined>
}>

export const actionAnswer = Type.Object({
  command: Type.String(),
  summary: Type.String(),
  href: Type.String({ description: 'Where the command is POSTed.' }),
  open: Type.Boolean(),
  role: Type.Optional(Type.String({ description: 'The role of the caller in which it is open.' })),
  mandate: Type.Optional(
    Type.String({ description: 'The appointment of the caller that it is open under.' }),
  ),
  code: Type.Optional(Type.String({ description: 'Why it is closed: the refusal that it would meet.' })),
  clause: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String({ description: 'The same in words.' })),
})
type Action = Static<typeof actionAnswer>

export type Actions = Readonly<{
  /** Lists a command among those of an object. */
  list: <S, C extends Command, E extends Event, F>(
    route: Readonly<{ url: string; summary: string }>,
    trial: Trial<S, C, E, F>,
  ) => void
  /** What the caller may do with an object. */
  of: (request: FastifyRequest, kind: ObjectKind, id: string) => Promise<readonly Action[]>
}>

/** Nobody's journal: what is only tried out is not written. */
const noJournal = '00000000-0000-0000-0000-000000000000'

export const createActions = (
  { load, now, posts }: Pick<Services, 'load' | 'now' | 'posts'>,
  prefix: string,
): Actions => {
  const listed = new Map<ObjectKind, Listed[]>()

  /** Each stream is read once a request, however many commands ask for it. */
  const foldOnce = (): Fold => {
    const known = new Map<string, Promise<unknown>>()
    return <S, E>(aggregate: Aggregate<S, E>, id: string): Promise<S> => {
      const stream = `${aggregate.name}-${id}`
      const state = known.get(stream) ?? load(aggregate, id).then((loaded) => loaded.state)
      known.set(stream, state)
      return state as Promise<S>
    }
  }

  /** The appointments of a person in force, newest first, looked up once a request and only if somebody asks. */
  const mandatesOnce = (person: string, fold: Fold) => {
    let known: Promise<readonly Readonly<{ id: string; role: Role }>[]> | undefined
    const inForce = async () => {
      const held: { id: string; role: Role }[] = []
      for (const id of (await posts.appointmentsOf(person)).toReversed()) {
        const state = await fold(appointment, id)
        if (state.status === 'inForce') held.push({ id, role: state.role })
      }
      return held
    }
    /** Without a mandate in the role he stands there with empty hands. */
    return async (role: Role): Promise<readonly (string | undefined)[]> => {
      const ids = (await (known ??= inForce())).filter((one) => one.role === role).map(({ id }) => id)
      return ids.length === 0 ? [undefined] : ids
    }
  }
  type Mandates = ReturnType<typeof mandatesOnce>

  const answer = async (
    request: FastifyRequest,
    { id, fold, mandates }: Readonly<{ id: string; fold: Fold; mandates: Mandates }>,
    one: Listed,
  ): Promise<Action> => {
    const { person, entities, roles } = accountOf(request)
    const shown = { command: one.command, summary: one.summary, href: one.href(id) }
    let refusal: Refusal = { code: 'ROLE_NOT_HELD', clause: clauseOfRole(one.command), detail: '' }
    for (const role of roles.filter((held) => one.who.includes(held))) {
      const by: Actor = { person, role, auth: meansOf(request), journal: noJournal, entities }
      const under = one.underMandate && entityBound(role) ? await mandates(role) : [undefined]
      for (const mandate of under) {
        const found = await one.decide(id, by, fold, mandate)
        if (found === undefined)
          return { ...shown, open: true, role, ...(mandate === undefined ? {} : { mandate }) }
        refusal = found
      }
    }
    const { code, clause } = refusal
    const reason = refusals[code][languageOf(request.headers['accept-language'])]
    return { ...shown, open: false, code, clause, reason }
  }

  return {
    list: ({ url, summary }, { on, decider, data, underMandate }) => {
      const known = listed.get(on) ?? []
      known.push({
        ...{ command: decider.type, summary, who: decider.who, underMandate: underMandate === true },
        href: (id) => `${prefix}${url.replace(/:\w+/, id)}`,
        decide: async (id, by, fold, mandate) => {
          const tried = { ...(await data(id, by)), ...(mandate === undefined ? {} : { mandate }) }
          const order = { type: decider.type, id: noJournal, by, at: now(), data: tried }
          const command = order as unknown as Parameters<typeof decider.decide>[0]
          const state = await fold(decider.aggregate, decider.stream(command))
          const decision = await consider(decider, command, state, fold)
          return 'refused' in decision ? decision.refused : undefined
        },
      })
      listed.set(on, known)
    },
    of: async (request, kind, id) => {
      const fold = foldOnce()
      const mandates = mandatesOnce(accountOf(request).person, fold)
      const actions: Action[] = []
      for (const one of listed.get(kind) ?? [])
        actions.push(await answer(request, { id, fold, mandates }, one))
      return actions
    },
  }
}
