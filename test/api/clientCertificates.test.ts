// Sign-in by a client certificate, on TLS of our own and behind a proxy (RFC 9440). Every certificate and list is made by the
// openssl program; the connections are real ones.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressesIn } from '../../api/signIn/peerCertificate.ts'
import { listenTls, type TlsServer } from '../../api/tlsServer.ts'
import { addClient, bindCertificate, unbindCertificate } from '../../cli/accountMeans.ts'
import { openSibling, zoeSubject, type Sibling } from '../pki/sibling.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'

const directory = mkdtempSync(join(tmpdir(), 'grand-livre-certificates-'))
const trust = join(directory, 'trust')
const path = (name: string): string => join(directory, `${name}.pem`)
let made: Sibling
let product: Embedded
let tls: TlsServer

const [march, april] = ['20260301000000Z', '20260401000000Z']
const put = (name: string, as: string): void => copyFileSync(path(name), join(trust, as))

/** Bound to an account, so that nothing but what is wrong with it keeps it out. */
const bound = [
  ...['good', 'expired', 'early', 'revoked', 'othered', 'server', 'encipherment', 'selfSigned'],
  ...['under', 'unrevoked'],
]

beforeAll(async () => {
  mkdirSync(trust)
  made = openSibling(directory)
  const { issue, list, revoke, chain, siblingSubject } = made
  await chain()
  const zoe = (name: string, more: object = {}) =>
    issue(name, { subject: zoeSubject, by: 'sibling', ...more })
  for (const name of ['good', 'stranger', 'revoked']) await zoe(name)
  await zoe('expired', { until: '20260302085900Z' })
  await zoe('early', { from: '20260302090100Z' })
  for (const extensions of ['server', 'encipherment']) await zoe(extensions, { extensions })
  await zoe('selfSigned', { by: 'selfSigned' })
  await issue('otherRoot', { subject: '/C=FR/O=MEF/CN=TEST AC AUTRE', extensions: 'root' })
  await zoe('othered', { by: 'otherRoot' })
  // Authorities that the directory has not got: one comes with the client, the other one's list is out of date.
  await issue('second', { subject: siblingSubject, by: 'root', extensions: 'authority' })
  await zoe('under', { by: 'second' })
  await issue('stale', { subject: '/C=FR/O=MEF/CN=TEST AC LENTE', by: 'root', extensions: 'authority' })
  await zoe('unrevoked', { by: 'stale' })
  await issue('server1', { subject: '/CN=localhost', by: 'server1', extensions: 'server' })
  await list('rootList', 'root', { from: march, until: april })
  await list('secondList', 'second', { from: march, until: april })
  await list('staleList', 'stale', { from: march, until: '20260302085900Z' })
  await list('before', 'sibling', { from: march, until: april })
  await revoke('revoked', 'sibling')
  await list('list', 'sibling', { from: march, until: april })
  await revoke('good', 'sibling')
  await list('after', 'sibling', { from: march, until: april })
  for (const name of ['root', 'sibling', 'stale']) put(name, `${name}.cer`)
  for (const name of ['rootList', 'secondList', 'staleList', 'list']) put(name, `${name}.crl`)
  product = await openEmbedded(
    { signIn: { perAddress: 1000, inAll: 1000 } },
    { CLIENT_CA_DIR: trust, CLIENT_CERT_PROXIES: '127.0.0.2, 192.0.2.0/24' },
  )
  for (const name of bound) {
    product.account(name, ['auditor'])
    bindCertificate(product.accountsFile, name, path(name))
  }
  const [cert, key] = [readFileSync(path('server1')), readFileSync(join(directory, 'server1.key'))]
  tls = await listenTls(product.app, '127.0.0.1', { cert, key, port: 0, askForCertificates: true })
}, 300_000)
afterAll(async () => {
  await tls.close()
  await product.close()
  rmSync(directory, { recursive: true })
})

const url = '/api/v1/certificates?limit=1'
type Answer = Readonly<{ status: number; body: string }>

