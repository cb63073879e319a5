// What a refusal reveals. Whoever acts only on what is his, or his entity's, learns nothing about anything else: what he may not see
// answers as what is not there. The refusal itself, with its code and clause, is in his journal.
import type { FastifyRequest } from 'fastify'
import { appointment } from '../domain/appointment.ts'
import { card, isAllotted } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { dispute } from '../domain/dispute.ts'
import type { Actor } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import { recovery } from '../domain/recovery.ts'
import { request as requestFile } from '../domain/request.ts'
import { RevisionMismatch } from '../commands/handle.ts'
import { isRefusalCode, Problem } from './problems.ts'
import { parseSerial } from './serial.ts'
import type { Services } from './services.ts'

const bound: readonly Role[] = [
  'holder',
  'mc',
  'legalRepresentative',
  'accreditedRepresentative',
  'authorisedPerson',
  'legalAuthority',
]

type Whose = Readonly<{ person?: string | undefined; entity?: string | undefined }>
type Look = (services: Pick<Services, 'load'>, id: string) => Promise<Whose>

const ofRequest: Look = async ({ load }, id) => {
  const { state } = await load(requestFile, id)
  return state.status === 'unknown' ? {} : { person: state.person, entity: state.identity?.entity }
}

/** By the first part of a path, where the second one is an id: whose the thing is; `{}` for what is not there. */
const looks: Readonly<Record<string, Look>> = {
  requests: ofRequest,
  certificates: async (services, serial) => {
    const { state } = await services.load(certificate, serial)
    return 'request' in state && state.request !== undefined ? ofRequest(services, state.request) : {}
  },
  cards: async (services, id) => {
    const { state } = await services.load(card, id)
    return isAllotted(state) ? ofRequest(services, state.request) : {}
  },
  'recovery-requests': async ({ load }, id) => {
    const { state } = await load(recovery, id)
    return state.status === 'unknown' ? {} : { person: state.requester }
  },
  appointments: async ({ load }, id) => {
    const { state } = await load(appointment, id)
    return state.status === 'unknown' ? {} : { person: state.person, entity: state.entity }
  },
  disputes: async ({ load }, id) => {
    const { state } = await load(dispute, id)
    return state.status === 'unknown' ? {} : { person: state.holder }
  },
}

const path = /^\/api\/v1\/([a-z-]+)\/:(?:id|serial)(?:\/|$)/

/** What says something of the thing: a refusal of a clause, that it is not there, or which revision it has. */
const saysMuch = (error: unknown): boolean =>
  error instanceof RevisionMismatch ||
  (error instanceof Problem && (error.code === 'NOT_FOUND' || isRefusalCode(error.code)))

/** Whose the thing is that the path names; undefined where it names none, or one that is nobody's. */
const whoseOf = async (
  services: Pick<Services, 'load'>,
  { routeOptions, params }: FastifyRequest,
): Promise<Whose | undefined> => {
  const look = looks[path.exec(routeOptions.url ?? '')?.[1] ?? '']
  const { id = '', serial } = params as Readonly<Record<string, string | undefined>>
  return look?.(services, serial === undefined ? id : (parseSerial(serial) ?? ''))
}

/**
 * The error that whoever asked is answered with.
 * @param error what kept the command that `actor` gave on the thing of the path from being carried out
 */
export const inSight = async (
  services: Pick<Services, 'load'>,
  request: FastifyRequest,
  { actor, error }: Readonly<{ actor: Actor; error: unknown }>,
): Promise<unknown> => {
  if (!bound.includes(actor.role) || !saysMuch(error)) return error
  const whose = await whoseOf(services, request)
  if (whose === undefined || whose.person === actor.person) return error
  const isOfEntity = whose.entity !== undefined && actor.entities.includes(whose.entity)
  return isOfEntity ? error : new Problem('NOT_FOUND')
}
