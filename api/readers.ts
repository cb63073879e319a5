// Who may read what: officers read; a holder reads what is his; who stands for an entity what belongs to it.
// Every look at somebody else's personal data is written down before the data leave (CGU-114, events.md section 2).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import { accountOf, type Who } from './auth.ts'
import type { Journal } from './journal.ts'
import { formatPosition, parsePosition } from './position.ts'
import { Problem } from './problems.ts'
import type { Services } from './services.ts'

export const officers = [
  'raOfficer',
  'caOfficer',
  'recoveryOfficer',
  'auditor',
  'supervisor',
  'securityOfficer',
] as const satisfies readonly Role[]

/** Whom and what a thing is about; both are left out for what is nobody's. */
export type Subject = Readonly<{ person?: string | undefined; entity?: string | undefined }>

export type Readers = Readonly<{
  /** The reader, if he may read it. @throws Problem ROLE_NOT_HELD */
  reader: (
    request: FastifyRequest,
    subject: Subject,
    about: Readonly<{ screen: string; stream?: string; also?: readonly Role[] }>,
  ) => Promise<Actor>
  /** As `reader`, and the look is written down unless the data are the reader's own. */
  consult: (
    request: FastifyRequest,
    subject: Subject,
    look: Readonly<{ screen: string; streams: readonly string[] }>,
  ) => Promise<Actor>
}>

export const createReaders = (who: Who, journal: Journal): Readers => {
  const reader: Readers['reader'] = (request, { person, entity }, { screen, stream, also = [] }) => {
    const account = accountOf(request)
    const among: Role[] = [...officers, ...also]
    // A refusal names the roles that it would take: those that hang on the thing are named to who holds them alone.
    const alsoBy = (...bound: readonly Role[]): void => {
      among.push(...bound.filter((role) => account.roles.includes(role)))
    }
    if (person !== undefined && person === account.person) alsoBy('holder')
    // Who stands for the entity acts on what is its holders', so he may look at it (CGU-62).
    if (entity !== undefined && account.entities.includes(entity))
      alsoBy('mc', 'legalRepresentative', 'authorisedPerson')
    return who.actor(request, among, { command: screen, ...(stream === undefined ? {} : { stream }) })
  }
  return {
    reader,
    consult: async (request, subject, { screen, streams }) => {
      const [stream] = streams
      const actor = await reader(request, subject, { screen, ...(stream === undefined ? {} : { stream }) })
      const own = actor.role === 'holder' && actor.person === subject.person
      if (!own && streams.length > 0) await journal.consultation(actor, { screen, streams })
      return actor
    },
  }
}

const waitMs = 2000

/** What a command is decided on has to be listed: all that was answered before. @throws Problem PROJECTION_LAGGING */
export const caughtUp = async ({ reads }: Pick<Services, 'reads'>): Promise<void> => {
  if (!(await reads.caughtUp(waitMs)))
    throw new Problem('PROJECTION_LAGGING', { headers: { 'retry-after': '1' } })
}

const minPositionOf = (request: FastifyRequest): string | undefined => {
  const header = request.headers['x-min-position']
  if (typeof header === 'string') return header
  const { minPosition } = request.query as { minPosition?: string }
  return minPosition
}

/** Read your writes: a read may ask to be at least as new as a position; every read that is answered says how new it is. */
export const installPositions = (app: FastifyInstance, services: Services): void => {
  app.addHook('preHandler', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return
    const text = minPositionOf(request)
    if (text === undefined) return
    const position = parsePosition(text)
    if (position === undefined) throw new Problem('HEADER_INVALID', { detail: 'X-Min-Position' })
    if (!(await services.reads.waitFor(position, waitMs)))
      throw new Problem('PROJECTION_LAGGING', { headers: { 'retry-after': '1' } })
  })
  app.addHook('onSend', async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return
    // What was refused has read nothing: from one position to the next anybody could tell how much is written here, and when.
    if (reply.statusCode >= 400) return
    const position = services.reads.position()
    if (position !== undefined) reply.header('x-projection-position', formatPosition(position))
  })
}

/** `ETag: W/"<revision>"`: what `If-Match` of a command asks for. */
export const tag = (reply: FastifyReply, revision: number): void => {
  reply.header('etag', `W/"${revision}"`)
}

/** @throws Problem NOT_FOUND */
export const notFound = (): never => {
  throw new Problem('NOT_FOUND')
}
