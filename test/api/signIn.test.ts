// Signing in at an OpenID Connect provider, sessions, access tokens of API clients, and how often anybody may ask. The provider is a
// real one on the loopback, which signs and checks what ProConnect does.
import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SignJWT } from 'jose'
import { parseSetCookie } from 'cookie'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient, linkIdentity, unlinkIdentity } from '../../cli/accountMeans.ts'
import { removeAccount } from '../../cli/accountsFile.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, inUse, mandated } from '../support/life.ts'
import { openTestProvider, type TestProvider, type Wrong } from '../support/oidcProvider.ts'

const publicUrl = 'https://igc.example'
const limits = { signIn: { perAddress: 1000, inAll: 1000 }, entrance: 1000, reads: 80, api: 100_000 }
let provider: TestProvider
let product: Embedded

beforeAll(async () => {
  const redirectUri = `${publicUrl}/auth/callback`
  provider = await openTestProvider({ id: 'grand-livre', secret: 'of the client', redirectUri })
  product = await openEmbedded(limits, {
    ...{ PUBLIC_URL: publicUrl, OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: 'grand-livre' },
    ...{ OIDC_CLIENT_SECRET: 'of the client', OIDC_ACR_VALUES: 'eidas1 eidas2' },
    OIDC_SCOPES: 'openid given_name usual_name email uid siret',
  })
})
afterAll(async () => {
  await product.close()
  await provider.close()
})

type Jar = Record<string, string | undefined>

/** What a browser keeps of an answer: cookies that last no time are gone. */
const keep = (jar: Jar, header: string | string[] | number | undefined): void => {
  for (const line of [header ?? []].flat().map(String)) {
    const { name, value, maxAge } = parseSetCookie(line)
    jar[name] = maxAge === 0 ? undefined : value
  }
}
const held = (jar: Jar): [string, string][] =>
  Object.entries(jar).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
const cookies = (jar: Jar): string =>
  held(jar)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')

const get = async (url: string, jar: Jar, headers: Record<string, string> = {}) => {
  const answer = await product.app.inject({ url, headers: { cookie: cookies(jar), ...headers } })
  keep(jar, answer.headers['set-cookie'])
  return answer
}
const post = async (url: string, jar: Jar, headers: Record<string, string> = {}) => {
  const cookie = cookies(jar)
  const options = {
    method: 'POST',
    url,
    headers: { cookie, 'idempotency-key': randomUUID(), ...headers },
  } as const
  const answer = await product.app.inject(options)
  keep(jar, answer.headers['set-cookie'])
  return answer
}

const begun = async (jar: Jar, query = ''): Promise<string> =>
  (await get(`/auth/login${query}`, jar)).headers.location ?? ''
const pathOf = ({ pathname, search }: URL): string => `${pathname}${search}`
/** The whole way: there, and back. */
const signIn = async (jar: Jar, subject: string, query = '') =>
  get(pathOf(await provider.authorize(await begun(jar, query), subject)), jar)

/** An auditor whose identity at the provider is his name. */
const auditor = (name: string) => {
  const account = product.account(name, ['auditor'])
  linkIdentity(product.accountsFile, name, { issuer: provider.issuer, subject: name })
  return account
}
const look = async (jar: Jar) => (await get('/api/v1/certificates?limit=1', jar)).statusCode

const written = async () =>
  (await product.journal()).filter(({ type }) => type === 'SignedIn' || type === 'SignInFailed')
const last = async () => (await written()).at(-1)

