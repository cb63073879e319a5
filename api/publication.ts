// CGU-01, CGU-104 to CGU-106: what relying parties fetch, at the paths that the conditions of use name.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { posix } from 'node:path'
import { sha256 } from '../commands/issuing.ts'
import { document, inForce } from '../domain/document.ts'
import { h } from '../domain/fields.ts'
import { secondsOf } from '../domain/policy/dates.ts'
import type { ClauseId } from '../domain/refusals.ts'
import { notBeforeOf } from '../pki/fields.ts'
import { createCrlFile, type CrlFile } from './crlFile.ts'
import { sendDocument, type Document } from './document.ts'
import { Problem } from './problems.ts'
import { documented } from './routes.ts'
import { closed } from './schemas.ts'
import type { Services } from './services.ts'

const day = 86_400
/** A CRL is replaced at each revocation, so it is asked for again soon, and never kept past its end. */
const crlMaxAge = 300

const pathsOf = (urls: readonly string[]): readonly string[] => [
  ...new Set(urls.map((url) => new URL(url).pathname)),
]

type Publication = Readonly<{
  paths: readonly string[]
  summary: string
  clauses: readonly ClauseId[]
  type: string
  document: () => Document | Promise<Document>
}>

const certificateDocument = (der: Uint8Array): Document => ({
  bytes: der,
  type: certificateType,
  sha256: sha256(der),
  lastModified: notBeforeOf(der),
  cacheControl: `public, max-age=${day}`,
})

/** What relying parties need to judge a certificate. Undefined or thrown: it is not known here. */
export type Lists = Pick<Services, 'policy' | 'now'> &
  Readonly<{
    crl: () => Promise<CrlFile | undefined>
    rootCrl: () => Promise<CrlFile | undefined>
    caCertificate: () => Uint8Array
    rootCertificate: () => Uint8Array
  }>

const crlDocument =
  ({ now }: Lists, crlFile: Lists['crl']): Publication['document'] =>
  async () => {
    const file = await crlFile()
    if (file === undefined) throw new Problem('NOT_FOUND')
    const left = Math.max(0, secondsOf(file.nextUpdate) - secondsOf(now()))
    return {
      bytes: file.bytes,
      type: crlType,
      sha256: file.sha256,
      lastModified: file.thisUpdate,
      cacheControl: `public, max-age=${Math.min(crlMaxAge, left)}, no-transform, must-revalidate`,
    }
  }

const crlType = 'application/pkix-crl'
const certificateType = 'application/pkix-cert'

/** The lists and the certificates of both authorities, at the addresses that the policy names. */
export const listPublications = (lists: Lists): readonly Publication[] => {
  const { publication } = lists.policy
  return [
    {
      paths: pathsOf(publication.crl),
      summary: 'The certificate revocation list in force',
      clauses: ['CGU-05', 'CGU-106'],
      type: crlType,
      document: crlDocument(lists, lists.crl),
    },
    {
      paths: pathsOf(publication.rootCrl),
      summary: 'The list of revoked authorities in force, issued by the root',
      clauses: ['CGU-101'],
      type: crlType,
      document: crlDocument(lists, lists.rootCrl),
    },
    {
      paths: pathsOf(publication.caCertificate),
      summary: 'The certificate of the issuing authority',
      clauses: ['CGU-105'],
      type: certificateType,
      document: () => certificateDocument(lists.caCertificate()),
    },
    {
      paths: pathsOf(publication.rootCertificate),
      summary: 'The certificate of the root',
      clauses: ['CGU-104'],
      type: certificateType,
      document: () => certificateDocument(lists.rootCertificate()),
    },
  ]
}

const textType = 'text/plain; charset=utf-8'

/** The text of a version, for as long as nobody can have another under its digest. @throws Problem NOT_FOUND */
const textOf = async (
  { documents }: Services,
  { sha256: digest, effectiveFrom }: Readonly<{ sha256: string; effectiveFrom: string }>,
  maxAge: number,
): Promise<Document> => {
  const bytes = await documents.get(digest)
  if (bytes === undefined) throw new Problem('NOT_FOUND')
  return {
    ...{ bytes, type: textType, sha256: digest, lastModified: effectiveFrom },
    cacheControl: `public, max-age=${maxAge}`,
  }
}

/** CGU-01, CGU-19: the version in force now, whichever the installation was started with. */
const cguInForce = async (services: Services): Promise<Document> => {
  const current = inForce((await services.load(document, 'cgu')).state, services.now())
  if (current === undefined) throw new Problem('NOT_FOUND')
  return textOf(services, current, 3600)
}

/** Documents that anybody may read in each of their versions. */
const publicKinds = ['cgu', 'pc', 'revocationForm'] as const

/** CGU-19: every version that was adopted, also the one that is yet to come into force. */
const adoptedText = async (services: Services, digest: string): Promise<Document> => {
  for (const kind of publicKinds) {
    const { versions } = (await services.load(document, kind)).state
    const version = versions.find(({ sha256: known }) => known === digest)
    if (version !== undefined) return textOf(services, version, day)
  }
  throw new Problem('NOT_FOUND')
}

const publicationsOf = (services: Services): readonly Publication[] => {
  const { authority, policy, now } = services
  const stem = posix.basename(new URL(policy.publication.caCertificate[0] ?? '').pathname, '.cer')
  return [
    ...listPublications({
      ...{ policy, now },
      crl: createCrlFile(services, authority.ca),
      rootCrl: createCrlFile(services, authority.rootCa),
      caCertificate: () => authority.ca.certificate,
      rootCertificate: () => authority.root,
    }),
    {
      paths: [`/cgu-${stem}.txt`],
      summary: 'The conditions of use in force',
      clauses: ['CGU-01', 'CGU-19'],
      type: textType,
      document: () => cguInForce(services),
    },
  ]
}

/** Serves each publication at its addresses. */
export const servePublications = (app: FastifyInstance, publications: readonly Publication[]): void => {
  for (const { paths, summary, clauses, type, document: made } of publications)
    for (const path of paths)
      app.get(
        path,
        {
          schema: {
            ...documented({ summary, tag: 'publication', clauses }),
            response: {
              200: {
                description: 'The document.',
                content: { [type]: { schema: { type: 'string', format: 'binary' } } },
              },
            },
          },
        },
        async (request: FastifyRequest, reply: FastifyReply) => sendDocument(request, reply, await made()),
      )
}

export const publicationRoutes = (app: FastifyInstance, services: Services): void => {
  servePublications(app, publicationsOf(services))
  app.get(
    '/documents/:sha256',
    {
      schema: {
        ...documented({
          summary: 'The text of an adopted version, by its SHA-256',
          description:
            'Conditions of use, certification policy, revocation form; also before a version comes into force.',
          tag: 'publication',
          clauses: ['CGU-01', 'CGU-12', 'CGU-19', 'CGU-69'],
        }),
        params: closed({ sha256: h }),
        response: {
          200: {
            description: 'The document.',
            content: { [textType]: { schema: { type: 'string', format: 'binary' } } },
          },
        },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) =>
      sendDocument(
        request,
        reply,
        await adoptedText(services, (request.params as { sha256: string }).sha256),
      ),
  )
}
