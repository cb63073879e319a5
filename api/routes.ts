// How a route is declared: once for the validator, the documentation and the types.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static, type TProperties, type TSchema } from 'typebox'
import type { Accepted } from '../commands/handle.ts'
import type { Command, Decider, Event } from '../domain/kernel.ts'
import type { ClauseId } from '../domain/refusals.ts'
import { actionAnswer, type Actions, type ObjectKind, type Trial } from './actions.ts'
import type { Who } from './auth.ts'
import { accepted, acceptedSchema, type Act, type AcceptedBody, type Commands } from './command.ts'
import type { Journal } from './journal.ts'
import { Problem } from './problems.ts'
import type { Readers } from './readers.ts'
import type { Services } from './services.ts'
import type { Outcomes } from './signIn/outcomes.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the documentation says beside the schemas. */
    kind?: 'command' | 'read'
  }
}

/** What every resource is given. */
export type Api = Readonly<{
  app: FastifyInstance
  services: Services
  commands: Commands
  readers: Readers
  journal: Journal
  who: Who
  outcomes: Outcomes
  actions: Actions
}>

export type Text = Readonly<{
  summary: string
  description?: string
  tag: string
  clauses: readonly ClauseId[]
}>

const empty = Type.Object({}, { additionalProperties: false })

export const documented = ({ summary, description, tag, clauses }: Text) => {
  const cited = clauses.length === 0 ? '' : `Clauses: ${clauses.join(', ')}.`
  return { summary, description: [description ?? '', cited].join(' ').trim(), tags: [tag] }
}

/** Any of the ways in (api/openapi.ts). */
const signedIn = { security: [{ bearer: [] }, { certificate: [] }, { client: [] }, { session: [] }] }

type In<P extends TSchema, B extends TSchema> = Readonly<{ params: Static<P>; body: Static<B>; act: Act }>

type ActRoute<P extends TSchema, B extends TSchema> = Text &
  Readonly<{
    url: string
    params?: P
    body?: B
    command: string
    who: Decider<never, never, never>['who']
    /** 201: the command opens a stream. */
    created?: true
    /** The request's fields that leave no trace. */
    secrets?: readonly string[]
    /** Something that one request at a time may touch. */
    also?: (params: Static<P>) => string
    /** Fields of the answer, beside id, stream, revision and position. */
    extra?: TProperties
    /** The answer's schema, where it is no JSON object. */
    response?: object
    run: (input: In<P, B>, reply: FastifyReply) => Promise<unknown>
  }>

/** A command that needs no body takes none, or an empty object. */
const withoutBody = ({ body }: FastifyRequest): void => {
  const fields = typeof body === 'object' && body !== null ? Object.keys(body) : []
  if (body === undefined || body === null || (typeof body === 'object' && fields.length === 0)) return
  throw new Problem('VALIDATION_FAILED', {
    errors: [{ in: 'body', pointer: '', message: 'must be empty' }],
  })
}

/** A route that gives commands. */
export const actRoute = <P extends TSchema, B extends TSchema>(
  { app, commands }: Api,
  route: ActRoute<P, B>,
): void => {
  const status = route.created === true ? 201 : 200
  const answer = Type.Object({ ...acceptedSchema, ...route.extra })
  app.post(
    route.url,
    {
      config: { kind: 'command' },
      schema: {
        ...documented(route),
        ...signedIn,
        ...(route.params === undefined ? {} : { params: route.params }),
        ...(route.body === undefined ? {} : { body: route.body }),
        response: route.response ?? { [status]: answer },
      },
    },
    async (request: FastifyRequest, reply) => {
      if (route.body === undefined) withoutBody(request)
      const params = request.params as Static<P>
      const { command, who, also, secrets } = route
      const wanted = {
        command,
        who,
        ...(also === undefined ? {} : { also: also(params) }),
        ...(secrets === undefined ? {} : { secrets }),
      }
      const sent = await commands.perform(request, reply, wanted, (act) =>
        route.run({ params, body: request.body as Static<B>, act }, reply),
      )
      return reply.code(status).send(sent)
    },
  )
}

