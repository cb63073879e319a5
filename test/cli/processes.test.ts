// An installation of processes, as docker-compose.yml has it, on PostgreSQL and Redis from the system's packages (`npm run trial`): each is
// killed, doubled and started again, and in the end one is left.
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { download, openCaller } from '../../cli/demo/client.ts'
import { openssl } from '../../cli/demo/openssl.ts'
import { leaksIn, wordsOf } from '../ops/leaks.ts'
import { agent, employer, revocation } from '../support/life.ts'
import { openTrial, type RoleName, type Trial } from '../trial/installation.ts'
import { probe, ready, until, type Running } from '../trial/process.ts'
import { quickPolicyText } from '../support/quickPolicy.ts'
import { confided, issue } from './life.ts'

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

const stem = 'ac-confidentialite-mef-qualifiee'
const launcher = process.env['GRAND_LIVRE_LAUNCHER'] ?? join(import.meta.dirname, '../../cli/grand-livre.js')
const directory = mkdtempSync(join(tmpdir(), 'grand-livre-processes-'))
const file = (name: string): string => join(directory, name)
const policy = quickPolicyText()

let trial: Trial
const up = new Map<string, Running>()
const urlOf = (name: string): string => up.get(name)?.said.url ?? ''

const bringUp = async (name: string, role: RoleName, more: NodeJS.ProcessEnv = {}): Promise<void> => {
  up.set(name, await trial.start(role, more))
}
const kill = async (name: string): Promise<void> => {
  await up.get(name)?.kill()
  up.delete(name)
}

const inDirectory = (...args: readonly string[]): Promise<string> => openssl(directory, ...args)

/** What OpenSSL shows of the status process's answer about a certificate, its signature verified up to the root. */
const shown = async (serial: string, ...more: readonly string[]): Promise<string> => {
  const about = [
    '-issuer',
    'ca.pem',
    '-serial',
    `0x${serial}`,
    '-CAfile',
    'root.pem',
    '-verify_other',
    'ca.pem',
  ]
  return inDirectory(
    'ocsp',
    ...about,
    ...more,
    '-url',
    `${urlOf('status')}/ac-online-mef-qualifiees/`,
    // openssl itself fails on an answer that is an error, and says which.
  ).catch((error: unknown) => String(error))
}
const ocsp = async (serial: string, ...more: readonly string[]): Promise<string> => {
  const said = await shown(serial, ...more)
  return /: (good|revoked|unknown)|Responder Error: (\w+)/.exec(said)?.slice(1).join('') ?? said
}
const crl = (from: string): Promise<Buffer> => download(`${urlOf(from)}/${stem}.crl`)
const lists = async (from: string, serial: string): Promise<boolean> => {
  writeFileSync(file('crl.der'), await crl(from))
  const text = await inDirectory(
    'crl',
    '-inform',
    'DER',
    '-in',
    'crl.der',
    '-noout',
    '-text',
    '-CAfile',
    'ca.pem',
  )
  return text.toLowerCase().includes(serial)
}

beforeAll(async () => {
  writeFileSync(file('policy.json'), policy)
  const env = { POLICY_FILE: file('policy.json'), ESCROW_STOCK: '0', METRICS_PORT: '0', LOG_LEVEL: 'info' }
  trial = await openTrial({ directory, launcher, env, say: () => undefined })
})
afterAll(async () => {
  await trial.close()
  rmSync(directory, { recursive: true })
})

it('a process that finds no migration says what to run, and ends with 3', async () => {
  await bringUp('signer', 'signer')
  await expect(trial.run(['worker'])).rejects.toThrow(/ended with 3[^]*grand-livre migrate/)
})

it('migrate does once what has to be done once, also where two do it at the same time', async () => {
  const both = await Promise.all([1, 2].map(() => trial.run<{ written: number }>(['migrate'])))
  expect(both.map(({ written }) => written).toSorted((a, b) => a - b)[0]).toBe(0)
  expect(Math.max(...both.map(({ written }) => written))).toBeGreaterThan(10)
})

it('CGU-76, CGU-107: what is issued over the api is good at the status process; its bytes are those of the api', async () => {
  await Promise.all([
    bringUp('first', 'projector'),
    bringUp('worker', 'worker'),
    bringUp('api', 'api'),
    bringUp('status', 'status'),
  ])
  await bringUp('second', 'projector')
  const leading = (await probe(urlOf('first'))).body.state?.['projector']
  expect([leading, (await probe(urlOf('second'))).body.state?.['projector']]).toEqual(['leads', 'stands by'])
  for (const [name, path] of [
    ['root', 'ac-racine-mef-qualifiee.cer'],
    ['ca', `${stem}.cer`],
  ] as const) {
    const [own, other] = await Promise.all(
      ['api', 'status'].map((from) => download(`${urlOf(from)}/${path}`)),
    )
    expect(own).toEqual(other)
    writeFileSync(file(`${name}.der`), own!)
    await inDirectory('x509', '-inform', 'DER', '-in', `${name}.der`, '-out', `${name}.pem`)
  }
  // A second one keeps its copy in a directory of its own.
  await bringUp('otherStatus', 'status', { DATA_DIR: file('other-status') })
  await ready(urlOf('otherStatus'))
  for (const from of ['status', 'otherStatus']) expect(await crl(from), from).toEqual(await crl('api'))
})

