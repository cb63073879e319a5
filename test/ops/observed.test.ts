// A whole life, watched: what /metrics, the spans and the log say of it, and that none of them says of whom.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { createApp } from '../../api/app.ts'
import { revokeList } from '../../cli/revokeList.ts'
import { openOpsListener } from '../../api/metrics.ts'
import { document } from '../../domain/document.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { keptFor } from '../../telemetry/sources.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, employer, inUse, revocation, type Issued } from '../support/life.ts'
import { approved, recovered } from '../support/recoveredLife.ts'
import { leaksIn, wordsOf } from './leaks.ts'
import { parsePromql, type Selected } from './promql.ts'
import { openReceiver, type Receiver, type SentSpan } from './receiver.ts'

let product: Embedded
let life: Issued
let shown: string
let receiver: Receiver
/** All that people sent: bodies, queries, and who signed in. */
const sent: unknown[] = []
/** What was answered, and may be in a log no more than what was sent. */
const told: string[] = []
let answered: LightMyRequestResponse

/** Of somebody who is not signed in. */
const elsewhere = '192.0.2.77'
const caller = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' } as const
const traceparent = `00-${caller.trace}-${caller.span}-01`

let listed: Readonly<Record<'first' | 'again' | 'corrected', unknown>>

/** Runbook: the list of a batch, with a line that is wrong; then once more. */
const revokeListed = async (): Promise<typeof listed> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-list-'))
  const [list, officer] = [join(directory, 'list.csv'), join(directory, 'officer.token')]
  await writeFile(list, `${life.serial};Zoë Maëlle D'Été-Brûlé\n${'4f'.repeat(16)};Personne Inconnue\n`)
  await writeFile(officer, product.account('ca', ['caOfficer']).token)
  const url = await product.app.listen({ host: '127.0.0.1', port: 0 })
  const asked = { url, officer, as: 'Jean Morel', cause: 'cardFaulty', note: 'lot 2026-11' }
  const run = async (): Promise<unknown> => {
    let result: unknown
    await revokeList({ json: true, say: () => undefined, result: (value) => (result = value) }, list, asked)
    return result
  }
  const [first, again] = [await run(), await run()]
  await writeFile(list, `${life.serial};Zoë Maëlle D'Été-Brûlé\n`)
  const found = { first, again, corrected: await run() }
  await rm(directory, { recursive: true })
  return found
}

/** Remembers what is sent to an application. */
const remembering = ({ app }: Embedded): void => {
  const inject = app.inject.bind(app) as (options: unknown) => Promise<LightMyRequestResponse>
  const remembered = (options: string | InjectOptions): Promise<LightMyRequestResponse> => {
    if (typeof options !== 'string')
      sent.push(options.payload, { authorization: options.headers?.['authorization'] })
    return inject(options)
  }
  Object.assign(app, { inject: remembered })
}

const wordsSent = (): readonly string[] => {
  const tokens = sent.flatMap((one) => {
    const { authorization } = (one ?? {}) as { authorization?: string }
    return authorization === undefined ? [] : [authorization.slice('Bearer '.length)]
  })
  const bodies = sent.filter((one) => !Buffer.isBuffer(one) && !Object.hasOwn(one ?? {}, 'authorization'))
  return [...tokens, ...told, ...wordsOf(bodies), 'Personne Inconnue', elsewhere]
}

/** The value of a series, by its whole name. */
const valueOf = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

const scrape = async (of: Embedded = product): Promise<string> => {
  const answer = await of.app.inject('/metrics')
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([
    200,
    expect.stringContaining('text/plain; version=0.0.4'),
  ])
  return answer.body
}

