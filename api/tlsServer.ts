// The service on TLS of its own, beside the plain port of what relying parties fetch (RFC 5280 8: lists and statuses are plain
// HTTP). A client may show a certificate in the handshake; TLS proves that it has the key, and we judge the rest ourselves, so
// that a refusal is a problem document and not a connection that breaks.
import { constants } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from './problems.ts'

export type TlsOptions = Readonly<{
  /** PEM. */
  cert: Buffer
  key: Buffer
  port: number
  /** Whether clients are asked for a certificate. */
  askForCertificates: boolean
}>

export type TlsServer = Readonly<{
  port: number
  /** Answers what is under way. */
  close: () => Promise<void>
}>

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })

/** @throws when the port is taken, or the key is not the certificate's */
export const listenTls = async (
  app: FastifyInstance,
  host: string,
  { cert, key, port, askForCertificates }: TlsOptions,
): Promise<TlsServer> => {
  const asking = { requestCert: askForCertificates, rejectUnauthorized: false }
  // A session that is resumed has the client's certificate, and not those that came with it (SSL_get_peer_cert_chain(3)).
  const anew = { secureOptions: constants.SSL_OP_NO_TICKET }
  const settings = { cert, key, minVersion: 'TLSv1.2', ...asking, ...anew } as const
  const server = createServer(settings, (request, response) => app.routing(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) }
}

/** Where TLS is ours, nobody shows a secret on the plain port. */
export const requireTls = async ({ socket }: FastifyRequest): Promise<void> => {
  if (!('encrypted' in socket)) throw new Problem('TLS_REQUIRED')
}
