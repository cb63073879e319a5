// CGU-01, CGU-12, CGU-19, CGU-70, CGU-121: documents and parameters, by their versions.
import { Type } from 'typebox'
import { adoptDocument, adoptParameters, recordPublication } from '../commands/documents.ts'
import { sha256 } from '../commands/issuing.ts'
import { document, inForce, parametersSchema, type Document } from '../domain/document.ts'
import { url } from '../domain/fields.ts'
import { documentName, type DocumentName } from '../domain/lists.ts'
import { parametersOf } from '../domain/policy/parameters.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { placesOf } from '../domain/policy/publication.ts'
import { officers, tag } from './readers.ts'
import { Problem } from './problems.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { closed, code, d, h, n, orNull, t } from './schemas.ts'

const optional = Type.Optional
const byKind = closed({ kind: documentName })
const nowhere = '0'.repeat(64)
const late = '9999-12-31T23:59:59Z'

const version = closed(
  {
    version: code,
    sha256: h,
    effectiveFrom: t,
    validUntil: optional(d),
    oid: optional(code),
    text: optional(Type.String({ minLength: 1, maxLength: 60_000 })),
  },
  { examples: [{ version: '2.0', sha256: 'a'.repeat(64), effectiveFrom: '2031-01-01T00:00:00Z' }] },
)

const parametersUnder = (policy: Policy) =>
  closed(
    { policy: n, effectiveFrom: t, values: parametersSchema },
    {
      examples: [
        { policy: policy.version, effectiveFrom: '2031-01-01T00:00:00Z', values: parametersOf(policy) },
      ],
    },
  )

const publication = closed(
  {
    version: code,
    sites: Type.Array(closed({ url, sha256: h, seenAt: t }), { minItems: 1, maxItems: 20 }),
  },
  {
    examples: [
      {
        version: '2.0',
        sites: ['igc', 'igc1', 'igc2'].map((host) => ({
          url: `https://${host}.finances.gouv.fr/pc-ac-personnes-mef-qualifiees.pdf`,
          sha256: 'a'.repeat(64),
          seenAt: '2026-03-02T09:00:00Z',
        })),
      },
    ],
  },
)

const versionAnswer = Type.Object({
  version: code,
  sha256: h,
  effectiveFrom: t,
  validUntil: optional(d),
  oid: optional(code),
  inForce: Type.Boolean(),
  textHeld: Type.Boolean({ description: 'Whether its text can be fetched at /documents/{sha256}.' }),
  published: Type.Array(Type.Object({ url, seenAt: t })),
})

const answer = Type.Object({
  kind: documentName,
  stream: Type.String(),
  revision: Type.Integer(),
  inForce: orNull(code),
  versions: Type.Array(versionAnswer),
  parameters: Type.Array(Type.Object({ policy: n, effectiveFrom: t, values: parametersSchema })),
})

const wrongText = (message: string): Problem =>
  new Problem('VALIDATION_FAILED', { errors: [{ in: 'body', pointer: '/text', message }] })

/** CGU-19: holders are sent to read what they are asked to accept, so the text is there before its version is adopted. */
const keepText = async (
  { services: { documents } }: Api,
  kind: string,
  { sha256: digest, text }: Readonly<{ sha256: string; text?: string }>,
): Promise<void> => {
  if (text === undefined) {
    if (kind === 'cgu' && (await documents.get(digest)) === undefined) throw wrongText('is not held yet')
    return
  }
  const bytes = Buffer.from(text, 'utf8')
  if (sha256(bytes) !== digest) throw wrongText('is not the text whose SHA-256 is sha256')
  await documents.put(bytes)
}

const versionsOf = async ({ services }: Api, state: Document) => {
  const current = inForce(state, services.now())
  return Promise.all(
    state.versions.map(async (one) => ({
      ...one,
      inForce: one === current,
      textHeld: (await services.documents.get(one.sha256)) !== undefined,
      published: state.published
        .filter((seen) => seen.version === one.version)
        .flatMap(({ sites }) => [...sites]),
    })),
  )
}

export const documentRoutes = (api: Api): void => {
  const { policy, load, now } = api.services

  commandRoute(api, {
    url: '/documents/:kind/versions',
    summary: 'Adopt a version of a document, in force from a date',
    description:
      'By its SHA-256. The text of conditions of use is given with it, and published by that digest.',
    tag: 'documents',
    clauses: ['CGU-01', 'CGU-02', 'CGU-06', 'CGU-19', 'CGU-112', 'CGU-121'],
    params: byKind,
    body: version,
    decider: adoptDocument,
    trial: {
      on: 'document',
      data: (kind, by) => ({
        ...{ kind: kind as 'cgu', version: '', sha256: nowhere, effectiveFrom: late, approvedBy: by.role },
      }),
    },
    data: async ({ params: { kind }, body: { text, ...body }, act }) => {
      await keepText(api, kind, { sha256: body.sha256, ...(text === undefined ? {} : { text }) })
      return { ...body, kind, approvedBy: act.actor.role }
    },
  })
  commandRoute(api, {
    url: '/documents/parameters/versions',
    summary: 'Adopt parameters, none of which contradicts the conditions of use',
    tag: 'documents',
    clauses: ['CGU-06', 'CGU-18', 'CGU-41', 'CGU-54', 'CGU-67', 'CGU-70'],
    body: parametersUnder(policy),
    decider: adoptParameters,
    trial: {
      on: 'document',
      data: (kind) => ({
        ...{ kind: kind as 'parameters', policy: Number.MAX_SAFE_INTEGER, effectiveFrom: late },
        values: parametersOf(policy),
      }),
    },
    data: ({ body }) => ({ ...body, kind: 'parameters' as const }),
  })
  commandRoute(api, {
    url: '/documents/:kind/publication',
    summary: 'Record that the sites publish a version, each the same octets',
    tag: 'documents',
    clauses: ['CGU-09', 'CGU-12', 'CGU-69', 'CGU-104', 'CGU-105'],
    params: byKind,
    body: publication,
    decider: recordPublication(policy),
    // The newest version, as if it had been seen everywhere.
    trial: {
      on: 'document',
      data: async (asked) => {
        const kind = asked as DocumentName
        const { version: newest = '', sha256: digest = nowhere } =
          (await load(document, kind)).state.versions.at(-1) ?? {}
        const sites = placesOf(kind, policy).map((place) => ({ url: place, sha256: digest, seenAt: now() }))
        return { kind, version: newest, sites }
      },
    },
    data: ({ params: { kind }, body }) => ({ kind, ...body }),
  })

  readRoute(api, {
    url: '/documents/:kind',
    summary: 'A document: its versions, and which is in force',
    tag: 'documents',
    clauses: ['CGU-01', 'CGU-19'],
    params: byKind,
    answer,
    actionsOf: { kind: 'document', id: ({ kind }) => kind },
    read: async ({ request, reply, params: { kind } }) => {
      const stream = `document-${kind}`
      // Every document is everybody's who is signed in: they are published.
      await api.who.actor(request, [...officers, 'holder', 'mc', 'systemOperator', 'supportAgent'], {
        command: 'document',
        stream,
      })
      const { state, revision } = await load(document, kind)
      tag(reply, revision)
      return {
        ...{ kind, stream, revision, inForce: inForce(state, now())?.version ?? null },
        versions: await versionsOf(api, state),
        parameters: state.parameters,
      }
    },
  })
}