beforeAll(async () => {
  receiver = await openReceiver()
  product = await openEmbedded({}, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  remembering(product)
  life = await inUse(product)
  const { id, officer, passphrase } = await recovered(product, life)
  told.push(passphrase)
  await life.holder.post(`/recovery-requests/${id}/delivery`, { receipt: 'PV de remise signé par Zoë' })
  await officer.get(`/recovery-requests/${id}`)
  // Asked, and waiting for its approvals.
  await approved(product, life)
  // Refused by its decider; and before any was asked; said wrongly; on somebody else; not signed in.
  await life.ra.post(`/requests/${life.request}/validation`)
  await life.holder.post(`/requests/${life.request}/validation`)
  await life.holder.post(`/cards/${life.card}/pin`, { pin: '97531864x' })
  await life.ra.post('/requests', { holder: { ...agent, matricule: '99' }, name: 'Personne Inconnue' })
  await life.holder.post(`/certificates/${life.serial}/revocation`, {
    ...revocation,
    holderName: 'Personne Inconnue',
  })
  await life.ra.get(`/certificates?q=${encodeURIComponent("Zoë D'Été-Brûlé")}&limit=0`)
  await life.ra.get(`/certificates?q=${encodeURIComponent('Été Brûlé Zoë')}`)
  await product.app.inject({
    ...{ url: '/api/v1/requests', remoteAddress: elsewhere },
    headers: { authorization: 'Bearer no-token-of-ours' },
  })
  await product.app.inject({
    ...{ method: 'POST', url: '/api/v1/requests', payload: '{"surname": "D\'Été-Brûlé", "pin": "24' },
    headers: { ...product.account('late', ['raOfficer']).headers, 'content-type': 'application/json' },
  })
  const request = { method: 'POST', url: '/ac-online-mef-qualifiees/' } as const
  const type = { 'content-type': 'application/ocsp-request' }
  await product.app.inject({ ...request, headers: type, payload: Buffer.from('not a request') })
  await product.app.inject('/ac-online-mef-qualifiees/AAAA')
  // Faults: no ledger for an order and for a job.
  product.outage(true)
  await life.holder.post(`/certificates/${life.serial}/revocation`, revocation)
  await product.run('endOfLife').catch(() => undefined)
  product.outage(false)
  await product.run('endOfLife')
  const { headers } = product.account('observer', ['raOfficer'])
  answered = await product.app.inject({
    url: '/api/v1/requests?limit=x',
    headers: { ...headers, traceparent },
  })
  listed = await revokeListed()
  await product.publish()
  await product.notify()
  await product.pass(60)
  shown = await scrape()
  await product.flush()
})
afterAll(async () => {
  await product.close()
  await receiver.close()
})

describe('interfaces.md 4: the names that operators are promised', () => {
  it('each has its source, and says what is so', () => {
    const expected: readonly (readonly [string, number])[] = [
      ['igc_certificates{status="revoked",card="agent"}', 1],
      ['igc_commands_total{command="RequestCertificate",outcome="accepted",code="none"}', 1],
      ['igc_commands_total{command="ValidateRequest",outcome="refused",code="ROLE_NOT_HELD"}', 1],
      ['igc_command_duration_seconds_count{command="DefinePin"}', 1],
      ['igc_crl_age_seconds{ca="issuing"}', 60],
      ['igc_crl_number{ca="issuing"}', 2],
      ['igc_crl_entries{ca="issuing"}', 1],
      ['igc_crl_entries{ca="root"}', 0],
      ['igc_ocsp_requests_total{method="POST",status="malformedRequest"}', 1],
      ['igc_ocsp_requests_total{method="GET",status="malformedRequest"}', 1],
      ['igc_ocsp_duration_seconds_count', 2],
      ['igc_projection_lag_events{projection="certificateStatus"}', 0],
      ['igc_projection_lag_seconds{projection="certificateStatus"}', 0],
      ['igc_expiring_certificates{window="90d"}', 0],
      ['igc_recovery_pending', 1],
      ['igc_hsm_up', 1],
      ['igc_hsm_op_duration_seconds_count{op="keep"}', 1],
      ['igc_hsm_op_duration_seconds_count{op="release"}', 1],
      ['igc_revocation_delay_seconds{seen="crl"}', 0],
      ['igc_revocation_delay_seconds{seen="ocsp"}', 0],
      ['igc_revocation_delay_seconds{seen="crlLastHour"}', 0],
      ['igc_queue_jobs{queue="publishCrl",state="failed"}', 0],
      ['igc_audit_verify_last_success_timestamp', 0],
      ['igc_check_up{check="ledger"}', 1],
      ['igc_alarm{alarm="revocation delay"}', 0],
    ]
    expect(expected.map(([series]) => [series, valueOf(shown, series)])).toEqual(expected)
    expect(valueOf(shown, 'igc_crl_next_update_timestamp{ca="issuing"}')).toBeGreaterThan(
      Date.parse(product.services.now()) / 1000,
    )
    expect(valueOf(shown, 'igc_hsm_op_duration_seconds_count{op="sign"}')).toBeGreaterThanOrEqual(4)
  })

  it('a refusal is counted under its code, and the program’s own commands beside those of people', () => {
    const counted = [...shown.matchAll(/igc_commands_total\{command="(\w+)",outcome="(\w+)",code="(\w+)"/g)]
    const named = counted.map(([, ...labels]) => labels.join(' '))
    expect(named).toContain('RecordRefusal accepted none')
    expect(named).toContainEqual(expect.stringMatching(/^ValidateRequest refused (?!ROLE_NOT_HELD)[A-Z_]+$/))
  })

  it('CGU-50, CGU-112: no label names a person, an entity, a certificate, a card or an address', () => {
    const labels = [...shown.matchAll(/="([^"]*)"/g)].map(([, value = '']) => value)
    const closed = /^(?:[A-Za-z][A-Za-z0-9 ]{0,40}|[A-Z][A-Z0-9_]*|\d+d|\d+(?:\.\d+)?|\+Inf)$/
    expect(labels.filter((label) => !closed.test(label))).toEqual([])
    const words = [
      ...[agent.surname, agent.matricule, agent.email, employer.name, employer.siren],
      ...[life.serial, life.card, life.person, life.request, life.entity, '127.0.0.1'],
    ]
    expect(words.filter((word) => shown.toLowerCase().includes(word.toLowerCase()))).toEqual([])
  })
})

describe('a source that fails', () => {
  it('has its numbers taken away, is named, and keeps nobody else from being shown', async () => {
    let works = true
    const metrics = createMetrics({
      recoveryPending: async () => {
        if (works) return 3
        throw new Error('no database')
      },
      hsmUp: async () => true,
    })
    const before = (await metrics.exposition()).text
    works = false
    const after = (await metrics.exposition()).text
    const series = ['igc_recovery_pending', 'igc_source_up{source="recoveryPending"}', 'igc_hsm_up']
    expect([before, after].map((text) => series.map((one) => valueOf(text, one)))).toEqual([
      [3, 1, 1],
      [undefined, 0, 1],
    ])
  })

  it('what is costly is asked once for a while; what failed is asked again', async () => {
    let [at, asked, fails] = [0, 0, true]
    const read = keptFor(
      30,
      () => at,
      async () => {
        asked += 1
        if (fails) throw new Error('not yet')
        return asked
      },
    )
    await expect(read()).rejects.toThrow('not yet')
    fails = false
    const found = [await read(), await read()]
    at = 30
    expect([...found, await read()]).toEqual([2, 2, 3])
  })
})

describe('who may ask', () => {
  const from = (remoteAddress: string, headers: Readonly<Record<string, string>> = {}) =>
    product.app.inject({ url: '/metrics', remoteAddress, headers })

  it('on the listener of the API this machine alone, for itself: no proxy stands between', async () => {
    const asked = [
      from('127.0.0.1'),
      from('::1'),
      from('::ffff:127.0.0.1'),
      from('192.0.2.7'),
      from('127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }),
      from('127.0.0.1', { forwarded: 'for=127.0.0.1' }),
      from('127.0.0.1', { via: '1.1 proxy' }),
    ]
    expect((await Promise.all(asked)).map(({ statusCode }) => statusCode)).toEqual([
      ...[200, 200, 200, 404, 404, 404, 404],
    ])
  })

  it('a listener of its own has metrics and probes, and the API then has none; a stop is told on both', async () => {
    const metrics = createMetrics({ hsmUp: async () => true })
    let isStopped = false
    const isDraining = (): boolean => isStopped
    const app = await createApp(product.services, { metrics, isDraining })
    const readiness = { ...product.services, isDraining }
    const own = await openOpsListener({ host: '127.0.0.1', port: 0 }, { metrics, readiness })
    const [here, there] = [await app.inject('/metrics'), await fetch(`${own.url}/metrics`)]
    expect([here.statusCode, there.status]).toEqual([404, 200])
    expect(await there.text()).toContain('igc_hsm_up 1')
    const statusOf = async (name: string) => (await fetch(`${own.url}/${name}`)).status
    expect((await app.inject('/readyz')).json()).toMatchObject({ ready: true })
    expect([await statusOf('livez'), await statusOf('readyz')]).toEqual([200, 200])
    isStopped = true
    const ready = await app.inject('/readyz')
    expect([ready.statusCode, ready.json<{ checks: object }>().checks]).toMatchObject([
      503,
      { service: 'is being stopped', ledger: true },
    ])
    expect([await statusOf('livez'), await statusOf('readyz')]).toEqual([200, 503])
    await own.close()
    await app.close()
  })

  it('a port that is taken: the listener says so', async () => {
    const readiness = { now: () => randomUUID(), health: async () => ({}), alarms: async () => ({}) }
    const metrics = createMetrics({})
    const first = await openOpsListener({ host: '127.0.0.1', port: 0 }, { metrics, readiness })
    const port = Number(new URL(first.url).port)
    await expect(openOpsListener({ host: '127.0.0.1', port }, { metrics, readiness })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await first.close()
  })
})

describe('a ledger that gives no answer', () => {
  it('shows as a check that is down, and the counts that need no ledger go on', async () => {
    product.outage(true)
    await product.pass(1)
    const text = await scrape().finally(() => product.outage(false))
    expect(['igc_check_up{check="ledger"}', 'igc_recovery_pending'].map((one) => valueOf(text, one))).toEqual(
      [...[0, 1]],
    )
    expect((await product.ledger.load(document, 'cgu')).revision).toBeGreaterThanOrEqual(0)
  })
})

describe('runbooks', () => {
  it('CGU-64, CGU-71: many revocations: each of the list, what cannot be is named by its line, and nothing is done twice', () => {
    const serial = '4f'.repeat(16)
    const refused = [{ line: 2, serial, status: 404, code: 'CERTIFICATE_UNKNOWN' }]
    expect(listed).toEqual({
      first: { revoked: 1, refused },
      again: { revoked: 1, refused },
      corrected: { revoked: 1, refused: [] },
    })
    expect(
      valueOf(shown, 'igc_commands_total{command="RequestRevocation",outcome="accepted",code="none"}'),
    ).toBe(1)
  })

  it.each([
    ['', 'the list is empty'],
    ['0a1b;Jean "Dupont\n', 'line 1 is no CSV: a quotation mark stands where none may'],
    ['"0a1b;Jean Dupont\n', 'line 1 is no CSV: a quotation mark stands where none may'],
    ['0a1b;Jean Dupont\n', 'http://127.0.0.1:1 gives no answer, at line 1'],
  ])('CGU-71: the list %j goes nowhere, and nothing of it is quoted', async (text, message) => {
    const directory = await mkdtemp(join(tmpdir(), 'grand-livre-list-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const [list, officer] = [join(directory, 'list.csv'), join(directory, 'officer.token')]
    await writeFile(list, text)
    await writeFile(officer, 'a-token\n')
    const asked = { url: 'http://127.0.0.1:1', officer, as: 'J', cause: 'cardFaulty', note: 'lot' }
    const silent = { json: true, say: () => undefined, result: () => undefined }
    const error = await revokeList(silent, list, asked).catch((caught: unknown) => caught)
    expect([(error as Error).name, (error as Error).message]).toEqual([
      expect.stringMatching(/^(ConfigFault|NothingThere)$/),
      expect.stringContaining(message),
    ])
    expect((error as Error).message).not.toContain('Jean')
  })

  it('CGU-106: an overdue CRL: seen, then published, and all is well again', async () => {
    const seen = async () => {
      const [text, ready] = [await scrape(), await product.app.inject('/readyz')]
      return [
        ready.statusCode,
        ready.json<{ checks: Record<string, unknown> }>().checks['crl'],
        valueOf(text, 'igc_check_up{check="crl"}'),
        (valueOf(text, 'igc_crl_age_seconds{ca="issuing"}') ?? 0) > 25 * 3600,
      ]
    }
    await product.pass(8 * 24 * 3600)
    const late = await seen()
    await product.run('publishCrl')
    await product.run('publishRootCrl')
    await product.settle()
    await product.pass(1)
    expect([late, await seen()]).toEqual([
      [503, 'out of date', 0, true],
      [200, true, 1, false],
    ])
  })
})

type Line = Readonly<Record<string, unknown>>
const lines = (): readonly Line[] =>
  product
    .logged()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

describe('the log', () => {
  it('interfaces.md 4: one JSON line, with what happened by kinds and pseudonyms', () => {
    const given = lines().find((line) => line['command'] === 'DefinePin' && line['status'] === 200)
    expect(given).toEqual({
      ...{
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        level: 'info',
        msg: 'request',
      },
      ...{ service: 'api', version: 'test', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
      ...{ actor: expect.any(String) as string, role: 'holder', command: 'DefinePin' },
      ...{ stream: `card-${life.card}`, revision: expect.any(Number) as number },
      ...{
        position: expect.stringMatching(/^C:\d+\/P:\d+$/) as string,
        durationMs: expect.any(Number) as number,
      },
      ...{ method: 'POST', route: '/api/v1/cards/:id/pin', status: 200 },
    })
    const refused = lines().find((line) => line['code'] === 'ROLE_NOT_HELD')
    expect(refused).toMatchObject({ command: 'ValidateRequest', role: 'holder', status: 403 })
  })

  it('CGU-50, CGU-112: of a whole life, no name, matricule, address, PIN, passphrase or token, in any form', () => {
    const words = wordsSent()
    for (const word of [agent.matricule, agent.email, 'Brûlé', '246813', ...told, employer.address])
      expect(words).toContain(word)
    expect(words.length).toBeGreaterThan(100)
    expect(lines().length).toBeGreaterThan(50)
    expect(lines().filter(({ level, msg }) => level === 'error' && msg === 'fault')).toEqual([
      expect.objectContaining({
        err: expect.objectContaining({ type: 'LedgerFault', message: '' }) as object,
      }),
    ])
    expect(leaksIn(product.logged(), words)).toEqual([])
  })

  it('one that is planted is found, in whatever form; and what comes under such a name is not written', () => {
    const secret = "Zoë D'Été-Brûlé"
    const forms = [
      secret,
      'ZOE D’ETE-BRULE'.replace('’', "'"),
      encodeURIComponent(secret),
      Buffer.from(`x${secret}`).toString('base64'),
      Buffer.from(`${secret}y`).toString('base64url'),
      Buffer.from(secret).toString('hex'),
      JSON.stringify({ name: secret }),
      "Zo\\u00eb D'\\u00c9t\\u00e9-Br\\u00fbl\\u00e9",
    ]
    expect(forms.filter((form) => leaksIn(`{"msg":"${form}"}`, [secret]).length === 0)).toEqual([])
    expect(leaksIn(product.logged(), [secret])).toEqual([])
    const before = product.logged().length
    product.app.log.info(
      { holder: { surname: secret, matricule: agent.matricule }, pin: '246813' },
      'planted',
    )
    const planted = product.logged().slice(before)
    expect([planted.includes('[redacted]'), leaksIn(planted, [secret, agent.matricule, '246813'])]).toEqual([
      true,
      [],
    ])
    product.app.log.info(`planted: ${secret}`)
    expect(leaksIn(product.logged(), [secret])).toEqual([secret])
  })
})

describe('spans (OTEL_EXPORTER_OTLP_ENDPOINT)', () => {
  const named = (name: string): readonly SentSpan[] => receiver.spans().filter((span) => span.name === name)
  const attributesOf = (span: SentSpan | undefined): Readonly<Record<string, unknown>> =>
    Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]))

  it('a request, its command, its append and its signature are one trace', () => {
    const [request] = named('POST /api/v1/requests/:id/sessions/current/issuance')
    expect(attributesOf(request)).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/api/v1/requests/:id/sessions/current/issuance',
      'http.response.status_code': 201,
    })
    const trace = receiver.spans().filter(({ traceId }) => traceId === request?.traceId)
    const names = new Set(trace.map(({ name }) => name))
    expect([...names]).toEqual(
      expect.arrayContaining(['command PlanCertificate', 'ledger append', 'custody sign', 'custody keep']),
    )
    const command = trace.find(({ name }) => name === 'command PlanCertificate')
    const append = trace.find(
      ({ name, parentSpanId }) => name === 'ledger append' && parentSpanId === command?.spanId,
    )
    expect([command?.parentSpanId, attributesOf(append)]).toEqual([
      request?.spanId,
      expect.objectContaining({ 'igc.aggregate': 'certificate' }),
    ])
    expect(named('job publishCrl').length).toBeGreaterThan(0)
    expect(receiver.resource()).toEqual(
      expect.arrayContaining([{ key: 'service.name', value: { stringValue: 'grand-livre' } }]),
    )
  })

  it('W3C Trace Context 3.2: the caller’s trace goes on here, in the log and in the problem too', () => {
    const span = receiver.spans().find(({ traceId }) => traceId === caller.trace)
    expect([span?.parentSpanId, span?.name]).toEqual([caller.span, 'GET /api/v1/requests'])
    expect(answered.headers['x-request-id']).toBe(caller.trace)
    expect(answered.json<{ traceId: string }>().traceId).toBe(caller.trace)
    expect(lines().some(({ traceId }) => traceId === caller.trace)).toBe(true)
  })

  it('a fault is marked by its name alone', () => {
    const failed = receiver.spans().filter(({ status }) => status?.code === 2)
    expect(failed.map((span) => attributesOf(span)['error.type'])).toContain('LedgerFault')
    expect(failed.filter(({ status }) => status?.message !== undefined)).toEqual([])
  })

  it('CGU-50, CGU-112: no span says of whom, nor which certificate or card', () => {
    expect(leaksIn(receiver.raw(), wordsSent())).toEqual([])
    expect(
      leaksIn(
        receiver.raw(),
        [life.card, life.request].map((id) => `/${id}`),
      ),
    ).toEqual([])
    expect(receiver.raw()).not.toContain(life.serial)
  })
})

type Rule = Readonly<{
  alert: string
  expr: string
  for?: string
  labels: Readonly<{ severity: string }>
  annotations: Readonly<{ summary: string; runbook: string }>
}>
type Panel = Readonly<{ targets?: readonly Readonly<{ expr: string; legendFormat: string }>[] }>

const root = new URL('../../', import.meta.url)
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8')

describe('deploy/: alert rules and dashboard', () => {
  let series: Readonly<Record<string, ReadonlySet<string>>>

  beforeAll(async () => {
    // Node's own are watched once a process, by the service alone.
    const { text } = await createMetrics({}, { process: true }).exposition()
    const found: Record<string, Set<string>> = { up: new Set(['job', 'instance']) }
    for (const [, name = '', labels = ''] of `${text}${shown}`.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
      found[name] ??= new Set()
      for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) found[name].add(label)
    }
    series = found
  })

  /** What an expression asks for and nobody shows. */
  const strangersIn = (expr: string, more: readonly string[] = []): readonly string[] => {
    const { selected, groupedBy } = parsePromql(expr)
    const known = new Set(selected.flatMap(({ metric }) => [...(series[metric] ?? [])]))
    const wrong = ({ metric, labels }: Selected): readonly string[] =>
      [metric, ...labels].filter((name, index) =>
        index === 0 ? series[name] === undefined : series[metric]?.has(name) !== true,
      )
    return [...selected.flatMap(wrong), ...[...groupedBy, ...more].filter((label) => !known.has(label))]
  }

  const named = (text: string, pattern: RegExp): readonly string[] =>
    [...text.matchAll(pattern)].map(([, label = '']) => label)

  it('the check is not blind', () => {
    expect(strangersIn('sum by (oops) (rate(igc_commands_totals{coda="x"}[5m]))')).toEqual([
      ...['igc_commands_totals', 'coda', 'oops'],
    ])
    expect(strangersIn('igc_hsm_up{op="sign"}')).toEqual(['op'])
    expect(() => strangersIn('sum(rate(igc_hsm_up[5m])')).toThrow('not PromQL')
  })

  it('each rule is PromQL over what /metrics shows, and has its runbook', () => {
    const { groups } = parseYaml(textOf('deploy/prometheus/alerts.yml')) as {
      groups: readonly Readonly<{ rules: readonly Rule[] }>[]
    }
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.length).toBeGreaterThan(15)
    for (const { alert, expr, annotations, labels, for: time = '0m' } of rules) {
      const told = named(annotations.summary, /\$labels\.(\w+)/g)
      expect([alert, strangersIn(expr, told)]).toEqual([alert, []])
      expect([alert, existsSync(new URL(annotations.runbook, root))]).toEqual([alert, true])
      expect([labels.severity, time]).toEqual([
        expect.stringMatching(/^(?:page|ticket)$/),
        expect.stringMatching(/^\d+[mh]$/),
      ])
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  it('the procedures name every alert where it leads to, and every part and alarm of /readyz', () => {
    const { groups } = parseYaml(textOf('deploy/prometheus/alerts.yml')) as {
      groups: readonly Readonly<{ rules: readonly Rule[] }>[]
    }
    const lines = textOf('docs/runbooks/README.md').split('\n')
    const isNamed = (name: string, beside: string): boolean =>
      lines.some((line) => line.includes(`\`${name}\``) && line.includes(beside))
    const unnamed = groups
      .flatMap(({ rules }) => rules)
      .filter(({ alert, annotations: { runbook } }) => {
        const file = runbook.replace('docs/runbooks/', '')
        return !isNamed(alert, file === 'README.md' ? '' : `](${file})`)
      })
    expect(unnamed.map(({ alert }) => alert)).toEqual([])
    const seen = named(shown, /^igc_(?:check_up|alarm)\{\w+="([^"]+)"\}/gm)
    expect(seen.length).toBeGreaterThan(10)
    // Of the API and the status process, where they are processes of their own.
    const more = ['queue', 'certificates', 'rootCrl', 'refresh', 'read models']
    const parts = [...seen, ...more].filter((name) => !name.startsWith('job '))
    expect(parts.filter((name) => !isNamed(name, ''))).toEqual([])
  })

  it('each query of the dashboard is PromQL over what /metrics shows', () => {
    const { panels } = JSON.parse(textOf('deploy/grafana/grand-livre.json')) as { panels: readonly Panel[] }
    const targets = panels.flatMap((panel) => panel.targets ?? [])
    expect(targets.length).toBeGreaterThan(20)
    const wrong = targets.map(({ expr, legendFormat }) => [
      expr,
      strangersIn(expr, named(legendFormat, /\{\{(\w+)\}\}/g)),
    ])
    expect(wrong.filter(([, strangers]) => strangers?.length !== 0)).toEqual([])
  })

  it('every metric of ours is on the dashboard or in a rule', () => {
    const used = `${textOf('deploy/prometheus/alerts.yml')}${textOf('deploy/grafana/grand-livre.json')}`
    const ours = Object.keys(series).filter((name) => name.startsWith('igc_'))
    const bases = new Set(ours.map((name) => name.replace(/_(?:bucket|count|sum)$/, '')))
    expect([...bases].filter((name) => !used.includes(name))).toEqual([])
  })
})
