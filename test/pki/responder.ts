// OCSP requests as OpenSSL makes them, and answers to them as pki/ signs them.
import type { Instant } from '../../domain/kernel.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import type { OcspStatus } from '../../pki/ocsp.ts'
import { parseOcspRequest, type OcspRequest } from '../../pki/ocspRequest.ts'
import { signOcspResponse } from '../../pki/signOcspResponse.ts'
import { pemOf, type Readers } from './readers.ts'
import type { Authority, Party } from './authority.ts'

/** The present: OpenSSL asks whether an answer is fresh, of the clock of the machine. */
export const now: Instant = new Date().toISOString().replace(/\.\d+Z$/, 'Z')

/** The certificates of a chain, for the programs: `root.pem`, `ca.pem`, `responder.pem`. */
export const writeChain = (readers: Readers, { root, ca, responder }: Authority): void => {
  for (const [name, { certificate }] of Object.entries({ root, ca, responder }))
    readers.file(`${name}.pem`, pemOf(certificate))
}

let files = 0

/** What OpenSSL asks of `ca.pem`; the arguments are its own, as `-sha256 -serial 0x…`. */
export const ask = async (readers: Readers, ...args: readonly string[]): Promise<Uint8Array> => {
  const name = `${(files += 1)}.request`
  await readers.run('openssl', 'ocsp', '-issuer', 'ca.pem', ...args, '-reqout', name)
  return readers.read(name)
}

export const requestOf = (der: Uint8Array): OcspRequest => {
  const request = parseOcspRequest(der)
  if ('error' in request) throw new Error(request.error)
  return request
}

export type Said = Readonly<{ by?: Party; nextUpdate?: Instant; last?: boolean }>

/** Signs an answer to a request: one status for each certificate that it asks for. */
export const answer = (
  { policy, ca, responder }: Authority,
  asked: OcspRequest,
  statuses: readonly OcspStatus[],
  { by = responder, last = false, nextUpdate }: Said = {},
): Promise<Uint8Array> => {
  const plan = {
    ...{ producedAt: now, thisUpdate: now },
    nextUpdate: nextUpdate ?? addSeconds(now, policy.ocsp.responseMinutes * 60),
    answers: asked.requests.map((certId, i) => ({ certId, status: statuses[i] ?? 'unknown' })),
    archiveCutoff: ca.issuer.notBefore,
    ...(asked.nonce === undefined ? {} : { nonce: asked.nonce }),
  }
  const context = { policy, issuer: ca.certificate, responder: by.certificate, asked, last }
  return signOcspResponse(plan, context, by.signer)
}
