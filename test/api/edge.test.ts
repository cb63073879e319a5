import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../api/app.ts'
import { edgeProblems } from '../../api/edgeProblems.ts'
import { languageOf } from '../../api/problems.ts'
import { entity as entityAggregate } from '../../domain/entity.ts'
import { refusals } from '../../domain/refusals.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, done, employer, inUse, requested, revocation } from '../support/life.ts'
import { recovered } from '../support/recoveredLife.ts'

let product: Embedded
let headers: Readonly<Record<string, string>>
let ra: Client
let entity: string

beforeAll(async () => {
  product = await openEmbedded()
  headers = product.account('ra', ['raOfficer']).headers
  ra = client(product.app, headers)
  entity = done(await ra.post('/entities', employer)).id
})
afterAll(() => product.close())

type Problem = Readonly<{
  code: string
  title: string
  status: number
  type: string
  traceId: string
  errors?: readonly { in: string; pointer: string }[]
}>
const problem = (response: LightMyRequestResponse): Problem => {
  expect(response.headers['content-type']).toContain('application/problem+json')
  return response.json<Problem>()
}

const demand = (holder: object, more: object = {}) => ({
  ...{
    holder: { ...agent, ...holder },
    entity,
    cardKind: 'agent',
    ra: 'dgddi',
    profile: 'encryption',
    escrow: true,
  },
  ...more,
})

const raw = (options: InjectOptions): Promise<LightMyRequestResponse> =>
  product.app.inject({
    method: 'POST',
    url: '/api/v1/entities',
    ...options,
    headers: {
      ...headers,
      'idempotency-key': randomUUID(),
      'content-type': 'application/json',
      ...options.headers,
    },
  })