describe('OpenID Connect', () => {
  it('CGU-114: a browser signs in, and that is in the journal of who signed in', async () => {
    auditor('zoe')
    const jar: Jar = {}
    const back = await signIn(jar, 'zoe', '?returnTo=/docs/static/index.html')
    expect([back.statusCode, back.headers.location]).toEqual([303, '/docs/static/index.html'])
    expect(await last()).toMatchObject({
      type: 'SignedIn',
      data: {
        means: 'sso',
        identifier: `zoe ${provider.issuer}`,
        address: '127.0.0.1',
        env: { auth: 'sso', role: 'auditor' },
      },
    })
    expect(await look(jar)).toBe(200)
    // The attempt is used up; the session is nowhere to be read.
    expect(held(jar).map(([name]) => name)).toEqual(['__Host-grand-livre-session'])
    const { rows } = await sql`select * from sign_in_ticket`.execute(product.services.db)
    const stored = JSON.stringify(rows)
    for (const secret of [jar['__Host-grand-livre-session'], provider.issuer])
      expect(stored).not.toContain(secret)
    expect(stored).not.toMatch(/eyJ[\w-]+\.[\w-]/)
    // In base64 three letters stand by chance: what is written so is looked at as the octets that it is.
    const octets = stored.replace(/[\w+/=-]{40,}/g, (run) => Buffer.from(run, 'base64').toString('latin1'))
    for (const secret of ['zoe', 'eyJ', '"alg"', provider.issuer]) expect(octets).not.toContain(secret)
  })

  it('OpenID Connect Core 3.1.2.1: what is asked for: state, nonce, PKCE, levels, scopes', async () => {
    const jar: Jar = {}
    await provider.authorize(await begun(jar), 'zoe')
    const asked = provider.asked()
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)).toMatch(/^[\w-]{43}$/)
    expect(Object.fromEntries(asked)).toMatchObject({
      ...{ response_type: 'code', client_id: 'grand-livre', code_challenge_method: 'S256' },
      ...{ acr_values: 'eidas1 eidas2', scope: 'openid given_name usual_name email uid siret' },
    })
  })

  it('RFC 6265bis 4.1.3.2: cookies that no script, no other host and no plain connection can use', async () => {
    const attempt = (await get('/auth/login', {})).headers['set-cookie']
    expect(parseSetCookie(String(attempt))).toMatchObject({
      ...{
        name: '__Host-grand-livre-attempt',
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'lax',
        maxAge: 600,
      },
    })
    expect(String(attempt)).not.toMatch(/domain/i)
  })

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/a?b', 'docs'])(
    'no open redirect: %s is no place to return to',
    async (place) => {
      const answer = await get(`/auth/login?returnTo=${encodeURIComponent(place)}`, {})
      expect(answer.json()).toMatchObject({
        ...{ status: 400, code: 'VALIDATION_FAILED', errors: [{ in: 'query', pointer: '/returnTo' }] },
      })
    },
  )

  /** Nothing tells one failure from another, but the journal. */
  const refusedAs = async (answer: Awaited<ReturnType<typeof get>>, jar: Jar, cause: string) => {
    const { traceId, ...problem } = answer.json<{ traceId: string }>()
    expect(traceId).not.toBe('')
    expect([answer.statusCode, problem]).toEqual([
      401,
      {
        ...{ type: '/problems#UNAUTHENTICATED', code: 'UNAUTHENTICATED', status: 401 },
        title: 'Authentification requise : rien ne l’établit.',
      },
    ])
    expect(await last()).toMatchObject({ type: 'SignInFailed', data: { means: 'sso', cause } })
    expect(await look(jar)).toBe(401)
  }

  const past = Math.floor(Date.now() / 1000) - 3600
  it.each<[string, Wrong, string]>([
    ['an ID token that nobody signed', { idTokenBy: 'nobody' }, 'OAUTH_INVALID_RESPONSE'],
    ['an ID token signed by a stranger', { idTokenBy: 'stranger' }, 'OAUTH_INVALID_RESPONSE'],
    ['another nonce', { idToken: { nonce: 'another' } }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['no nonce', { idToken: { nonce: undefined } }, 'OAUTH_INVALID_RESPONSE'],
    ['another audience', { idToken: { aud: 'another' } }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['another issuer', { idToken: { iss: 'https://evil.example' } }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['an ID token that has expired', { idToken: { exp: past } }, 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
    ['a level that is too low', { idToken: { acr: 'eidas0' } }, 'acrInsufficient'],
    ['no level', { idToken: { acr: undefined } }, 'acrInsufficient'],
    ['userinfo in plain JSON', { userinfoBy: 'json' }, 'OAUTH_JWT_USERINFO_EXPECTED'],
    ['userinfo that nobody signed', { userinfoBy: 'nobody' }, 'OAUTH_INVALID_RESPONSE'],
    ['userinfo signed by a stranger', { userinfoBy: 'stranger' }, 'OAUTH_INVALID_RESPONSE'],
    ['userinfo about another', { userinfo: { sub: 'paul' } }, 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'],
    ['userinfo for another', { userinfo: { aud: 'another' } }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['userinfo for nobody', { userinfo: { aud: undefined } }, 'userinfoAudience'],
    [
      'userinfo by another',
      { userinfo: { iss: 'https://evil.example' } },
      'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
    ],
    ['userinfo by nobody', { userinfo: { iss: undefined } }, 'userinfoIssuer'],
  ])('OpenID Connect Core 3.1.3.7, 5.3.4: %s signs nobody in', async (_, wrong, cause) => {
    provider.wrong(wrong)
    const jar: Jar = {}
    const answer = await signIn(jar, 'zoe')
    provider.wrong({})
    await refusedAs(answer, jar, cause)
  })

  it.each<[string, (jar: Jar, back: URL) => Promise<URL> | URL, string]>([
    [
      'another state (RFC 6749 10.12)',
      (_, back) => {
        back.searchParams.set('state', 'x'.repeat(43))
        return back
      },
      'OAUTH_INVALID_RESPONSE',
    ],
    [
      'a code of somebody else’s (RFC 7636)',
      async (jar, back) => {
        const others = await provider.authorize(await begun({ ...jar }), 'zoe')
        back.searchParams.set('code', others.searchParams.get('code') ?? '')
        return back
      },
      'OAUTH_RESPONSE_BODY_ERROR',
    ],
    [
      'what the provider refuses',
      (_, back) => {
        back.searchParams.delete('code')
        back.searchParams.set('error', 'access_denied')
        return back
      },
      'OAUTH_AUTHORIZATION_RESPONSE_ERROR',
    ],
    [
      'an attempt of another browser',
      (jar, back) => {
        delete jar['__Host-grand-livre-attempt']
        return back
      },
      'attemptUnknown',
    ],
  ])('%s signs nobody in', async (_, change, cause) => {
    const jar: Jar = {}
    const back = await provider.authorize(await begun(jar), 'zoe')
    await refusedAs(await get(pathOf(await change(jar, back)), jar), jar, cause)
  })

  it('RFC 6749 10.5: what has come back once does not come back again, nor after ten minutes', async () => {
    const jar: Jar = {}
    const back = pathOf(await provider.authorize(await begun(jar), 'zoe'))
    const again = { ...jar }
    expect((await get(back, jar)).statusCode).toBe(303)
    await refusedAs(await get(back, again), {}, 'attemptUnknown')
    const late: Jar = {}
    const url = pathOf(await provider.authorize(await begun(late), 'zoe'))
    await product.pass(601)
    await refusedAs(await get(url, late), late, 'attemptUnknown')
  })

  it('an identity that no act has linked is nobody’s, whatever its e-mail address is', async () => {
    const jar: Jar = {}
    await refusedAs(await signIn(jar, 'stranger'), jar, 'identityUnknown')
    expect((await last())?.data['identifier']).toBe(`stranger ${provider.issuer}`)
  })

  it('a provider that is away: 503, in the journal, and signing in works when it is back', async () => {
    const jar: Jar = {}
    const back = pathOf(await provider.authorize(await begun(jar), 'zoe'))
    provider.away(true)
    const answer = await get(back, jar)
    provider.away(false)
    expect(answer.json()).toMatchObject({ status: 503, code: 'PROVIDER_UNAVAILABLE' })
    expect(await last()).toMatchObject({ type: 'SignInFailed', data: { cause: 'providerUnavailable' } })
    expect(await look(jar)).toBe(401)
    expect((await signIn(jar, 'zoe')).statusCode).toBe(303)
  })
})

describe('sessions', () => {
  const signedIn = async (name: string): Promise<Jar> => {
    auditor(name)
    const jar: Jar = {}
    expect((await signIn(jar, name)).statusCode).toBe(303)
    return jar
  }

  it('end half an hour after they were last used, and eight hours after they began', async () => {
    const jar = await signedIn('idle')
    await product.pass(1700)
    expect(await look(jar)).toBe(200)
    await product.pass(1700)
    expect(await look(jar)).toBe(200)
    const before = (await written()).length
    await product.pass(1801)
    expect([await look(jar), await look(jar)]).toEqual([401, 401])
    // The end of a session is no attempt at anything; the second request shows one that there is not any more.
    expect((await written()).length - before).toBe(1)
    const long = await signedIn('long')
    for (let minutes = 0; minutes < 470; minutes += 25) await product.pass(1500).then(() => look(long))
    expect(await look(long)).toBe(200)
    await product.pass(1500)
    expect(await look(long)).toBe(401)
  })

  it('end when a clock that was ahead when they began has been put back', async () => {
    await product.pass(86_400)
    const jar = await signedIn('early')
    expect(await look(jar)).toBe(200)
    await product.pass(-86_400)
    expect(await look(jar)).toBe(401)
  })

  it('end when the identity is unlinked, at once', async () => {
    const jar = await signedIn('unlinked')
    expect(await look(jar)).toBe(200)
    unlinkIdentity(product.accountsFile, 'unlinked', { issuer: provider.issuer, subject: 'unlinked' })
    expect(await look(jar)).toBe(401)
  })

  it('OpenID Connect RP-Initiated Logout 2: end here and at the provider, and a kept cookie opens nothing', async () => {
    const jar = await signedIn('leaving')
    const kept = { ...jar }
    const answer = await post('/auth/logout', jar, {
      origin: publicUrl,
      'content-type': 'application/x-www-form-urlencoded',
    })
    const url = new URL(answer.headers.location ?? '')
    expect([answer.statusCode, `${url.origin}${url.pathname}`]).toEqual([
      303,
      `${provider.issuer}/end-session`,
    ])
    expect(url.searchParams.get('id_token_hint')).toMatch(/^eyJ/)
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${publicUrl}/docs`)
    expect(url.searchParams.get('state')).toMatch(/^[\w-]{43}$/)
    expect(held(jar)).toEqual([])
    expect(await look(kept)).toBe(401)
  })

  it('a new sign-in ends the session before it', async () => {
    const jar = await signedIn('twice')
    const before = { ...jar }
    expect((await signIn(jar, 'twice')).statusCode).toBe(303)
    expect([await look(before), await look(jar)]).toEqual([401, 200])
  })

  it('CSRF: a request that changes something comes from our own pages, or it is refused', async () => {
    const jar = await signedIn('forged')
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'http://igc.example' },
      { 'sec-fetch-site': 'cross-site', origin: publicUrl },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const refused = [await post('/api/v1/entities', jar, headers), await post('/auth/logout', jar, headers)]
      for (const answer of refused) expect(answer.json()).toMatchObject({ status: 403, code: 'CROSS_SITE' })
    }
    for (const headers of [{ origin: publicUrl }, { 'sec-fetch-site': 'same-origin' }] as Record<
      string,
      string
    >[])
      expect((await post('/api/v1/entities', jar, headers)).statusCode).toBe(400)
    expect(await look(jar)).toBe(200)
  })

  it('a cookie that is nobody’s signs nobody in, and is written down', async () => {
    expect(await look({ '__Host-grand-livre-session': 'A'.repeat(43) })).toBe(401)
    expect(await last()).toMatchObject({
      type: 'SignInFailed',
      data: { means: 'sso', cause: 'sessionUnknown' },
    })
    expect(await look({ 'grand-livre-session': 'A'.repeat(43) })).toBe(401)
  })
})

describe('OAuth 2.0 client credentials', () => {
  const token = (payload: string, headers: Record<string, string> = {}) =>
    product.app.inject({
      ...{ method: 'POST', url: '/oauth/token', payload },
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
  })
  const grant = 'grant_type=client_credentials'
  const use = async (access: string) =>
    (
      await product.app.inject({
        url: '/api/v1/certificates?limit=1',
        headers: { authorization: `Bearer ${access}` },
      })
    ).statusCode
  let secret = ''
  let key: KeyObject
  beforeAll(() => {
    const [file, now] = [product.accountsFile, new Date()]
    secret = addClient(file, { id: 'robot', roles: ['auditor'] }, { withSecret: true }, now).secret ?? ''
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    key = pair.privateKey
    const pem = join(dirname(file), 'station.pem')
    writeFileSync(pem, pair.publicKey.export({ type: 'spki', format: 'pem' }))
    addClient(file, { id: 'station', roles: ['auditor'] }, { key: pem, withSecret: false }, now)
    product.account('person', ['auditor'])
  })

  it('RFC 6749 4.4.3: a client is given a token of ten minutes; CGU-114: that it was, is in its journal', async () => {
    const answer = await token(grant, basic('robot', secret))
    const { access_token: access, ...more } = answer.json<{ access_token: string }>()
    expect([answer.statusCode, answer.headers['cache-control'], more]).toEqual([
      ...[200, 'no-store', { token_type: 'Bearer', expires_in: 600 }],
    ])
    expect(await last()).toMatchObject({
      type: 'SignedIn',
      data: { means: 'accessToken', identifier: 'robot', env: { auth: 'accessToken' } },
    })
    expect([await use(access), await use(`${access}A`), await use(`at.${'A'.repeat(43)}`)]).toEqual([
      200, 401, 401,
    ])
    expect(await last()).toMatchObject({
      type: 'SignInFailed',
      data: { means: 'accessToken', cause: 'unknownToken' },
    })
    await product.pass(601)
    expect(await use(access)).toBe(401)
  })

  it('RFC 6749 4.2.2: a token lasts no longer for a clock that was ahead when it was given', async () => {
    await product.pass(86_400)
    const answer = await token(grant, basic('robot', secret))
    const { access_token: access } = answer.json<{ access_token: string }>()
    expect(await use(access)).toBe(200)
    await product.pass(-86_400)
    expect(await use(access)).toBe(401)
  })

  it.each<[string, () => ReturnType<typeof token>, string]>([
    ['no grant', () => token('', basic('robot', secret)), 'invalid_request'],
    ['another grant', () => token('grant_type=password', basic('robot', secret)), 'unsupported_grant_type'],
    ['a scope', () => token(`${grant}&scope=all`, basic('robot', secret)), 'invalid_scope'],
    ['a parameter twice', () => token(`${grant}&${grant}`, basic('robot', secret)), 'invalid_request'],
    ['no proof', () => token(grant), 'invalid_request'],
    [
      'a secret in the body',
      () => token(`${grant}&client_id=robot&client_secret=${secret}`),
      'invalid_request',
    ],
    [
      'two proofs',
      () => token(`${grant}&client_assertion=a&client_assertion_type=${type}`, basic('robot', secret)),
      'invalid_request',
    ],
    ['an assertion of no kind', () => token(`${grant}&client_assertion=a`), 'invalid_request'],
    ['a wrong secret', () => token(grant, basic('robot', 'wrong')), 'invalid_client'],
    ['a client that there is not', () => token(grant, basic('nobody', secret)), 'invalid_client'],
    ['a person’s account', () => token(grant, basic('person', secret)), 'invalid_client'],
    ['a client without a secret', () => token(grant, basic('station', secret)), 'invalid_client'],
    ['a certificate that is not shown', () => token(`${grant}&client_id=robot`), 'invalid_client'],
    ['a header that is none', () => token(grant, { authorization: 'Basic %%%' }), 'invalid_client'],
  ])('RFC 6749 5.2: %s', async (_, ask, error) => {
    const answer = await ask()
    expect([answer.statusCode, answer.body]).toEqual([
      error === 'invalid_client' ? 401 : 400,
      JSON.stringify({ error }),
    ])
  })

  const type = encodeURIComponent('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  const assertion = (claims: Readonly<Record<string, unknown>> = {}, by = key) => {
    const now = Math.floor(Date.parse(product.services.now()) / 1000)
    const usual = {
      iss: 'station',
      sub: 'station',
      aud: `${publicUrl}/oauth/token`,
      exp: now + 60,
      jti: randomUUID(),
    }
    return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'ES256' }).sign(by)
  }
  const assert = async (text: string) =>
    (await token(`${grant}&client_assertion_type=${type}&client_assertion=${text}`)).json<{
      access_token?: string
      error?: string
    }>()

  it('RFC 7523 3: a client signs an assertion with its key, which is good once', async () => {
    const text = await assertion()
    const { access_token: access = '' } = await assert(text)
    expect(await use(access)).toBe(200)
    expect(await assert(text)).toEqual({ error: 'invalid_client' })
    expect(await last()).toMatchObject({ data: { cause: 'assertionReplayed', identifier: 'station' } })
  })

  it.each<[string, () => Promise<unknown>, object]>([
    [
      'a secret in the body',
      () => token(`${grant}&client_id=robot&client_secret=${secret}`),
      { cause: 'proofUnclear', identifier: 'robot' },
    ],
    [
      'two proofs',
      () => token(`${grant}&client_assertion=a&client_assertion_type=${type}`, basic('robot', secret)),
      { cause: 'proofUnclear', identifier: 'client' },
    ],
    [
      'an assertion of no kind',
      () => token(`${grant}&client_assertion=a`),
      { cause: 'proofUnclear', identifier: 'client' },
    ],
    ['an assertion that is none', () => assert('a'), { cause: 'assertionInvalid', identifier: 'client' }],
    [
      'an assertion about a number',
      async () => expect(await assert(await assertion({ sub: 123 }))).toEqual({ error: 'invalid_client' }),
      { cause: 'assertionInvalid', identifier: 'client' },
    ],
    [
      'an assertion about nobody',
      async () => assert(await assertion({ sub: '' })),
      { cause: 'assertionInvalid', identifier: 'client' },
    ],
    [
      'an assertion about half a sign',
      async () => assert(await assertion({ sub: '\ud800' })),
      { cause: 'assertionInvalid', identifier: '\ufffd' },
    ],
    [
      'a secret of nobody',
      () => token(grant, basic('', secret)),
      { cause: 'secretWrong', identifier: 'client' },
    ],
    [
      'a secret of a very long name',
      () => token(grant, basic('n'.repeat(300), secret)),
      { cause: 'secretWrong', identifier: 'n'.repeat(200) },
    ],
    [
      'a secret of a name that is cut within a sign',
      () => token(grant, basic(`${'n'.repeat(199)}\u{1f511}`, secret)),
      { cause: 'secretWrong', identifier: `${'n'.repeat(199)}\ufffd` },
    ],
    [
      'a secret beside the name of another client (RFC 7521 4.2)',
      () => token(`${grant}&client_id=station`, basic('robot', secret)),
      { cause: 'clientOfAnother', identifier: 'station' },
    ],
    [
      'an assertion beside the name of another client (RFC 7521 4.2)',
      async () => assert(`${await assertion()}&client_id=robot`),
      { cause: 'clientOfAnother', identifier: 'robot' },
    ],
  ])('CGU-114: what proves nothing is in the journal: %s', async (_, ask, data) => {
    const before = (await written()).length
    await ask()
    expect((await written()).length).toBe(before + 1)
    expect(await last()).toMatchObject({ type: 'SignInFailed', data: { means: 'accessToken', ...data } })
    // Who shows nothing has tried nothing; who names himself beside his proof is himself.
    await token(grant)
    expect((await written()).length).toBe(before + 1)
    expect((await token(`${grant}&client_id=robot`, basic('robot', secret))).statusCode).toBe(200)
  })

  const now = (): number => Math.floor(Date.parse(product.services.now()) / 1000)
  it.each<[string, () => Promise<string>]>([
    ['for somebody else', () => assertion({ aud: 'https://other.example/token' })],
    ['by somebody else', () => assertion({ iss: 'robot' })],
    ['about a client that there is not', () => assertion({ iss: 'nobody', sub: 'nobody' })],
    ['about a client without a key', () => assertion({ iss: 'robot', sub: 'robot' })],
    [
      'signed by another key',
      () => assertion({}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    ],
    ['that has expired', () => assertion({ exp: now() - 60 })],
    ['that lasts too long', () => assertion({ exp: now() + 3600 })],
    ['that lasts for ever', () => assertion({ exp: undefined })],
    ['without a name', () => assertion({ jti: undefined })],
    ['that is none', async () => 'a.b.c'],
    ['that nobody signed', async () => `${(await assertion()).split('.').slice(0, 2).join('.')}.`],
  ])('RFC 7523 3: an assertion %s is none', async (_, made) => {
    expect(await assert(await made())).toEqual({ error: 'invalid_client' })
    expect(await last()).toMatchObject({
      type: 'SignInFailed',
      data: { means: 'accessToken', cause: 'assertionInvalid' },
    })
  })

  it('a client that is removed has no use of its tokens, nor has another of its name', async () => {
    const { access_token: access } = (await token(grant, basic('robot', secret))).json<{
      access_token: string
    }>()
    expect(await use(access)).toBe(200)
    removeAccount(product.accountsFile, 'robot')
    addClient(product.accountsFile, { id: 'robot', roles: ['auditor'] }, { withSecret: true }, new Date())
    expect(await use(access)).toBe(401)
  })
})

describe('how often', () => {
  it('an account is counted by itself, reads apart from commands, and is told when to come back', async () => {
    const [one, two] = [product.account('one', ['auditor']), product.account('two', ['auditor'])]
    const read = ({ headers }: typeof one) =>
      product.app.inject({ url: '/api/v1/certificates?limit=1', headers })
    const codes = new Set<number>()
    for (let n = 0; n < 81; n += 1) codes.add((await read(one)).statusCode)
    expect([...codes]).toEqual([200, 429])
    const refused = await read(one)
    expect(refused.json()).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await read(two)).statusCode).toBe(200)
    const command = await product.app.inject({
      method: 'POST',
      url: '/api/v1/entities',
      headers: one.headers,
      payload: {},
    })
    expect(command.statusCode).toBe(400)
  })

  it('each bucket is full by itself: of an address signing in and the API, of an account its commands', async () => {
    const small = await openEmbedded({ entrance: 2, api: 12, commands: 3 })
    try {
      const { headers } = small.account('one', ['auditor'])
      const asked = (remoteAddress: string, more: object) => () =>
        small.app.inject({ method: 'POST', remoteAddress, headers, payload: {}, ...more })
      const entering = asked('127.0.0.2', { url: '/oauth/token', headers: {} })
      const commanding = asked('127.0.0.3', { url: '/api/v1/entities' })
      const reading = asked('127.0.0.4', {
        url: '/api/v1/certificates?limit=1',
        method: 'GET',
        payload: undefined,
      })
      const fills = async (ask: () => Promise<{ statusCode: number }>, max: number): Promise<boolean> => {
        const codes: number[] = []
        for (let n = 0; n <= max; n += 1) codes.push((await ask()).statusCode)
        return codes.every((code, n) => (code === 429) === (n === max))
      }
      expect([await fills(entering, 2), await fills(commanding, 3), await fills(reading, 12)]).toEqual([
        ...[true, true, true],
      ])
      // What one address has used up is another's, and what an account may not command it may read.
      expect((await asked('127.0.0.5', { url: '/oauth/token', headers: {} })()).statusCode).not.toBe(429)
      const elsewhere = { url: '/api/v1/certificates?limit=1', method: 'GET', payload: undefined }
      expect((await asked('127.0.0.5', elsewhere)()).statusCode).toBe(200)
      // Lists and statuses have a bucket of their own.
      expect((await small.app.inject({ url: '/livez', remoteAddress: '127.0.0.4' })).statusCode).toBe(200)
    } finally {
      await small.close()
    }
  })
})

describe('what a refusal reveals', () => {
  type Example = Readonly<{ requestBody?: { content: { 'application/json': { example?: object } } } }>

  it('CGU-50: what somebody may not see answers as what is not there, whatever he asks of it; his journal knows', async () => {
    const life = await inUse(product)
    const { mandate } = await mandated(product, life, { id: 'mandated' })
    const { id: recovery } = done(
      await life.holder.post('/recovery-requests', {
        ...{ serial: life.serial, name: 'Zoë Maëlle D’Été-Brûlé', ground: 'holderRequest' },
        ...{ evidence: 'carte perdue', holderNotice: true },
      }),
    )
    const none = { request: randomUUID(), serial: '4f0123456789abcdef0123456789abcd' }
    const known: Readonly<Record<string, readonly [string, string]>> = {
      requests: [life.request, none.request],
      certificates: [life.serial, none.serial],
      cards: [life.card, randomUUID()],
      entities: [life.entity, randomUUID()],
      holders: [life.person, randomUUID()],
      appointments: [mandate, randomUUID()],
      'recovery-requests': [recovery, randomUUID()],
      streams: [`request-${life.request}`, `request-${none.request}`],
    }
    const strangers = (['holder', 'mc', 'legalRepresentative'] as const).map((role) => {
      const { headers } = product.account(`stranger-${role}`, [role], { entities: [randomUUID()] })
      return client(product.app, headers)
    })
    const { paths } = (await product.app.inject('/openapi.json')).json<{
      paths: Readonly<Record<string, Readonly<Record<string, Example>>>>
    }>()
    const operations = Object.entries(paths).flatMap(([path, methods]) => {
      const ids = known[/^\/api\/v1\/([a-z-]+)\/\{\w+\}/.exec(path)?.[1] ?? '']
      const at = (id: string): string => path.replace('/api/v1', '').replace(/\{\w+\}/, id)
      return ids === undefined
        ? []
        : Object.entries(methods).map(([method, operation]) => ({
            method,
            path,
            urls: ids.map(at),
            operation,
          }))
    })
    const told = async (one: (typeof operations)[number], stranger: Client, headers = {}): Promise<void> => {
      const body = one.operation.requestBody?.content['application/json'].example
      const answers = []
      for (const url of one.urls) {
        const answer =
          one.method === 'get' ? await stranger.get(url) : await stranger.post(url, body, { headers })
        answers.push({ ...answer.json<object>(), traceId: '', etag: answer.headers.etag })
      }
      expect([one.method, one.path, answers[0]]).toEqual([one.method, one.path, answers[1]])
    }
    expect(operations.length).toBeGreaterThan(50)
    for (const one of operations)
      // The right to read is judged alike for every role; of commands each is judged by its decider.
      for (const stranger of one.method === 'get' ? strangers.slice(0, 1) : strangers)
        await told(one, stranger)
    // A revision that is asked for is compared with the thing's own: that too is not told.
    const pin = operations.find(({ path }) => path.endsWith('/cards/{id}/pin'))
    await told(pin!, strangers[0]!, { 'if-match': 'W/"77"' })
    const refused = (await product.journal()).filter(({ type }) => type === 'CommandRefused')
    expect(new Set(refused.map(({ data }) => data['code']))).toContain('PIN_HOLDER_ONLY')
  })

  it('CGU-50: what is refused does not say how far the ledger is, to nobody, to a wrong token, nor to whoever may not see', async () => {
    const life = await inUse(product)
    const url = `/api/v1/certificates/${life.serial}`
    const { headers: stranger } = product.account('stranger-position', ['holder'])
    const { headers: own } = product.account('auditor-position', ['auditor'])
    const answered = async (headers: Record<string, string>) => {
      const { statusCode, headers: told } = await product.app.inject({ url, headers })
      return [statusCode, 'x-projection-position' in told]
    }
    expect(await answered({})).toEqual([401, false])
    expect(await answered({ authorization: 'Bearer nobodys' })).toEqual([401, false])
    expect((await answered(stranger))[1]).toBe(false)
    expect(await answered(own)).toEqual([200, true])
  })
})