/** Over TLS, with one of the certificates and what else the client sends beside it. */
const over = (name: string | undefined, chain: readonly string[] = [], more: object = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const certificate = (one: string): Buffer => readFileSync(path(one))
    const own =
      name === undefined
        ? {}
        : {
            cert: Buffer.concat([name, ...chain].map(certificate)),
            key: readFileSync(join(directory, `${name}.key`)),
          }
    const options = { host: '127.0.0.1', port: tls.port, path: url, agent: false, ...own, ...more }
    httpsRequest({ ...options, ca: certificate('server1'), servername: 'localhost' }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })

const header = (name: string): string => `:${Buffer.from(made.der(name)).toString('base64')}:`
const behind = async (
  headers: Readonly<Record<string, string | string[]>>,
  remoteAddress = '127.0.0.2',
): Promise<Answer> => {
  const { statusCode, body } = await product.app.inject({ url, remoteAddress, headers })
  return { status: statusCode, body }
}

const events = async () =>
  (await product.journal()).filter(({ type }) => type === 'SignedIn' || type === 'SignInFailed')
const lastEvent = async () => (await events()).at(-1)
const codeOf = ({ body }: Answer): string => (JSON.parse(body) as { code: string }).code

describe.each([
  ['on TLS of our own', (name: string, chain: readonly string[]) => over(name, chain)],
  [
    'RFC 9440: behind a proxy',
    (name: string, chain: readonly string[]) =>
      behind({
        'client-cert': header(name),
        ...(chain.length === 0 ? {} : { 'client-cert-chain': chain.map(header).join(', ') }),
      }),
  ],
])('%s', (way, show) => {
  it.each<[string, string, readonly string[], string]>([
    ['one that has expired', 'expired', [], 'expired'],
    ['one that is not valid yet', 'early', [], 'notYetValid'],
    ['one on its authority’s list', 'revoked', [], 'revoked'],
    ['one of another authority', 'othered', [], 'pathUnknown'],
    ['one of another authority, which comes with it', 'othered', ['otherRoot'], 'pathUnknown'],
    ['one that signs itself', 'selfSigned', [], 'pathUnknown'],
    ['one for servers', 'server', [], 'usageWrong'],
    ['one for encipherment', 'encipherment', [], 'usageWrong'],
    ['one whose authority has not published for long', 'unrevoked', [], 'statusStale'],
    ['one whose authority nobody knows', 'under', [], 'pathUnknown'],
    ['one that is nobody’s', 'stranger', [], 'certificateUnknown'],
  ])('RFC 5280 6: %s signs nobody in; the journal says why, the answer does not', async (_, ...row) => {
    const [name, chain, cause] = row
    const answer = await show(name, chain)
    const problem = JSON.parse(answer.body) as Readonly<{ traceId: string }>
    expect({ ...problem, traceId: '' }).toEqual({
      ...{ type: '/problems#UNAUTHENTICATED', code: 'UNAUTHENTICATED', status: 401, traceId: '' },
      title: 'Authentification requise : rien ne l’établit.',
    })
    const data = { means: 'certificate', cause, identifier: made.sha256(name) }
    expect(await lastEvent()).toMatchObject({ type: 'SignInFailed', data })
  })

  it('RFC 5280 6: one under an authority that comes with it signs in, by the anchors and lists that are configured', async () => {
    expect((await show('under', ['second'])).status).toBe(200)
  })

  it('CGU-114: it is written down once in an hour, however many requests there are', async () => {
    const written = async () =>
      (await events()).filter(
        ({ type, data }) => type === 'SignedIn' && data['identifier'] === made.sha256('good'),
      )
    const before = await written()
    for (let n = 0; n < 3; n += 1) expect((await show('good', [])).status).toBe(200)
    const after = await written()
    // The proxy and our own TLS share the hour.
    expect([before.length, after.length]).toEqual(way.startsWith('RFC') ? [1, 1] : [0, 1])
    expect(after[0]?.data).toMatchObject({ means: 'certificate', env: { auth: 'certificate' } })
  })
})

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'RFC 5280 6, %s: who comes back by the session of before still shows the authority that came with him',
  async (maxVersion) => {
    // It keeps sessions, and no connections.
    const agent = new Agent({ keepAlive: false })
    for (let n = 0; n < 3; n += 1)
      expect((await over('under', ['second'], { agent, maxVersion })).status).toBe(200)
    agent.destroy()
  },
)