describe('bad input', () => {
  const json = (payload: string): InjectOptions => ({ payload })
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  it.each<[string, InjectOptions, number, string]>([
    ['JSON cut short', json('{"kind": "ministry"'), 400, 'MALFORMED_JSON'],
    ['no JSON at all', json('Zoë'), 400, 'MALFORMED_JSON'],
    ['an empty body that says it is JSON', json(''), 400, 'MALFORMED_JSON'],
    ['a prototype', json('{"__proto__": {"admin": true}}'), 400, 'MALFORMED_JSON'],
    ['a list', json('[]'), 400, 'VALIDATION_FAILED'],
    ['lists 32 deep (RFC 8259 9)', json(nested(32)), 400, 'VALIDATION_FAILED'],
    ['lists 33 deep', json(nested(33)), 400, 'MALFORMED_JSON'],
    ['lists as deep as a body is long', json(nested(30_000)), 400, 'MALFORMED_JSON'],
    ['objects as deep as that', json(`${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`), 400, 'MALFORMED_JSON'],
    [
      'another content type',
      { payload: '<a/>', headers: { 'content-type': 'text/xml' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a plain text',
      { payload: '{}', headers: { 'content-type': 'text/plain' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a body too long', json(`{"name": "${'x'.repeat(70_000)}"}`), 413, 'PAYLOAD_TOO_LARGE'],
    ['an unknown route', { url: '/api/v1/nothing', payload: '{}' }, 404, 'NOT_FOUND'],
    ['a path that is no UTF-8', { url: '/api/v1/entities/%ff%fe', method: 'GET' }, 404, 'NOT_FOUND'],
    ['a method that is not taken', { method: 'DELETE', payload: '{}' }, 405, 'METHOD_NOT_ALLOWED'],
    ['an id that is none', { url: '/api/v1/requests/1/validation', payload: '{}' }, 400, 'VALIDATION_FAILED'],
    [
      'a query that is not known',
      { method: 'GET', url: '/api/v1/certificates?name=x' },
      400,
      'VALIDATION_FAILED',
    ],
    [
      'a cursor that is none',
      { method: 'GET', url: '/api/v1/certificates?cursor=zzz' },
      400,
      'VALIDATION_FAILED',
    ],
    [
      'an instant that is none',
      { method: 'GET', url: `/api/v1/certificates/4f0123456789abcdef0123456789abcd/status?at=now` },
      400,
      'VALIDATION_FAILED',
    ],
    [
      'a body where none is taken',
      { url: `/api/v1/requests/${randomUUID()}/validation`, payload: '{"a":1}' },
      400,
      'VALIDATION_FAILED',
    ],
  ])('%s: a problem document, and nothing happens', async (_, options, status, code) => {
    const before = await product.services.load(entityAggregate, entity)
    const answer = await raw(options)
    expect(problem(answer)).toMatchObject({ status, code, type: `/problems#${code}` })
    expect(answer.statusCode).toBe(status)
    expect(await product.services.load(entityAggregate, entity)).toEqual(before)
  })

  it('a method that is not taken is answered with those that are (RFC 9110 15.5.6)', async () => {
    expect((await raw({ method: 'PUT', payload: '{}' })).headers.allow).toBe('POST')
  })

  it('unknown and missing fields are named by pointers, never dropped', async () => {
    const { kind: _, ...holder } = agent
    const answer = await ra.post(
      '/requests',
      demand({}, { holder: { ...holder, surnom: 'Zo', 'a/b~': 1 }, admin: true }),
    )
    const { errors } = problem(answer)
    expect(errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '/admin',
      '/holder/a~1b~0',
      '/holder/kind',
      '/holder/surnom',
    ])
  })

  it.each([
    ['numbers for texts', { matricule: 12_345_678 }],
    ['a name of blanks', { surname: '   ' }],
    ['a name with a line break', { surname: 'A\nB' }],
    ['an e-mail address beyond ASCII', { email: 'zoë@douane.example' }],
  ])('CGU-32: %s are refused, not taken for something else', async (_, holder) => {
    expect(problem(await ra.post('/requests', demand(holder)))).toMatchObject({ code: 'VALIDATION_FAILED' })
  })

  it.each(['123456789', '12345678901', '123456789a', '１２３４５６７８９０', ' 123456789'])(
    'CGU-27: the matricule %j has not ten digits',
    async (matricule) => {
      const answer = await ra.post('/requests', demand({ matricule }))
      expect(problem(answer)).toMatchObject({ status: 422, code: 'MATRICULE_INVALID', clause: 'CGU-27' })
      expect(answer.body).not.toContain(matricule.trim())
    },
  )

  it('CGU-31: names keep their accents, apostrophes, hyphens; a matricule keeps its leading zeros', async () => {
    const names = {
      surname: "L'Hôpital-Ñuñez d’Œuvre",
      givenNames: 'Jean‑François Łukasz',
      nameInCertificate: 'J.-F. L’Hôpital',
    }
    const life = await requested(product, { ...agent, ...names, matricule: '0000000042' })
    expect((await life.ra.get(`/requests/${life.request}`)).json()).toMatchObject({ holder: names })
  })

  it.each(['4f0123456789abcdef0123456789abcd', 'ffff', '0', 'zz', '99999999999999999999999999999999999999'])(
    'CGU-73: the serial number %s is nobody’s',
    async (serial) => {
      const auditor = client(
        product.app,
        product.account(`auditor-${randomUUID().slice(0, 6)}`, ['auditor']).headers,
      )
      for (const end of ['', '/pem', '/status', '/history'])
        expect(problem(await auditor.get(`/certificates/${serial}${end}`))).toMatchObject({
          status: 404,
          code: 'CERTIFICATE_UNKNOWN',
          clause: 'CGU-73',
        })
    },
  )
})

describe('problem documents (RFC 9457)', () => {
  it('are in French, and in English for who prefers it', async () => {
    const titleFor = async (language: string) =>
      problem(
        await ra.post('/requests', demand({ matricule: '1' }), { headers: { 'accept-language': language } }),
      ).title
    expect(await titleFor('fr-FR,en;q=0.5')).toBe(refusals.MATRICULE_INVALID.fr)
    expect(await titleFor('en-GB,fr;q=0.5')).toBe(refusals.MATRICULE_INVALID.en)
  })

  it.each([
    [undefined, 'fr'],
    ['', 'fr'],
    ['de', 'fr'],
    ['en', 'en'],
    ['en;q=0.3, fr;q=0.2', 'en'],
    ['fr, en', 'fr'],
    ['en;q=0', 'fr'],
    ['en;q=x', 'fr'],
  ])('Accept-Language %j is answered in %s', (header, language) => {
    expect(languageOf(header)).toBe(language)
  })

  it('every code is in the catalogue that their type leads to', async () => {
    const catalogue = (await product.app.inject('/problems')).json<
      { code: string; status: number; fr: string }[]
    >()
    expect(catalogue.map(({ code }) => code).sort()).toEqual(
      [...Object.keys(refusals), ...Object.keys(edgeProblems)].sort(),
    )
    for (const { code, status, fr } of catalogue)
      expect([code, status >= 400 && status < 600, fr !== '']).toEqual([code, true, true])
  })
})

describe('sign-in (RFC 6750)', () => {
  it('without a token, or with a wrong one, there is nothing', async () => {
    for (const url of ['/api/v1/certificates', `/api/v1/requests/${randomUUID()}`]) {
      const none = await product.app.inject(url)
      expect([none.statusCode, none.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    }
    const wrong = await product.app.inject({
      url: '/api/v1/certificates',
      headers: { authorization: 'Bearer nobody' },
    })
    expect([wrong.statusCode, wrong.headers['www-authenticate']]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ])
  })

  it('CGU-114: a failed sign-in is written down, by the program, the address sealed', async () => {
    const options = {
      url: '/api/v1/certificates',
      headers: { authorization: 'Basic Zm9vOmJhcg==' },
      remoteAddress: '127.0.0.9',
    }
    expect((await product.app.inject(options)).statusCode).toBe(401)
    const failures = (await product.journal()).filter(({ type }) => type === 'SignInFailed')
    expect(failures.at(-1)?.data).toMatchObject({
      identifier: 'unknown token',
      address: '127.0.0.9',
      env: { role: 'program' },
    })
  })

  it('a flood of wrong tokens does not flood the ledger, nor shut out who has a right one', async () => {
    const count = async () => (await product.journal()).filter(({ type }) => type === 'SignInFailed').length
    const before = await count()
    const codes = new Set<number>()
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const wrong = { authorization: `Bearer wrong-${attempt}` }
      codes.add(
        (
          await product.app.inject({
            url: '/api/v1/certificates',
            headers: wrong,
            remoteAddress: '127.0.0.10',
          })
        ).statusCode,
      )
    }
    expect([...codes].sort()).toEqual([401, 429])
    expect((await count()) - before).toBeLessThanOrEqual(10)
    const right = await product.app.inject({
      url: '/api/v1/certificates',
      headers,
      remoteAddress: '127.0.0.10',
    })
    expect(right.statusCode).toBe(200)
  })
})

type Operation = Readonly<{
  summary?: string
  description?: string
  tags?: readonly string[]
  parameters?: readonly { name: string; in: string; required?: boolean }[]
  requestBody?: Readonly<{ content: Readonly<Record<string, { schema: object; example?: object }>> }>
  responses: Readonly<Record<string, object>>
}>
type Document = Readonly<{
  openapi: string
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  components: Readonly<{ schemas: Readonly<Record<string, object>> }>
}>

describe('OpenAPI', () => {
  const operations = (document: Document): readonly (readonly [string, string, Operation])[] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [method, path, operation] as const),
    )

  it('3.1: every route is documented, and nothing else', async () => {
    const document = (await product.app.inject('/openapi.json')).json<Document>()
    expect(document.openapi).toBe('3.1.0')
    const documented = operations(document).map(([method, path]) => `${method.toUpperCase()} ${path}`)
    expect(documented.length).toBeGreaterThan(40)
    expect(documented.sort()).toEqual([...product.routes()].sort())
  })

  it('3.1: every schema is one: they are compiled at their first use, and here all of them', async () => {
    await (await createApp(product.services, { schemas: 'atStart' })).close()
  })

  it('CGU-09: the contact point of the authority is where the API is described, as the CGU give it', async () => {
    const { info } = (await product.app.inject('/openapi.json')).json<{
      info: { contact: { name: string; email: string } }
    }>()
    const norm = await readFile(
      new URL('../../docs/cgu/cgu-ac-confidentialite-mef-qualifiee.txt', import.meta.url),
      'utf8',
    )
    expect(norm).toContain(info.contact.email)
    expect(info.contact.name).toContain('139, rue de Bercy 75572 Paris Cedex 12')
    expect(norm).toContain('139, rue de Bercy 75572 Paris Cedex 12')
  })

  it('3.1: every operation has words, a tag, problems, and every parameter of its path', async () => {
    const document = (await product.app.inject('/openapi.json')).json<Document>()
    for (const [method, path, { summary, tags, parameters = [], responses }] of operations(document)) {
      expect([method, path, summary?.length !== 0, tags?.length]).toEqual([method, path, true, 1])
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath)
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']))
      const asks = parameters.some(({ name, required }) => name === 'idempotency-key' && required === true)
      expect([path, asks]).toEqual([path, method === 'post' && path.startsWith('/api/v1')])
    }
  })

  it('3.1: every reference leads somewhere, every body has an example that fits it', async () => {
    const document = (await product.app.inject('/openapi.json')).json<Document>()
    const text = JSON.stringify(document)
    for (const [, reference = ''] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
      const target = reference
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], document)
      expect([reference, typeof target]).toEqual([reference, 'object'])
    }
    let examples = 0
    for (const [, path, { requestBody }] of operations(document)) {
      const body = requestBody?.content['application/json']
      if (body === undefined) continue
      examples += 1
      expect([path, ...Compile(body.schema).Errors(body.example)]).toEqual([path])
    }
    expect(examples).toBeGreaterThan(15)
  })

  it('the browser at /docs comes with a policy under which it works', async () => {
    const page = await product.app.inject('/docs/')
    expect([page.statusCode, page.headers['content-security-policy']]).toEqual([
      200,
      expect.stringContaining("script-src 'self'"),
    ])
    for (const asset of ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-initializer.js'])
      expect((await product.app.inject(`/docs/static/${asset}`)).statusCode).toBe(200)
    expect(page.body).not.toMatch(/<script>(?!\s*<)/)
  })
})

