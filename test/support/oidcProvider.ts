// A small OpenID Connect provider that behaves as ProConnect does: authorization code with PKCE, single-use codes, userinfo as a
// signed JWT, sign-out by id_token_hint. It can be told to answer one thing wrongly, so that each check is seen to be made.
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'

/** A claim that is undefined is left out. */
type Claims = Readonly<Record<string, unknown>>

/** What is done wrongly, once. */
export type Wrong = Readonly<{
  /** In the place of what the ID token says. */
  idToken?: Claims
  userinfo?: Claims
  /** How the ID token, or userinfo, is signed: not at all, or by a key that is not published. */
  idTokenBy?: 'nobody' | 'stranger'
  userinfoBy?: 'nobody' | 'stranger' | 'json'
}>

export type TestProvider = Readonly<{
  issuer: string
  /** Signs the browser in there as `subject`. @returns where it is sent back to */
  authorize: (url: string, subject: string) => Promise<URL>
  wrong: (what: Wrong) => void
  /** What the last authorization request asked for. */
  asked: () => URLSearchParams
  /** While it lasts, every connection breaks. */
  away: (lasts: boolean) => void
  close: () => Promise<void>
}>

type Code = Readonly<{ subject: string; nonce: string; challenge: string | null; redirect: string }>

const bodyOf = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'))
}

const json = async (response: ServerResponse, status: number, body: object): Promise<void> => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** RFC 6749 2.3.1: both parts are form-encoded. */
const basicOf = ({ headers: { authorization = '' } }: IncomingMessage): string =>
  decodeURIComponent(
    Buffer.from(authorization.replace('Basic ', ''), 'base64').toString('utf8').replaceAll('+', ' '),
  )

/** @param client the one client that there is */
export const openTestProvider = async (
  client: Readonly<{ id: string; secret: string; redirectUri: string }>,
): Promise<TestProvider> => {
  const [own, stranger] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, Code>()
  const subjects = new Map<string, string>()
  let wrong: Wrong = {}
  let asked = new URLSearchParams()
  let isAway = false
  let issuer = ''

  const signed = (claims: Claims, by: string | undefined): Promise<string> | string => {
    const now = Math.floor(Date.now() / 1000)
    const all = { iss: issuer, aud: client.id, iat: now, exp: now + 60, ...claims }
    if (by === 'nobody') return new UnsecuredJWT(all).encode()
    const key = by === 'stranger' ? stranger.privateKey : own.privateKey
    return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'own' }).sign(key)
  }

  const token = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = await bodyOf(request)
    const code = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    if (basicOf(request) !== `${client.id}:${client.secret}`)
      return json(response, 401, { error: 'invalid_client' })
    const verifier = form.get('code_verifier')
    const hash = verifier === null ? null : createHash('sha256').update(verifier).digest('base64url')
    if (code === undefined || hash !== code.challenge || form.get('redirect_uri') !== code.redirect)
      return json(response, 400, { error: 'invalid_grant' })
    const access = randomBytes(16).toString('hex')
    subjects.set(access, code.subject)
    const claims = { sub: code.subject, nonce: code.nonce, acr: 'eidas1', ...wrong.idToken }
    return json(response, 200, {
      ...{ access_token: access, token_type: 'Bearer', expires_in: 60 },
      id_token: await signed(claims, wrong.idTokenBy),
    })
  }

  const userinfo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sub = subjects.get(request.headers.authorization?.replace('Bearer ', '') ?? '')
    if (sub === undefined) return json(response, 401, { error: 'invalid_token' })
    const person = { given_name: 'Zoë', usual_name: "D'Été-Brûlé", email: 'zoe@douane.example' }
    const claims = { sub, ...person, uid: '1', siret: '13002526500013', ...wrong.userinfo }
    if (wrong.userinfoBy === 'json') return json(response, 200, claims)
    response.writeHead(200, { 'content-type': 'application/jwt' })
    response.end(await signed(claims, wrong.userinfoBy))
  }

  const metadata = () => ({
    ...{ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
    ...{ userinfo_endpoint: `${issuer}/userinfo`, end_session_endpoint: `${issuer}/end-session` },
    ...{
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
    },
    ...{ id_token_signing_alg_values_supported: ['RS256'], userinfo_signing_alg_values_supported: ['RS256'] },
  })

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '', issuer).pathname
    if (isAway) {
      request.socket.destroy()
      return
    }
    if (path === '/.well-known/openid-configuration') return json(response, 200, metadata())
    if (path === '/jwks') return json(response, 200, { keys: [jwk] })
    if (path === '/token') return token(request, response)
    if (path === '/userinfo') return userinfo(request, response)
    return json(response, 404, {})
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    authorize: async (url, subject) => {
      const { origin, pathname, searchParams } = new URL(url)
      asked = searchParams
      const redirect = searchParams.get('redirect_uri') ?? ''
      if (`${origin}${pathname}` !== `${issuer}/authorize` || redirect !== client.redirectUri)
        throw new Error('the authorization request is not for this provider, or from another client')
      const code = randomBytes(16).toString('hex')
      const nonce = searchParams.get('nonce') ?? ''
      codes.set(code, { subject, nonce, challenge: searchParams.get('code_challenge'), redirect })
      const back = new URL(redirect)
      back.search = new URLSearchParams({ code, state: searchParams.get('state') ?? '' }).toString()
      return back
    },
    wrong: (what) => {
      wrong = what
    },
    asked: () => asked,
    away: (lasts) => {
      isAway = lasts
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