describe('RFC 9440 4: whose header is believed', () => {
  it.each([
    ['another machine', '127.0.0.3'],
    ['the other end of IPv6', '::1'],
  ])('a certificate from %s is refused, with a right token too', async (_, address) => {
    const auditor = product.account(`auditor-${address.length}`, ['auditor'])
    const forged = { 'client-cert': header('good') }
    for (const headers of [forged, { ...forged, ...auditor.headers }]) {
      const answer = await behind({ ...headers, 'x-forwarded-for': '127.0.0.2' }, address)
      expect([answer.status, codeOf(answer)]).toEqual([400, 'HEADER_INVALID'])
      expect(await lastEvent()).toMatchObject({
        type: 'SignInFailed',
        data: { cause: 'proxyUnknown', address },
      })
    }
    expect((await behind(auditor.headers, address)).status).toBe(200)
  })

  it('who asks for an access token is refused too, with a right secret, and that is written down', async () => {
    const client = { id: 'robot', roles: ['auditor'] } as const
    const { secret } = addClient(product.accountsFile, client, { withSecret: true }, new Date())
    const ask = (headers: Readonly<Record<string, string>>, remoteAddress: string) =>
      product.app.inject({
        ...{ method: 'POST', url: '/oauth/token', remoteAddress, payload: 'grant_type=client_credentials' },
        headers: {
          ...{ 'content-type': 'application/x-www-form-urlencoded', ...headers },
          authorization: `Basic ${Buffer.from(`robot:${secret}`).toString('base64')}`,
        },
      })
    for (const [headers, address, cause] of [
      [{ 'client-cert': header('good') }, '127.0.0.4', 'proxyUnknown'],
      [{ 'client-cert-chain': header('good') }, '127.0.0.4', 'proxyUnknown'],
      [{ 'client-cert': 'MIIB' }, '127.0.0.2', 'headerInvalid'],
    ] as const) {
      const answer = await ask(headers, address)
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'HEADER_INVALID'])
      const data = { means: 'certificate', cause, address }
      expect(await lastEvent()).toMatchObject({ type: 'SignInFailed', data })
    }
    expect((await ask({}, '127.0.0.4')).statusCode).toBe(200)
  })

  it('a certificate in a header on TLS of our own is refused', async () => {
    const answer = await over('stranger', [], { headers: { 'client-cert': header('good') } })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'HEADER_INVALID'])
  })

  it.each<[string, Record<string, string | string[]>]>([
    ['nothing', { 'client-cert': '' }],
    ['no octets', { 'client-cert': '::' }],
    ['base64 without colons', { 'client-cert': 'MIIB' }],
    ['no base64', { 'client-cert': ':MII$:' }],
    ['a colon too few', { 'client-cert': ':MIIB' }],
    ['a text', { 'client-cert': '"MIIB"' }],
    ['a token', { 'client-cert': 'MIIB' }],
    ['two of them', { 'client-cert': ':MIIB:, :MIIB:' }],
    ['two headers', { 'client-cert': [':MIIB:', ':MIIB:'] }],
    ['PEM, escaped as nginx does', { 'client-cert': '-----BEGIN%20CERTIFICATE-----%0AMIIB' }],
    ['a chain alone', { 'client-cert-chain': ':MIIB:' }],
    ['a chain that is none', { 'client-cert': ':MIIB:', 'client-cert-chain': 'MIIB' }],
    ['a chain of lists', { 'client-cert': ':MIIB:', 'client-cert-chain': '(:MIIB:)' }],
    [
      'a chain without end',
      { 'client-cert': ':MIIB:', 'client-cert-chain': Array(9).fill(':MIIB:').join(', ') },
    ],
  ])('RFC 9440 2.2: a header with %s is refused', async (_, headers) => {
    const answer = await behind(headers)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'HEADER_INVALID'])
  })

  it('octets that are no certificate sign nobody in', async () => {
    expect((await behind({ 'client-cert': ':AAECAw==:' }, '192.0.2.77')).status).toBe(401)
    expect(await lastEvent()).toMatchObject({ data: { cause: 'unreadable', address: '192.0.2.77' } })
  })

  it.each([
    [['127.0.0.2'], '::ffff:127.0.0.2', true],
    [['loopback'], '127.9.9.9', true],
    [['loopback'], '::1', true],
    [['uniquelocal'], '172.31.255.255', true],
    [['uniquelocal'], '172.32.0.0', false],
    [['2001:db8::/32'], '2001:db8::7', true],
    [['2001:db8::/32'], '192.0.2.1', false],
    [[], '127.0.0.1', false],
    [['loopback'], 'localhost', false],
  ] as const)('of %j, %s: %s', (networks, address, isOne) => {
    expect(addressesIn(networks)(address)).toBe(isOne)
  })
})