type CommandRoute<P extends TSchema, B extends TSchema, S, C extends Command, E extends Event, F> = Omit<
  ActRoute<P, B>,
  'run' | 'command' | 'who'
> &
  Readonly<{
    /** Shows the command among the actions of an object: how it is tried out there (api/actions.ts). */
    trial?: Omit<Trial<S, C, E, F>, 'decider'>
    decider: Decider<S, C, E, F>
    data: (input: In<P, B>) => C['data'] | Promise<C['data']>
    /** The id in the answer; by default the stream's own. */
    answerId?: (input: In<P, B>) => string
    /** The case that the command belongs to, when it is not its own. */
    caseId?: (input: In<P, B>) => string
    /** Waits for what is under way for the same thing. */
    inTurn?: <T>(params: Static<P>, act: () => Promise<T>) => Promise<T>
    more?: (input: In<P, B>, outcome: Accepted<E>) => Promise<object>
  }>

/** A route that gives one command. */
export const commandRoute = <P extends TSchema, B extends TSchema, S, C extends Command, E extends Event, F>(
  api: Api,
  route: CommandRoute<P, B, S, C, E, F>,
): void => {
  const { decider, data, answerId, caseId, inTurn, more, trial } = route
  if (trial !== undefined) api.actions.list(route, { ...trial, decider })
  actRoute(api, {
    ...route,
    command: decider.type,
    who: decider.who,
    run: async (input): Promise<AcceptedBody> => {
      const give = async () => input.act.carryOut(decider, await data(input), caseId?.(input))
      const outcome = await (inTurn === undefined ? give() : inTurn(input.params, give))
      const id = answerId?.(input) ?? outcome.stream.slice(outcome.stream.indexOf('-') + 1)
      return { ...accepted(id, outcome), ...(await more?.(input, outcome)) }
    },
  })
}

type ReadRoute<P extends TSchema, Q extends TProperties> = Text &
  Readonly<{
    url: string
    params?: P
    query?: Q
    /** The schema of the body of a 200, or the whole map by status. */
    answer?: TSchema
    response?: object
    /** The object that it shows: the answer then says which actions are open to the caller, and why the others are not. */
    actionsOf?: Readonly<{ kind: ObjectKind; id: (params: Static<P>) => string }>
    read: (
      input: Readonly<{
        request: FastifyRequest
        reply: FastifyReply
        params: Static<P>
        query: Readonly<Record<keyof Q, string | undefined>>
      }>,
    ) => Promise<unknown>
  }>

/** The schema of an answer, with the actions where it shows an object. */
const answerOf = (answer: TSchema | undefined, withActions: boolean): TSchema => {
  if (answer === undefined) return empty
  const { properties } = answer as unknown as { properties: TProperties }
  return withActions ? Type.Object({ ...properties, actions: Type.Array(actionAnswer) }) : answer
}

/** A route that only reads. Query parameters are texts. */
export const readRoute = <P extends TSchema, const Q extends TProperties>(
  { app, actions }: Api,
  route: ReadRoute<P, Q>,
): void => {
  const { actionsOf } = route
  const minPosition = Type.Optional(
    Type.String({ description: 'As the header X-Min-Position.', maxLength: 50 }),
  )
  app.get(
    route.url,
    {
      config: { kind: 'read' },
      schema: {
        ...documented(route),
        ...signedIn,
        ...(route.params === undefined ? {} : { params: route.params }),
        querystring: Type.Object({ ...route.query, minPosition }, { additionalProperties: false }),
        response: route.response ?? { 200: answerOf(route.answer, actionsOf !== undefined) },
      },
    },
    async (request: FastifyRequest, reply) => {
      const query = request.query as Readonly<Record<keyof Q, string | undefined>>
      const params = request.params as Static<P>
      const body = await route.read({ request, reply, params, query })
      if (actionsOf === undefined) return reply.send(body)
      const open = await actions.of(request, actionsOf.kind, actionsOf.id(params))
      return reply.send({ ...(body as object), actions: open })
    },
  )
}
