// Certificates as people ask for them: one by its serial number, its content, its status at a date, what happened to it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { derOf } from '../commands/issuing.ts'
import { certificate, type Certificate } from '../domain/certificate.ts'
import { request as requestFile } from '../domain/request.ts'
import { describeCertificate } from '../pki/describe.ts'
import { toPem } from '../pki/fields.ts'
import { certificateBySerial, statusAt } from '../readmodels/certificates.ts'
import { findHistory } from '../readmodels/history.ts'
import { certificateStatus, contentAnswer, rowAnswer, rowBody } from './certificateAnswer.ts'
import { httpDate } from './document.ts'
import { eventAnswer, eventBody } from './eventAnswer.ts'
import { Problem } from './problems.ts'
import { tag } from './readers.ts'
import { readRoute, type Api } from './routes.ts'
import { bySerial, orNull, t } from './schemas.ts'
import { serialFrom } from './serial.ts'

const unknown = (): never => {
  throw new Problem('CERTIFICATE_UNKNOWN', { clause: 'CGU-73', detail: 'serial' })
}

/** The row of a certificate that the ledger knows. @throws Problem CERTIFICATE_UNKNOWN, PROJECTION_LAGGING */
const rowOf = async (api: Api, serial: string, { status }: Certificate) => {
  const row = await certificateBySerial(api.services.db, serial)
  if (row !== undefined) return row
  // A serial that was given up before its plan was never anybody's, and has no row.
  if (status === 'unknown' || status === 'abandoned') return unknown()
  throw new Problem('PROJECTION_LAGGING', { headers: { 'retry-after': '1' } })
}

/** A holder's certificate is about a person and, through its request, about an entity; a responder's about nobody. */
const subjectOf = async (api: Api, state: Certificate) => {
  if (!('request' in state) || state.request === undefined) return {}
  const file = (await api.services.load(requestFile, state.request)).state
  const entity = file.status === 'unknown' ? undefined : file.identity?.entity
  return { person: state.person, entity }
}

const load = async (api: Api, serial: string) => {
  const { state, revision } = await api.services.load(certificate, serial)
  return { state, revision, subject: await subjectOf(api, state), stream: `certificate-${serial}` }
}

const octets = async (api: Api, request: FastifyRequest, serial: string): Promise<Uint8Array> => {
  const { state, subject, stream } = await load(api, serial)
  await api.readers.consult(request, subject, { screen: 'certificateContent', streams: [stream] })
  return derOf(state) ?? unknown()
}

const instantOf = (text: string | undefined, now: string): string => {
  if (text === undefined) return now
  if (Number.isNaN(Date.parse(text))) throw faultAt('at')
  return text
}

const faultAt = (field: string): Problem =>
  new Problem('VALIDATION_FAILED', {
    errors: [{ in: 'query', pointer: `/${field}`, message: 'is not an instant' }],
  })

const binary = (type: string) => ({
  200: {
    description: 'The certificate.',
    content: { [type]: { schema: { type: 'string', format: 'binary' } } },
  },
})

const attach = (reply: FastifyReply, type: string, file: string): void => {
  reply.type(type).header('content-disposition', `attachment; filename="${file}"`)
}

export const certificateRoutes = (api: Api): void => {
  const { db, now } = api.services
  const about = { tag: 'certificates', clauses: ['CGU-73'], params: bySerial } as const

  readRoute(api, {
    ...about,
    url: '/certificates/:serial',
    summary: 'A certificate: its status and what it says',
    clauses: ['CGU-73', 'CGU-114'],
    actionsOf: { kind: 'certificate', id: (params) => serialFrom(params.serial) },
    answer: Type.Object({ ...rowAnswer, revision: Type.Integer(), content: orNull(contentAnswer) }),
    read: async ({ request, reply, params }) => {
      const serial = serialFrom(params.serial)
      const { state, revision, subject, stream } = await load(api, serial)
      const der = derOf(state)
      await api.readers.consult(request, subject, {
        screen: 'certificate',
        streams: der === undefined ? [] : [stream],
      })
      const row = await rowOf(api, serial, state)
      tag(reply, revision)
      return { ...rowBody(row), revision, content: der === undefined ? null : describeCertificate(der) }
    },
  })

  readRoute(api, {
    ...about,
    url: '/certificates/:serial/pem',
    summary: 'The certificate in PEM (RFC 7468)',
    response: binary('application/x-pem-file'),
    read: async ({ request, reply, params }) => {
      const serial = serialFrom(params.serial)
      const der = await octets(api, request, serial)
      attach(reply, 'application/x-pem-file', `${serial}.pem`)
      return toPem(der)
    },
  })

  readRoute(api, {
    ...about,
    url: '/certificates/:serial/der',
    summary: 'The certificate in DER',
    response: binary('application/pkix-cert'),
    read: async ({ request, reply, params }) => {
      const serial = serialFrom(params.serial)
      const der = await octets(api, request, serial)
      attach(reply, 'application/pkix-cert', `${serial}.cer`)
      return Buffer.from(der)
    },
  })

  readRoute(api, {
    ...about,
    url: '/certificates/:serial/status',
    summary: 'The status of the certificate, now or at a date',
    description: 'For evidence of what a relying party could know at an instant.',
    clauses: ['CGU-73', 'CGU-110'],
    query: { at: Type.Optional(t) },
    answer: Type.Object({
      serial: rowAnswer.serial,
      at: t,
      status: orNull(certificateStatus),
      revokedAt: orNull(t),
      inValidity: Type.Boolean(),
    }),
    read: async ({ request, reply, params, query }) => {
      const serial = serialFrom(params.serial)
      const { state, subject, stream } = await load(api, serial)
      await api.readers.reader(request, subject, { screen: 'certificateStatus', stream })
      const row = await rowOf(api, serial, state)
      const at = instantOf(query.at, now())
      const status = statusAt(row, at) ?? null
      if (query.at !== undefined) reply.header('memento-datetime', httpDate(at))
      const revokedAt = status === 'revoked' ? row.revoked_at : null
      return { serial, at, status, revokedAt, inValidity: row.not_before <= at && at <= row.not_after }
    },
  })

  readRoute(api, {
    ...about,
    url: '/certificates/:serial/history',
    summary: 'Every event that concerns the certificate, oldest first',
    clauses: ['CGU-73', 'CGU-111'],
    answer: Type.Object({ events: Type.Array(eventAnswer) }),
    read: async ({ request, params }) => {
      const serial = serialFrom(params.serial)
      const { state, subject, stream } = await load(api, serial)
      await api.readers.reader(request, subject, { screen: 'certificateHistory', stream })
      if (state.status === 'unknown') return unknown()
      const rows = await findHistory(db, { concerns: `serial:${serial}`, limit: 1000 })
      return { events: rows.map(eventBody) }
    },
  })
}