describe('what else there is to a certificate', () => {
  const post = (headers: Readonly<Record<string, string>>) =>
    product.app.inject({
      ...{ method: 'POST', url: '/api/v1/entities', remoteAddress: '127.0.0.2', payload: {} },
      headers: { 'client-cert': header('good'), ...headers },
    })

  it('CSRF: a browser shows it whoever makes it ask, so that another site’s request is refused', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ] as Record<string, string>[])
      expect((await post(headers)).json()).toMatchObject({ status: 403, code: 'CROSS_SITE' })
    // A program says nothing of where it comes from; its request is looked at.
    for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }] as Record<string, string>[])
      expect((await post(headers)).json()).toMatchObject({ status: 400 })
  })

  it('without one, and with a token, on TLS of our own', async () => {
    expect((await over(undefined)).status).toBe(401)
    const { headers } = product.account('by-token', ['auditor'])
    expect((await over(undefined, [], { headers })).status).toBe(200)
    // What is said is what counts: a certificate that comes by itself changes nothing.
    expect((await over('expired', [], { headers })).status).toBe(200)
  })

  it('it is bound and taken away by an act, and is one account’s alone', async () => {
    const { accountsFile } = product
    expect(() => bindCertificate(accountsFile, 'expired', path('good'))).toThrow('is good’s already')
    expect(() => bindCertificate(accountsFile, 'good', path('good'))).toThrow('is good’s already')
    expect(() => bindCertificate(accountsFile, 'nobody', path('good'))).toThrow('there is no account nobody')
    expect(() => bindCertificate(accountsFile, 'good', path('list'))).toThrow('holds no X.509 certificate')
    unbindCertificate(accountsFile, 'good', path('good'))
    expect((await over('good')).status).toBe(401)
    expect(() => unbindCertificate(accountsFile, 'good', path('good'))).toThrow('is not good’s')
    expect(readFileSync(accountsFile, 'utf8')).not.toContain('BEGIN')
    bindCertificate(accountsFile, 'good', path('good'))
    expect((await over('good')).status).toBe(200)
  })

  it('RFC 8705 2.1: an API client is given an access token for the certificate that is bound to it', async () => {
    const { accountsFile } = product
    const before = path('stranger')
    addClient(accountsFile, { id: 'station', roles: ['auditor'] }, { withSecret: false }, new Date())
    bindCertificate(accountsFile, 'station', before)
    const ask = (id: string, name: string) =>
      product.app.inject({
        ...{ method: 'POST', url: '/oauth/token', remoteAddress: '127.0.0.2' },
        headers: { 'client-cert': header(name), 'content-type': 'application/x-www-form-urlencoded' },
        payload: `grant_type=client_credentials&client_id=${id}`,
      })
    const { access_token: token } = (await ask('station', 'stranger')).json<{ access_token: string }>()
    expect((await behind({ authorization: `Bearer ${token}` }, '127.0.0.1')).status).toBe(200)
    for (const [id, name] of [
      ['station', 'good'],
      ['good', 'good'],
      ['nobody', 'stranger'],
      ['station', 'expired'],
    ] as const)
      expect((await ask(id, name)).json()).toEqual({ error: 'invalid_client' })
  })

  it('RFC 5280 6.3: a list that comes in while the service runs counts from the next request on', async () => {
    expect((await over('good')).status).toBe(200)
    put('after', 'list.crl')
    expect((await over('good')).status).toBe(401)
    expect(await lastEvent()).toMatchObject({ data: { cause: 'revoked' } })
    rmSync(join(trust, 'list.crl'))
    expect((await over('good')).status).toBe(401)
    expect(await lastEvent()).toMatchObject({ data: { cause: 'statusUnknown' } })
    rmSync(trust, { recursive: true })
    expect((await over('good')).status).toBe(401)
    expect(await lastEvent()).toMatchObject({ data: { cause: 'trustMissing' } })
  })
})