describe('probes', () => {
  it('say whether the process lives, and whether every part works', async () => {
    expect((await product.app.inject('/livez')).json()).toEqual({ alive: true })
    const ready = await product.app.inject('/readyz')
    expect([ready.statusCode, ready.json<{ ready: boolean }>().ready]).toEqual([200, true])
    product.outage(true)
    // Looked at once a second: what was found in this second stands.
    const same = await product.app.inject('/readyz')
    await product.pass(1)
    const broken = await product.app.inject('/readyz').finally(() => product.outage(false))
    expect([same.statusCode, broken.statusCode, broken.json<{ ready: boolean }>().ready]).toEqual([
      ...[200, 503, false],
    ])
  })

  it('what anybody may fetch is counted with the publications, whether the process lives is not', async () => {
    const small = await openEmbedded({ publication: 4 })
    const codeOf = async (url: string) => (await small.app.inject(url)).statusCode
    const counted = ['/readyz', '/problems', '/docs/', '/openapi.json']
    for (const url of counted) expect([url, await codeOf(url)]).toEqual([url, 200])
    for (const url of [...counted, '/ac-confidentialite-mef-qualifiee.crl'])
      expect([url, await codeOf(url)]).toEqual([url, 429])
    expect(await codeOf('/livez')).toBe(200)
    await small.close()
  })
})

