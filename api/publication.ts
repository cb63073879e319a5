// CGU-01, CGU-104 to CGU-106: what relying parties fetch, at the paths that the conditions of use name.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { posix } from 'node:path'
import { sha256, type IssuingCa } from '../commands/issuing.ts'
import { secondsOf } from '../domain/policy/dates.ts'
import type { ClauseId } from '../domain/refusals.ts'
import { notBeforeOf } from '../pki/fields.ts'
import { createCrlFile } from './crlFile.ts'
import { sendDocument, type Document } from './document.ts'
import { Problem } from './problems.ts'
import { documented } from './routes.ts'
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
  type: 'application/pkix-cert',
  sha256: sha256(der),
  lastModified: notBeforeOf(der),
  cacheControl: `public, max-age=${day}`,
})

const crlPublication = (
  services: Services,
  authority: IssuingCa,
  about: Pick<Publication, 'paths' | 'summary' | 'clauses'>,
): Publication => {
  const crlFile = createCrlFile(services, authority)
  return {
    ...about,
    type: 'application/pkix-crl',
    document: async () => {
      const file = await crlFile()
      if (file === undefined) throw new Problem('NOT_FOUND')
      const left = Math.max(0, secondsOf(file.nextUpdate) - secondsOf(services.now()))
      return {
        bytes: file.bytes,
        type: 'application/pkix-crl',
        sha256: file.sha256,
        lastModified: file.thisUpdate,
        cacheControl: `public, max-age=${Math.min(crlMaxAge, left)}, no-transform, must-revalidate`,
      }
    },
  }
}

const publicationsOf = (services: Services): readonly Publication[] => {
  const { policy, authority, cguText, now } = services
  const { publication } = policy
  const started = now()
  const stem = posix.basename(new URL(publication.caCertificate[0] ?? '').pathname, '.cer')
  const text = Buffer.from(cguText, 'utf8')
  return [
    crlPublication(services, authority.ca, {
      paths: pathsOf(publication.crl),
      summary: 'The certificate revocation list in force',
      clauses: ['CGU-05', 'CGU-106'],
    }),
    crlPublication(services, authority.rootCa, {
      paths: pathsOf(publication.rootCrl),
      summary: 'The list of revoked authorities in force, issued by the root',
      clauses: ['CGU-101'],
    }),
    {
      paths: pathsOf(publication.caCertificate),
      summary: 'The certificate of the issuing authority',
      clauses: ['CGU-105'],
      type: 'application/pkix-cert',
      document: () => certificateDocument(authority.ca.certificate),
    },
    {
      paths: pathsOf(publication.rootCertificate),
      summary: 'The certificate of the root',
      clauses: ['CGU-104'],
      type: 'application/pkix-cert',
      document: () => certificateDocument(authority.root),
    },
    {
      paths: [`/cgu-${stem}.txt`],
      summary: 'The conditions of use in force',
      clauses: ['CGU-01', 'CGU-19'],
      type: 'text/plain; charset=utf-8',
      document: () => ({
        bytes: text,
        type: 'text/plain; charset=utf-8',
        sha256: sha256(text),
        lastModified: started,
        cacheControl: 'public, max-age=3600',
      }),
    },
  ]
}

export const publicationRoutes = (app: FastifyInstance, services: Services): void => {
  for (const { paths, summary, clauses, type, document } of publicationsOf(services))
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
        async (request: FastifyRequest, reply: FastifyReply) =>
          sendDocument(request, reply, await document()),
      )
}
