// How an API client proves who it is at the token endpoint: a secret (RFC 6749 2.3.1), an assertion that its key has signed
// (RFC 7523 2.2), or its certificate (RFC 8705 2.1). An unknown client costs as much as a wrong proof.
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import type { Accounts, Client } from '../../commands/accounts.ts'
import type { Instant } from '../../domain/kernel.ts'
import type { Door } from './doors.ts'
import type { Tickets } from './tickets.ts'

export type Form = ReadonlyMap<string, string>

export type Proof = Readonly<{ client: Client } | { cause: string; identifier: string }>

export type ProofTools = Readonly<{
  accounts: Accounts
  tickets: Tickets
  byCertificate: Door
  now: () => Instant
  /** What an assertion may be meant for. */
  audiences: readonly string[]
}>

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** How long an assertion may be good for, in seconds: so long its `jti` is remembered. */
const longestAssertion = 300
const skew = 30

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
const nobodys = sha256('the secret of no client').toString('hex')

/** Keys that nobody has, one of each curve: what an unknown client's assertion is verified with. */
const decoys = new Map(
  (['P-256', 'P-384'] as const).map((namedCurve) => [
    namedCurve === 'P-256' ? 'ES256' : 'ES384',
    generateKeyPairSync('ec', { namedCurve }).publicKey,
  ]),
)

/** As the journal takes it, where a name that is empty, or ends within a sign, has no place. */
const named = (identifier = ''): string => Buffer.from(identifier.slice(0, 200)).toString() || 'client'

const nobody = (cause: string, identifier?: string): Proof => ({ cause, identifier: named(identifier) })

/** RFC 6749 2.3.1: both parts are form-encoded before they are joined. */
const basicOf = (authorization: string): readonly [string, string] | undefined => {
  const base64 = /^Basic ([A-Za-z0-9+/]{1,1024}={0,2})$/i.exec(authorization)?.[1]
  const text = Buffer.from(base64 ?? '', 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  try {
    const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)]
    return [decodeURIComponent(id.replaceAll('+', ' ')), decodeURIComponent(secret.replaceAll('+', ' '))]
  } catch {
    return undefined
  }
}

const bySecret = async ({ accounts }: ProofTools, authorization: string): Promise<Proof> => {
  const [id, secret] = basicOf(authorization) ?? []
  if (id === undefined || secret === undefined) return nobody('headerInvalid')
  const client = await accounts.client(id)
  const wanted = Buffer.from(client?.secretSha256 ?? nobodys, 'hex')
  const isRight = timingSafeEqual(wanted, sha256(secret))
  return isRight && client?.secretSha256 !== undefined ? { client } : nobody('secretWrong', id)
}

const keyFor = (client: Client | undefined, alg: string): KeyObject | undefined => {
  if (client?.key === undefined) return decoys.get(alg)
  return createPublicKey(client.key)
}

/** Whom an assertion says that it is about, and how it is signed; nothing of it is believed yet. */
const saidBy = (assertion: string): Readonly<{ id: string; alg: string }> => {
  try {
    const { sub } = decodeJwt(assertion)
    return { id: typeof sub === 'string' ? sub : '', alg: decodeProtectedHeader(assertion).alg ?? '' }
  } catch {
    return { id: '', alg: '' }
  }
}

type Asserted = Readonly<{ assertion: string; id: string; key: KeyObject | undefined }>

/** RFC 7523 3: by the client, about itself, for us, signed by its key, not for long. @returns its `jti` */
const jtiOf = async (
  { now, audiences }: ProofTools,
  { assertion, id, key }: Asserted,
): Promise<string | undefined> => {
  if (key === undefined) return undefined
  const currentDate = new Date(now())
  const checks = {
    ...{ issuer: id, subject: id, audience: [...audiences], algorithms: [...decoys.keys()] },
    ...{ requiredClaims: ['exp', 'jti'], clockTolerance: skew, currentDate },
  }
  const claims = await jwtVerify(assertion, key, checks).then(
    ({ payload }) => payload,
    () => undefined,
  )
  const left = (claims?.exp ?? Infinity) - currentDate.getTime() / 1000
  return left > longestAssertion ? undefined : claims?.jti
}

const byAssertion = async (tools: ProofTools, assertion: string): Promise<Proof> => {
  const { accounts, tickets } = tools
  const { id, alg } = saidBy(assertion)
  const client = await accounts.client(id)
  const jti = await jtiOf(tools, { assertion, id, key: keyFor(client, alg) })
  if (jti === undefined || client?.key === undefined) return nobody('assertionInvalid', id)
  const isFirst = await tickets.once(`assertion ${id} ${jti}`, longestAssertion + 2 * skew)
  return isFirst ? { client } : nobody('assertionReplayed', id)
}

const byCertificate = async (
  { accounts, byCertificate: door }: ProofTools,
  request: FastifyRequest,
  id: string,
): Promise<Proof> => {
  const shown = await door(request)
  if (shown === undefined) return nobody('proofMissing', id)
  if ('cause' in shown) return nobody(shown.cause, id)
  const client = await accounts.client(id)
  return client?.account.id === shown.account.id ? { client } : nobody('certificateOfAnother', id)
}

const byWhatIsShown = async (
  tools: ProofTools,
  request: FastifyRequest,
  form: Form,
): Promise<Proof | undefined> => {
  const { authorization } = request.headers
  const assertion = form.get('client_assertion')
  const isAssertion = form.get('client_assertion_type') === assertionType
  if ((assertion === undefined) === isAssertion || form.has('client_secret')) return undefined
  if (authorization !== undefined) return isAssertion ? undefined : bySecret(tools, authorization)
  if (assertion !== undefined) return byAssertion(tools, assertion)
  const id = form.get('client_id')
  return id === undefined ? undefined : byCertificate(tools, request, id)
}

/** RFC 7521 4.2: a `client_id` beside a proof is that of the client who proves. */
const ofWhomItNames = (proof: Proof | undefined, form: Form): Proof | undefined => {
  const id = form.get('client_id')
  if (proof === undefined || 'cause' in proof || id === undefined || id === proof.client.account.id)
    return proof
  return nobody('clientOfAnother', id)
}

/** @returns undefined where it cannot be told by which of the ways the client means to prove who it is */
export const proofOf = async (
  tools: ProofTools,
  request: FastifyRequest,
  form: Form,
): Promise<Proof | undefined> => ofWhomItNames(await byWhatIsShown(tools, request, form), form)

/** What has been shown where that cannot be told; undefined where nothing was: nobody has tried anything then. */
export const unclearProof = (
  { headers }: FastifyRequest,
  form: Form,
): Readonly<{ cause: string; identifier: string }> | undefined => {
  const isShown =
    headers.authorization !== undefined || form.has('client_secret') || form.has('client_assertion')
  return isShown ? { cause: 'proofUnclear', identifier: named(form.get('client_id')) } : undefined
}