describe('what nobody may read in a log or a problem', () => {
  it('CGU-50, CGU-112: no name, number, address, PIN, passphrase, token or key', async () => {
    const life = await inUse(product)
    const { passphrase } = await recovered(product, life)
    const secret = '97531864'
    const bad = [
      await life.holder.post(`/cards/${life.card}/pin`, { pin: secret }),
      await life.holder.post(`/cards/${life.card}/pin`, { pin: `${secret}x` }),
      await life.holder.post(`/certificates/${life.serial}/revocation`, {
        ...revocation,
        holderName: 'Personne Inconnue',
      }),
      await life.ra.post('/requests', demand({ matricule: '99' })),
      await life.ra.get(`/certificates?q=${encodeURIComponent("Zoë D'Été-Brûlé")}&limit=0`),
      await raw({ payload: `{"pin": "${secret}", "surname": "Zoë"` }),
    ]
    for (const answer of bad) expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    await life.ra.get(`/certificates?q=${encodeURIComponent('Été Brûlé Zoë')}`)
    const words = [
      ...['Été', 'Brûlé', 'Zoë', 'Maëlle', 'zoe.dete', 'Inconnue', 'douanes'],
      ...[
        agent.matricule,
        '246813',
        secret,
        passphrase,
        '127.0.0.1',
        'Bearer',
        headers['authorization']?.slice(7) ?? '?',
      ],
    ]
    const said = product.logged() + bad.map(({ body }) => body).join('')
    expect(product.logged()).toContain('"command":"DefinePin"')
    for (const word of words) expect([word, said.includes(word)]).toEqual([word, false])
    for (const encoded of ['%C3%89t%C3%A9', 'Zo%C3%AB']) expect(said).not.toContain(encoded)
  })
})
