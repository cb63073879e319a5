// What every command route does around its decider: key, precondition, actor, refusals, position.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { v5 } from 'uuid'
import { RevisionMismatch, type Accepted, type Handle } from '../commands/handle.ts'
import { ProcessRefused } from '../commands/program.ts'
import type { Actor, Command, Decider, Event, Instant, Refusal } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import type { ClauseId } from '../domain/refusals.ts'
import { accountOf, type Who } from './auth.ts'
import { cardRefusalOf } from './cardRefusals.ts'
import { commandIdOf, keyOf, type Keys } from './idempotency.ts'
import { inSight } from './outOfSight.ts'
import { formatPosition } from './position.ts'
import { isRefusalCode, Problem, refused } from './problems.ts'
import type { LedgerPosition, Services } from './services.ts'

export const acceptedSchema = {
  id: Type.String({ description: 'Id of what the command was about.' }),
  stream: Type.String(),
  revision: Type.Integer({ minimum: -1, description: 'Last revision of the stream, for If-Match.' }),
  position: Type.Optional(
    Type.String({ description: 'Position in the ledger, for X-Min-Position. Absent: nothing to write.' }),
  ),
}
export type AcceptedBody = Static<ReturnType<typeof Type.Object<typeof acceptedSchema>>>

/** Header `If-Match`: a revision, as GET gives it in `ETag`; none, or `*`, asks for nothing. @throws Problem HEADER_INVALID */
const revisionAskedFor = ({ headers }: FastifyRequest): number | undefined => {
  const header = headers['if-match']
  if (header === undefined || header === '*') return undefined
  const revision = /^(?:W\/)?"(\d{1,15})"$/.exec(header)?.[1]
  if (revision === undefined) throw new Problem('HEADER_INVALID', { detail: 'If-Match' })
  return Number(revision)
}

/** One request to do something, by somebody who may. */
export type Act = Readonly<{
  actor: Actor
  /** Of the command, and of the stream that it opens: the same for the same account and Idempotency-Key. */
  id: string
  at: Instant
  /** What `carryOut` asks of its stream, for an act that does something before, or gives no command itself. @throws RevisionMismatch */
  expectSeen: (revision: number) => void
  /** Gives the request's own command. @throws Problem with the refusal, after it has been written down */
  carryOut: <S, C extends Command, E extends Event, F>(
    decider: Decider<S, C, E, F>,
    data: C['data'],
    caseId?: string,
  ) => Promise<Accepted<E>>
  /** Gives one more, whose id is derived from the first one's and the command's name. */
  goOn: Act['carryOut']
  /** Refuses what no decider has to be asked about. */
  refuse: (refusal: Refusal, about: Readonly<{ command: string; stream?: string }>) => Promise<never>
  /** Marks the answer: position, and whether the command had been carried out before. */
  mark: (outcome: { position?: LedgerPosition | undefined; replayed: boolean }) => void
}>

type Wanted = Readonly<{
  command: string
  who: readonly Role[]
  /** Something that one request at a time may touch. */
  also?: string
  secrets?: readonly string[]
}>

export type Commands = Readonly<{
  perform: <T>(
    request: FastifyRequest,
    reply: FastifyReply,
    wanted: Wanted,
    act: (act: Act) => Promise<T>,
  ) => Promise<T>
}>

type Written = Readonly<{ stream: string; revision: number; position?: LedgerPosition | undefined }>

/** Where the last event of a stream stands. */
export const lastOf = (written: ReadonlyMap<string, LedgerPosition>): LedgerPosition | undefined =>
  [...written.values()].at(-1)

export const accepted = (id: string, { stream, revision, position }: Written): AcceptedBody => ({
  id,
  stream,
  revision,
  ...(position === undefined ? {} : { position: formatPosition(position) }),
})

const marker =
  (request: FastifyRequest, reply: FastifyReply): Act['mark'] =>
  ({ position, replayed }) => {
    if (position !== undefined) {
      reply.header('x-ledger-position', formatPosition(position))
      request.outcome = { ...request.outcome, position: formatPosition(position) }
    }
    if (replayed) reply.header('idempotency-replayed', 'true')
  }

export const createCommands = (services: Services, who: Who, keys: Keys): Commands => {
  const handle: Handle = services.handle
  return {
    perform: async (request, reply, { command, who: among, also, secrets }, act) => {
      const key = keyOf(request)
      const id = commandIdOf(accountOf(request).id, key)
      const ifRevision = revisionAskedFor(request)
      const actor = await who.actor(request, among, { command })
      const at = services.now()
      const mark = marker(request, reply)
      const refuse: Act['refuse'] = async (refusal, about) => {
        await who.refusal(actor, refusal, about)
        throw refused(refusal)
      }
      const give =
        (idOf: (type: string) => string, revision: number | undefined): Act['carryOut'] =>
        async (decider, data, caseId) => {
          const order = { type: decider.type, id: idOf(decider.type), data, by: actor, at }
          const one = order as unknown as Parameters<typeof decider.decide>[0]
          const stream = `${decider.aggregate.name}-${decider.stream(one)}`
          request.outcome = { ...request.outcome, command: decider.type, stream }
          const outcome = await handle(decider, one, {
            ...(caseId === undefined ? {} : { correlationId: caseId }),
            ...(revision === undefined ? {} : { ifRevision: revision }),
          })
          if ('refused' in outcome) return refuse(outcome.refused, { command: decider.type, stream })
          request.outcome = { ...request.outcome, revision: outcome.revision }
          mark(outcome)
          return outcome
        }
      const held = {
        key,
        ...(also === undefined ? {} : { also }),
        ...(secrets === undefined ? {} : { secrets }),
      }
      const tools: Act = {
        ...{ actor, id, at, mark, refuse },
        expectSeen: (revision) => {
          if (ifRevision !== undefined && ifRevision !== revision) throw new RevisionMismatch(revision)
        },
        carryOut: give(() => id, ifRevision),
        goOn: give((type) => v5(type, id), undefined),
      }
      const carried = keys.hold(request, held, async () => {
        try {
          return await act(tools)
        } catch (error) {
          // What a process refuses was refused to the one who asked for it.
          if (error instanceof ProcessRefused && isRefusalCode(error.code))
            return refuse({ code: error.code, clause: error.clause as ClauseId, detail: '' }, { command })
          const ofCard = cardRefusalOf(error)
          if (ofCard !== undefined) return refuse(ofCard, { command })
          throw error
        }
      })
      return carried.catch(async (error: unknown) => {
        throw await inSight(services, request, { actor, error })
      })
    },
  }
}