it('interfaces.md 4: each process shows what it has on a port of its own, and nothing of it where others are answered', async () => {
  const shows = {
    signer: ['igc_hsm_up', 'igc_check_up{check="keys"}', 'igc_hsm_op_duration_seconds_count{op="sign"}'],
    first: ['igc_projection_lag_seconds{projection="certificateStatus"}', 'igc_alarm{alarm="clock"}'],
    second: ['igc_hsm_up', 'igc_check_up{check="database"}'],
    worker: ['igc_queue_jobs{queue="publishCrl",state="failed"}', 'igc_check_up{check="queue"}'],
    api: ['igc_crl_number{ca="issuing"}', 'igc_alarm{alarm="queue"}', 'igc_check_up{check="readModels"}'],
    status: [
      ...['igc_check_up{check="crl"}', 'igc_alarm{alarm="disk"}', 'igc_ocsp_duration_seconds_count'],
      ...['igc_alarm{alarm="refresh"}', 'igc_crl_age_seconds{ca="issuing"}', 'igc_crl_number{ca="root"}'],
    ],
  }
  for (const [name, series] of Object.entries(shows)) {
    const text = (await download(`${up.get(name)?.said.metricsUrl}/metrics`)).toString()
    expect([name, series.filter((one) => !text.includes(`\n${one} `))]).toEqual([name, []])
    const { url } = up.get(name)?.said ?? {}
    if (url !== undefined) expect((await fetch(`${url}/metrics`)).status).toBe(404)
  }
  const projecting = await download(`${up.get('second')?.said.metricsUrl}/metrics`)
  expect(projecting.toString()).not.toContain('igc_projection_lag_seconds{')
})

let serial = ''
let token = ''
/** Of every account of this test. */
const tokens: string[] = []

it('the worker and the projector that leads are killed: the other projector takes over, a new worker goes on', async () => {
  const place = {
    file,
    policy: JSON.parse(policy) as Record<string, unknown>,
    json: async <T>(args: readonly string[]): Promise<T> => {
      const printed = await trial.run<T & { token?: string }>(args)
      if (printed.token !== undefined) tokens.push(printed.token)
      return printed
    },
  }
  const issued = await issue(place, { url: urlOf('api') })
  serial = issued.serial
  token = issued.token
  await until(
    'OCSP',
    () => ocsp(serial, '-no_nonce'),
    (said) => said === 'good',
  )
  expect(await lists('status', serial)).toBe(false)
  await Promise.all([kill('first'), kill('worker')])
  const { position } = await issued.holder.post(`/certificates/${serial}/revocation`, revocation)
  await until(
    'the takeover',
    () => probe(urlOf('second')),
    ({ body }) => body.state?.['projector'] === 'leads',
  )
  const path = `/certificates/${serial}/status?minPosition=${position}`
  expect(
    (
      await until(
        'the read',
        () => issued.holder.get(path),
        () => true,
      )
    ).status,
  ).toBe('revoked')
  expect(await lists('api', serial)).toBe(false)
  // Two of them: whatever has become due is done once.
  await Promise.all([bringUp('worker', 'worker'), bringUp('otherWorker', 'worker')])
  await until(
    'the CRL',
    () => lists('status', serial),
    (listed) => listed,
  )
  expect(await ocsp(serial, '-no_nonce')).toBe('revoked')
})

/** What a process answers with TLS of its own. */
const overTls = async (name: string, path: string, certificate: string): Promise<unknown> => {
  const trusted = { ca: readFileSync(certificate), servername: 'localhost', agent: false as const }
  const asked = get(`${up.get(name)?.said.tlsUrl}${path}`, {
    ...trusted,
    headers: { authorization: `Bearer ${token}` },
  })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return [answer.statusCode, await json(answer)]
}

it('the api is killed: another one goes on, beside a second, which takes a token on its port with TLS alone', async () => {
  const tls = { TLS_CERT_FILE: file('tls.pem'), TLS_KEY_FILE: file('tls.key'), TLS_PORT: '0' }
  await inDirectory(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', '/CN=localhost', '-keyout', 'tls.key', '-out', 'tls.pem'],
  )
  await kill('api')
  await Promise.all([bringUp('api', 'api'), bringUp('otherApi', 'api', tls)])
  const path = `/certificates/${serial}/status`
  expect((await openCaller(urlOf('api'), token).get(path)).status).toBe('revoked')
  expect(await overTls('otherApi', `/api/v1${path}`, file('tls.pem'))).toMatchObject([
    ...[200, { status: 'revoked' }],
  ])
  const plain = await fetch(`${urlOf('otherApi')}/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect([plain.status, await plain.json()]).toMatchObject([403, { code: 'TLS_REQUIRED' }])
  expect(await crl('otherApi')).toEqual(await crl('status'))
})

it('CGU-76: while PostgreSQL is away, no alarm hides another, and a list that cannot be looked at is not called late', async () => {
  type Ready = Readonly<{ alarms: unknown; checks: Readonly<Record<string, unknown>> }>
  const readyOf = async (name: string): Promise<Ready> =>
    (await (await fetch(`${urlOf(name)}/readyz`)).json()) as Ready
  const alarmsOf = async (name: string): Promise<unknown> => (await readyOf(name)).alarms
  await trial.restart('postgres', async () => {
    const not = 'cannot be looked at'
    const ofMachine = { disk: true, clock: `the clock of the database ${not}` }
    const seen = { ...ofMachine, 'revocation delay': not, 'revocation publication': not, notices: not }
    expect(await alarmsOf('api')).toMatchObject({ ...seen, queue: true, cards: true })
    expect(await alarmsOf('worker')).toMatchObject({ ...seen, 'key stock': true, 'dead letters': true })
    expect(await alarmsOf('second')).toEqual(ofMachine)
    expect(await alarmsOf('status')).toMatchObject({ keys: true, disk: true })
    const { checks } = await readyOf('api')
    expect(checks).toMatchObject({ database: 'out of reach', crl: 'out of reach', ledger: true })
  })
  for (const name of ['api', 'worker', 'second', 'status']) await ready(urlOf(name))
})

it('CGU-106, CGU-107: with everything else down, the status process answers, also after it was killed itself', async () => {
  const before = await crl('status')
  expect(await ocsp(serial, '-no_nonce')).toBe('revoked')
  // Nobody has asked about the responder's own certificate: OpenSSL shows it, as that of who signed.
  const signedBy = /Certificate:[^]*?Serial Number:\s*((?:[0-9a-f]{2}:){15}[0-9a-f]{2})/i
  const unasked = signedBy.exec(await shown(serial, '-resp_text'))?.[1]?.replaceAll(':', '') ?? ''
  const answers = async () => readdirSync(join(directory, 'status', 'status', 'ocsp')).length
  await until('an answer about each certificate', answers, (count) => count >= 2)
  const never = 'f'.repeat(30).padStart(32, '4')
  for (const [name, process] of [...up]) if (name !== 'status') expect(await process.stop(), name).toBe(0)
  await trial.stopServers()
  const check = async (): Promise<void> => {
    expect(await crl('status')).toEqual(before)
    expect(await ocsp(serial, '-no_nonce')).toBe('revoked')
    expect(await ocsp(unasked)).toBe('good')
    // Nothing is said of what was never issued.
    expect(await ocsp(never, '-no_nonce')).toBe('trylater')
  }
  await check()
  await kill('status')
  await bringUp('status', 'status')
  await ready(urlOf('status'))
  await check()
})

it('CGU-50, CGU-112: of a whole life, none of the processes has written a name, matricule, address, PIN or token, in any form', async () => {
  // All that it has to say.
  expect(await up.get('status')?.stop()).toBe(0)
  const roles = ['signer', 'api', 'projector', 'worker', 'status'] as const
  const written = new Map(roles.map((role) => [role, readFileSync(file(`${role}.log`), 'utf8')]))
  const words = [...tokens, ...wordsOf([agent, employer, revocation]), ...Object.values(confided)]
  for (const word of [agent.matricule, agent.email, 'Brûlé', employer.address, token])
    expect(words).toContain(word)
  expect(tokens.length).toBeGreaterThan(4)
  const found = [...written].map(([role, text]) => [
    ...[role, text.length > 0, text.includes('"level":"info"'), leaksIn(text, words)],
  ])
  // The signer has nothing to tell but where it is.
  expect(found).toEqual(roles.map((role) => [role, true, role !== 'signer', []]))
  // What these words were sent with is told of.
  for (const command of ['VerifyIdentity', 'DefinePin', 'RequestRevocation'])
    expect(written.get('api')).toContain(`"command":"${command}"`)
})
