import { randomUUID } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parsePosition } from '../../api/position.ts'
import { certificate } from '../../domain/certificate.ts'
import { roles, type Role } from '../../domain/lists.ts'
import { systemCommandId } from '../../ledger/ids.ts'
import { forgetKeys } from '../../readmodels/idempotency.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import {
  agent,
  desk,
  done,
  employer,
  inUse,
  issued,
  requested,
  revocation,
  validated,
  verdict,
} from '../support/life.ts'
import { approve, officerWithKey } from '../support/officers.ts'
import { approved, recovered } from '../support/recoveredLife.ts'

let product: Embedded
/** One of each role. */
let everybody: readonly (readonly [Role, Client])[]
let documentation: Documented
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
  everybody = roles
    .filter((role) => role !== 'program')
    .map((role) => [role, client(product.app, product.account(`one-${role}`, [role]).headers)])
  documentation = (await product.app.inject('/openapi.json')).json<Documented>()
})
afterAll(() => product.close())

const commitOf = (position: string): bigint => parsePosition(position)?.commit ?? -1n

type Documented = Readonly<{
  paths: Readonly<
    Record<string, { post?: { requestBody?: { content: Record<string, { example?: object }> } } }>
  >
}>

/** The example that the documentation shows for a command. */
const exampleOf = (path: string): object | undefined =>
  documentation.paths[path]?.post?.requestBody?.content['application/json']?.example

const mayGive: Readonly<Record<string, readonly Role[]>> = {
  '/entities': ['raOfficer'],
  '/entities/{id}/verification': ['raOfficer'],
  '/entities/{id}/closure': ['raOfficer', 'caOfficer'],
  '/appointments': ['raOfficer', 'legalRepresentative', 'securityOfficer', 'caOfficer'],
  '/appointments/{id}/check': ['raOfficer', 'securityOfficer'],
  '/appointments/{id}/acceptance': roles.filter((role) => role !== 'program'),
  '/appointments/{id}/end': ['raOfficer', 'legalRepresentative', 'securityOfficer', 'caOfficer'],
  '/appointments/{id}/approval-key': ['recoveryOfficer', 'caOfficer', 'securityOfficer'],
  '/appointments/{id}/approval-key/confirmation': ['securityOfficer'],
  '/requests': ['raOfficer', 'mc', 'holder'],
  '/requests/{id}/cgu-acceptance': ['holder'],
  '/requests/{id}/dossier': ['mc', 'raOfficer'],
  '/requests/{id}/identity-verification': ['raOfficer', 'mc'],
  '/requests/{id}/validation': ['raOfficer'],
  '/requests/{id}/return': ['raOfficer', 'mc'],
  '/requests/{id}/rejection': ['raOfficer'],
  '/requests/{id}/closing': ['holder', 'mc', 'raOfficer'],
  '/requests/{id}/registration': ['holder', 'raOfficer'],
  '/requests/{id}/handover': ['raOfficer'],
  '/requests/{id}/sessions': ['raOfficer'],
  '/requests/{id}/sessions/current/issuance': ['raOfficer'],
  '/requests/{id}/sessions/current/abandonment': ['raOfficer'],
  '/cards': ['raOfficer'],
  '/requests/{id}/identity-confirmation': ['raOfficer'],
  '/requests/{id}/self-service/session': ['holder'],
  '/requests/{id}/self-service/issuance': ['holder'],
  '/requests/{id}/self-service/handover': ['holder'],
  '/certificates/{serial}/renewal': ['holder', 'mc', 'raOfficer'],
  '/cards/{id}/pin': ['holder'],
  '/cards/{id}/incidents': ['holder', 'mc', 'raOfficer', 'unblockingOperator'],
  '/cards/{id}/unblocking': ['unblockingOperator'],
  '/cards/{id}/scrap': ['raOfficer'],
  '/certificates/{serial}/presentation': ['holder', 'raOfficer'],
  '/certificates/{serial}/acceptance': ['holder'],
  '/certificates/{serial}/refusal': ['holder'],
  '/certificates/{serial}/revocation': [
    ...(['raOfficer', 'caOfficer', 'mc', 'legalRepresentative', 'authorisedPerson', 'holder'] as const),
  ],
  '/certificates/{serial}/revocation/authentication': ['raOfficer', 'caOfficer'],
  '/certificates/{serial}/revocation/rejection': ['raOfficer', 'caOfficer'],
  '/revocation-requests': [
    ...(['raOfficer', 'caOfficer', 'mc', 'legalRepresentative', 'authorisedPerson', 'holder'] as const),
  ],
  '/recovery-requests': ['holder', 'recoveryOfficer'],
  '/recovery-requests/{id}/approvals': ['recoveryOfficer'],
  '/recovery-requests/{id}/withdrawal': ['holder', 'recoveryOfficer'],
  '/recovery-requests/{id}/rejection': ['recoveryOfficer'],
  '/recovery-requests/{id}/execution': ['recoveryOfficer'],
  '/recovery-requests/{id}/delivery': ['recoveryOfficer', 'holder'],
  '/holds': ['caOfficer', 'archivist'],
  '/holds/{id}/lifting': ['caOfficer', 'archivist'],
  '/disclosures': ['caOfficer'],
  '/disclosures/{id}/ending': ['caOfficer'],
  '/destructions': ['archivist'],
  '/destructions/{id}/visa': ['archivist'],
  '/destructions/{id}/approvals': ['caOfficer', 'securityOfficer'],
  '/destructions/{id}/cancellation': ['caOfficer', 'securityOfficer', 'archivist'],
  '/components': ['caOfficer', 'systemOperator'],
  '/components/{id}/modifications': ['caOfficer', 'systemOperator'],
  '/components/{id}/commissioning': ['caOfficer'],
  '/components/{id}/retirement': ['caOfficer', 'systemOperator'],
  '/components/{id}/controls': ['supervisor', 'caOfficer'],
  '/components/{id}/controls/completion': ['auditor'],
  '/disputes': ['supportAgent'],
  '/disputes/{id}/closing': ['supportAgent'],
  '/documents/{kind}/versions': ['caOfficer', 'supervisor'],
  '/documents/parameters/versions': ['caOfficer'],
  '/documents/{kind}/publication': ['systemOperator'],
  '/notices/{id}/bounce': ['supportAgent'],
  '/notices/{id}/retry': ['caOfficer', 'raOfficer', 'supportAgent'],
  '/notices/{id}/waiver': ['caOfficer', 'raOfficer'],
  '/authorities/{id}/issuance-stop': ['caOfficer', 'securityOfficer'],
  '/authorities/{id}/issuance-resumption': ['caOfficer'],
  '/authorities/{id}/termination': ['caOfficer'],
  '/authorities/{id}/last-crl': ['caOfficer'],
  '/authorities/{id}/last-answers': ['caOfficer'],
  '/authorities/{id}/obligations-transfer': ['caOfficer'],
  '/authorities/{id}/key-copies': ['caOfficer', 'securityOfficer'],
  '/authorities/{id}/key-destruction': ['caOfficer', 'securityOfficer'],
  '/authorities/{id}/key-destruction-record': ['caOfficer', 'securityOfficer'],
  '/authorities/{id}/ca-revocation': ['caOfficer', 'securityOfficer'],
}

describe('roles', () => {
  it('CGU-06: the table below has every command that there is', () => {
    const { paths } = documentation
    const commands = Object.keys(paths).filter((path) => path.startsWith('/api/v1') && paths[path]?.post)
    expect(commands.sort()).toEqual(
      Object.keys(mayGive)
        .map((path) => `/api/v1${path}`)
        .sort(),
    )
  })

  it.each(Object.entries(mayGive))('CGU-06: POST %s is for %j alone', async (path, allowed) => {
    const body = exampleOf(`/api/v1${path}`)
    const id = path.startsWith('/authorities') ? '0'.repeat(16) : randomUUID()
    const url = path
      .replace('{id}', id)
      .replace('{kind}', 'dpc')
      .replace('{serial}', '4f0123456789abcdef0123456789abcd')
    const answers = await Promise.all(
      everybody.map(async ([role, somebody]) => [role, ...verdict(await somebody.post(url, body))] as const),
    )
    for (const [role, status, code] of answers) {
      if (allowed.includes(role)) expect([role, status, code]).not.toEqual([role, 403, 'ROLE_NOT_HELD'])
      else expect([role, status, code]).toEqual([role, 403, 'ROLE_NOT_HELD'])
      expect(code).not.toBe('VALIDATION_FAILED')
    }
  })

  it('CGU-114: a command that is refused stands in the journal of who gave it', async () => {
    const { headers } = product.account('auditor-1', ['auditor'])
    await client(product.app, headers).post(`/requests/${randomUUID()}/validation`)
    const refusals = (await product.journal()).filter(({ type }) => type === 'CommandRefused')
    expect(refusals.at(-1)?.data).toMatchObject({
      command: 'ValidateRequest',
      code: 'ROLE_NOT_HELD',
      clause: 'CGU-06',
      env: { role: 'auditor' },
    })
  })

  it('CGU-06: of several roles the caller names the one he acts in', async () => {
    const { headers } = product.account('two-hats', ['raOfficer', 'unblockingOperator'])
    const both = client(product.app, headers)
    expect((await both.post('/entities', employer)).statusCode).toBe(201)
    const acting = (role: string) => both.post('/entities', employer, { headers: { 'acting-role': role } })
    expect(verdict(await acting('unblockingOperator'))).toEqual([403, 'ROLE_NOT_HELD'])
    expect(verdict(await acting('caOfficer'))).toEqual([403, 'ROLE_NOT_HELD'])
    expect(verdict(await acting('emperor'))).toEqual([400, 'HEADER_INVALID'])
  })

  it('CGU-50, CGU-61: another holder sees and touches nothing', async () => {
    const life = await issued(product)
    const stranger = client(product.app, product.account('stranger', ['holder']).headers)
    const paths = [`/requests/${life.request}`, `/cards/${life.card}`, `/holders/${life.person}`]
    const certificates = ['', '/pem', '/der', '/status', '/history'].map(
      (end) => `/certificates/${life.serial}${end}`,
    )
    for (const path of [...paths, ...certificates, `/streams/request-${life.request}/events`])
      expect([path, ...verdict(await stranger.get(path))]).toEqual([path, 403, 'ROLE_NOT_HELD'])
    const commands = [
      stranger.post(`/cards/${life.card}/pin`, { pin: '111111' }),
      stranger.post(`/certificates/${life.serial}/presentation`),
      stranger.post(`/certificates/${life.serial}/revocation`, revocation),
    ]
    for (const answer of commands) expect(verdict(await answer)).toEqual([404, 'NOT_FOUND'])
    const own = await stranger.get('/certificates')
    expect(own.json()).toEqual({ certificates: [] })
    for (const path of [...paths, ...certificates]) {
      const answer = await life.holder.get(
        `${path}${path.includes('?') ? '&' : '?'}minPosition=${life.position}`,
      )
      expect([path, answer.statusCode]).toEqual([path, 200])
    }
  })

  it('CGU-23: a certification agent reads what belongs to his entity, and no more', async () => {
    const life = await requested(product)
    const of = (id: string, entities: string[]) =>
      client(product.app, product.account(id, ['mc'], { entities }).headers)
    expect((await of('mc-own', [life.entity]).get(`/requests/${life.request}`)).statusCode).toBe(200)
    expect((await of('mc-own-2', [life.entity]).get(`/entities/${life.entity}`)).statusCode).toBe(200)
    expect((await of('mc-other', [randomUUID()]).get(`/requests/${life.request}`)).statusCode).toBe(403)
  })

  it('CGU-23, CGU-114: a search tells a certification agent nothing of other entities, not even that there is more', async () => {
    const [older, other, newer] = [await issued(product), await issued(product), await issued(product)]
    await product.settle()
    const seen = async (id: string, entities: string[]) => {
      const mc = client(product.app, product.account(id, ['mc'], { entities }).headers)
      const pages: (readonly string[])[] = []
      let path: string | undefined = `/certificates?q=${encodeURIComponent('Été Brûlé Zoë')}&limit=1`
      while (path !== undefined) {
        const answer: LightMyRequestResponse = await mc.get(path)
        pages.push(done(answer).certificates.map(({ serial }) => serial))
        path = /^<\/api\/v1(.+)>; rel="next"$/.exec(String(answer.headers['link'] ?? ''))?.[1]
      }
      return pages
    }
    expect(await seen('mc-two', [older.entity, newer.entity])).toEqual([[newer.serial], [older.serial]])
    expect(await seen('mc-one', [other.entity])).toEqual([[other.serial]])
    expect(await seen('mc-none', [randomUUID()])).toEqual([[]])
    const mc = client(product.app, product.account('mc-all', ['mc'], { entities: [other.entity] }).headers)
    expect((await mc.get('/certificates')).json()).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ in: 'query', pointer: '/q' }],
    })
    const looks = (await product.journal())
      .filter(({ data: { env } }) => (env as { role: string }).role === 'mc')
      .filter(({ data: { screens } }) => (screens as string[] | undefined)?.includes('certificateSearch'))
    expect(looks.map(({ data }) => data['streams'])).toEqual(
      [newer, older, other].map(({ serial }) => [`certificate-${serial}`]),
    )
  })
})

describe('Idempotency-Key', () => {
  it('CGU-21: the same request twice is carried out once, and answered alike', async () => {
    const ra = client(product.app, product.account('idem-1', ['raOfficer']).headers)
    const key = randomUUID()
    const first = await ra.post('/entities', employer, { key })
    const reordered = Object.fromEntries(Object.entries(employer).reverse())
    const second = await ra.post('/entities', reordered, { key: `"${key.toUpperCase()}"` })
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect([second.statusCode, second.body]).toEqual([201, first.body])
    const { id, stream, revision } = done(first)
    expect([stream, revision]).toEqual([`entity-${id}`, 0])
  })

  it('CGU-75: a key that is the id of the system’s own order to revoke does not keep it from revoking', async () => {
    const { ra, holder, request, serial } = await issued(product)
    const { presentedSha256, presentedAt } = done(await holder.post(`/certificates/${serial}/presentation`))
    const key = systemCommandId('RevokeCertificate', serial)
    done(await holder.post(`/certificates/${serial}/acceptance`, { presentedSha256, presentedAt }, { key }))
    const left = { outcome: 'holderLeft' }
    done(await ra.post(`/requests/${request}/sessions/current/abandonment`, left))
    expect((await product.services.load(certificate, serial)).state.status).toBe('revoked')
  })

  it('CGU-21: one key drawn by two accounts names two commands, even once it is forgotten whose it was', async () => {
    const key = randomUUID()
    const ids: string[] = []
    for (const id of ['idem-5', 'idem-6']) {
      const ra = client(product.app, product.account(id, ['raOfficer']).headers)
      ids.push(done(await ra.post('/entities', employer, { key })).id)
      await forgetKeys(product.services.db, '9999-12-31T00:00:00Z')
    }
    expect(new Set([key, ...ids]).size).toBe(3)
  })

  it('CGU-21: a person number is drawn once', async () => {
    const { ra, entity } = await requested(product)
    const demand = {
      holder: agent,
      entity,
      cardKind: 'agent',
      ra: 'dgddi',
      profile: 'encryption',
      escrow: true,
    }
    const key = randomUUID()
    const [first, second] = [
      await ra.post('/requests', demand, { key }),
      await ra.post('/requests', demand, { key }),
    ]
    expect(done(second)).toEqual(done(first))
  })

  it('CGU-34: a session opened twice with one key is one session, one serial, one card', async () => {
    const { ra, request } = await validated(product)
    const key = randomUUID()
    const asked = { ...desk }
    const first = done(await ra.post(`/requests/${request}/sessions`, asked, { key }))
    const again = await ra.post(`/requests/${request}/sessions`, asked, { key })
    expect(done(again)).toEqual(first)
    expect(verdict(await ra.post(`/requests/${request}/sessions`, desk))).toEqual([409, 'OUT_OF_ORDER'])
  })

  it.each([
    ['none', undefined, 400, 'IDEMPOTENCY_KEY_MISSING'],
    ['no UUID', 'abc', 400, 'IDEMPOTENCY_KEY_MISSING'],
  ])('a key that is %s is asked for', async (_, key, status, code) => {
    const { headers } = product.account(`idem-${randomUUID().slice(0, 8)}`, ['raOfficer'])
    const answer = await product.app.inject({
      method: 'POST',
      url: '/api/v1/entities',
      headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      payload: employer,
    })
    expect(verdict(answer)).toEqual([status, code])
  })

  it('one key is good for one request, of one account', async () => {
    const ra = client(product.app, product.account('idem-2', ['raOfficer']).headers)
    const other = client(product.app, product.account('idem-3', ['raOfficer']).headers)
    const key = randomUUID()
    done(await ra.post('/entities', employer, { key }))
    const reused = [422, 'IDEMPOTENCY_KEY_REUSED']
    expect(verdict(await ra.post('/entities', { ...employer, siren: '130025265' }, { key }))).toEqual(reused)
    expect(verdict(await ra.post(`/requests/${key}/validation`, undefined, { key }))).toEqual(reused)
    expect(verdict(await other.post('/entities', employer, { key }))).toEqual(reused)
  })

  it('a request under way is not begun a second time', async () => {
    const { ra, request } = await validated(product)
    done(await ra.post(`/requests/${request}/sessions`, desk))
    const url = `/requests/${request}/sessions/current/issuance`
    const key = randomUUID()
    const answers = await Promise.all([
      ra.post(url, undefined, { key }),
      ra.post(url, undefined, { key }),
      ra.post(url),
    ])
    const codes = answers.map((answer) => verdict(answer).join(' ')).sort()
    const busy = '409 IDEMPOTENCY_KEY_IN_FLIGHT'
    expect(codes).toEqual(['201 ', busy, busy])
  })

  it('what was sent with a key leaves no readable trace', async () => {
    const ra = client(product.app, product.account('idem-4', ['raOfficer']).headers)
    const key = randomUUID()
    done(await ra.post('/entities', { ...employer, name: 'Société Singulière' }, { key }))
    const rows = await product.services.db
      .withTables<{ idempotency: { key: string } }>()
      .selectFrom('idempotency')
      .selectAll()
      .where('key', '=', key)
      .execute()
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain('Singuli')
  })
})

describe('If-Match and positions', () => {
  it('CGU-06: a command on what has changed since is refused with 412', async () => {
    const { ra, holder, request } = await requested(product)
    const seen = await ra.get(`/requests/${request}`)
    expect(seen.headers.etag).toBe('W/"0"')
    const cgu = { cguVersion: product.policy.cgu.version, means: 'portal', directoryAgreed: false }
    done(await holder.post(`/requests/${request}/cgu-acceptance`, cgu, { headers: { 'if-match': 'W/"0"' } }))
    const verification = {
      method: 'inPerson',
      documentKind: 'passport',
      documentNumber: '12AB34567',
      entityTieChecked: true,
    }
    const verify = (ifMatch: string) =>
      ra.post(`/requests/${request}/identity-verification`, verification, {
        headers: { 'if-match': ifMatch },
      })
    const stale = await verify(seen.headers.etag ?? '')
    expect([...verdict(stale), stale.headers.etag]).toEqual([412, 'REVISION_MISMATCH', 'W/"1"'])
    expect(verdict(await verify('1'))).toEqual([400, 'HEADER_INVALID'])
    expect((await verify('W/"1"')).statusCode).toBe(200)
  })

  it('CGU-06, CGU-34: an act that is more than one command does nothing either on what has changed since', async () => {
    const stale = { headers: { 'if-match': 'W/"0"' } }
    const { ra, holder, request } = await validated(product)
    const { card } = done(await ra.post(`/requests/${request}/sessions`, desk)).session
    const seen = { headers: { 'if-match': (await ra.get(`/requests/${request}`)).headers.etag as string } }
    const current = `/requests/${request}/sessions/current`
    const refused = [412, 'REVISION_MISMATCH']
    expect(verdict(await ra.post(`${current}/issuance`, undefined, stale))).toEqual(refused)
    expect(verdict(await ra.post(`${current}/abandonment`, { outcome: 'holderLeft' }, stale))).toEqual(
      refused,
    )
    const { serial } = done(await ra.post(`${current}/issuance`, undefined, seen))
    expect(verdict(await holder.post(`/certificates/${serial}/presentation`, undefined, stale))).toEqual(
      refused,
    )
    expect(verdict(await holder.post(`/cards/${card}/pin`, { pin: '246813' }, stale))).toEqual(refused)
    expect((await ra.get(`/requests/${request}`)).json()).toMatchObject({ status: 'inSession' })
    // Asked again in the same words it is answered as before, although the card has changed by it.
    const written = { key: randomUUID(), headers: { 'if-match': 'W/"1"' } }
    for (const replayed of [undefined, 'true']) {
      const answer = await holder.post(`/cards/${card}/pin`, { pin: '246813' }, written)
      expect([answer.statusCode, answer.headers['idempotency-replayed']]).toEqual([200, replayed])
    }
  })

  it('CGU-34, CGU-36, CGU-46: every act answers where it has come to stand, and says when it is a repetition', async () => {
    const life = await validated(product)
    done(await life.ra.post(`/requests/${life.request}/sessions`, desk))
    const twice = async (who: Client, path: string, body?: object) => {
      const key = randomUUID()
      const [first, again] = [await who.post(path, body, { key }), await who.post(path, body, { key })]
      for (const answer of [first, again])
        expect([path, answer.headers['x-ledger-position']]).toEqual([path, done(answer).position])
      expect(done(again).position).toBe(done(first).position)
      expect([first, again].map(({ headers }) => headers['idempotency-replayed'])).toEqual([
        undefined,
        'true',
      ])
      return done(first)
    }
    const { serial } = await twice(life.ra, `/requests/${life.request}/sessions/current/issuance`)
    const presented = await life.holder.post(`/certificates/${serial}/presentation`)
    expect(presented.headers['x-ledger-position']).toBe(done(presented).position)

    const recovery = await approved(product, await inUse(product))
    const { id, officer } = recovery
    const path = `/recovery-requests/${id}/execution`
    expect(verdict(await officer.post(path, {}, { headers: { 'if-match': 'W/"0"' } }))).toEqual([
      412,
      'REVISION_MISMATCH',
    ])
    const executed = await twice(officer, path)
    expect(commitOf(executed.position)).toBeGreaterThan(commitOf(recovery.position))
  })

  it('a read waits for the position that a command answered', async () => {
    const life = await inUse(product)
    const path = `/certificates/${life.serial}`
    const answer = await life.ra.get(path, { 'x-min-position': life.position })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['x-projection-position']).toMatch(/^C:\d+\/P:\d+$/)
    expect(verdict(await life.ra.get(`${path}?minPosition=now`))).toEqual([400, 'HEADER_INVALID'])
  })

  it('a read that cannot be new enough says so, and when to ask again', async () => {
    const { ra, request } = await requested(product)
    const far = await ra.get(`/requests/${request}`, { 'x-min-position': 'C:999999999/P:999999999' })
    expect([...verdict(far), far.headers['retry-after']]).toEqual([503, 'PROJECTION_LAGGING', '1'])
  })
})

describe('a contractor, through a certification agent (MC)', () => {
  const contractor = { ...agent, kind: 'contractor', email: 'z.dete@prestataire.example' }
  const proposal = (person: string, entity: string) => ({
    ...{ role: 'mc', person, entity, powers: ['request', 'verifyIdentity', 'revoke'] },
    ...{ fromOn: '2026-01-01', untilOn: '2027-12-31', mandateSignedOn: '2026-02-01' },
    ...{ surname: 'L’Hermitte', givenNames: 'Noël', email: 'n.lhermitte@douane.example', mandate: 'réf. 12' },
  })

  it('CGU-23, CGU-25, CGU-26, CGU-29, CGU-30: mandate first, then request, file, identity, validation', async () => {
    const ra = client(product.app, product.account('ra-mc', ['raOfficer']).headers)
    const entity = done(
      await ra.post('/entities', { ...employer, kind: 'contractor', siren: '552100554' }),
    ).id
    const account = product.account('mc-full', ['mc'], { entities: [entity] })
    const mc = client(product.app, account.headers)
    const mandate = done(await ra.post('/appointments', proposal(account.person, entity))).id
    const demand = {
      ...{ holder: contractor, entity, cardKind: 'temporary', temporaryCause: 'contractor' },
      ...{ ra: 'dgddi', profile: 'encryption', escrow: true, mandate },
    }
    expect(verdict(await mc.post('/requests', demand))).toEqual([403, 'MANDATE_NOT_IN_FORCE'])
    done(
      await ra.post(`/appointments/${mandate}/check`, {
        method: 'inPerson',
        documentKind: 'passport',
        documentNumber: '12AB34567',
      }),
    )
    done(
      await mc.post(`/appointments/${mandate}/acceptance`, {
        undertakingSha256: 'a'.repeat(64),
        means: 'portal',
      }),
    )
    const { id, person } = done(await mc.post('/requests', demand))
    const holder = client(product.app, product.account('contractor', ['holder'], { person }).headers)
    const cgu = { cguVersion: product.policy.cgu.version, means: 'portal', directoryAgreed: true }
    done(await holder.post(`/requests/${id}/cgu-acceptance`, cgu))
    const identity = { method: 'mandate', documentKind: 'passport', entityTieChecked: true }
    expect(verdict(await ra.post(`/requests/${id}/identity-verification`, identity))).toEqual([
      403,
      'VERIFIER_WRONG',
    ])
    done(await mc.post(`/requests/${id}/identity-verification`, { ...identity, mandate }))
    expect(verdict(await ra.post(`/requests/${id}/validation`))).toEqual([422, 'DOSSIER_INCOMPLETE'])
    const pieces = ['requestForm', 'identityCopy', 'mandate', 'cguSigned']
    const passport = { documentKind: 'passport', documentNumber: '12AB34567' }
    const dossier = { pieces, oldestSignedOn: '2026-02-01', scans: 'GED 7', ...passport }
    expect(verdict(await mc.post(`/requests/${id}/dossier`, dossier))).toEqual([403, 'MANDATE_NOT_IN_FORCE'])
    done(await mc.post(`/requests/${id}/dossier`, { ...dossier, mandate }))
    done(await ra.post(`/requests/${id}/validation`))
    expect(done(await mc.get(`/requests/${id}`))).toMatchObject({ status: 'validated', path: 'mandate' })
    done(await ra.post(`/appointments/${mandate}/end`, { cause: 'departure', effectiveOn: '2026-03-01' }))
    expect(done(await ra.get(`/appointments/${mandate}`))).toMatchObject({
      status: 'ended',
      person: account.person,
    })
    // His role was the appointment's: it has gone with it.
    expect(verdict(await mc.post('/requests', demand))).toEqual([403, 'ROLE_NOT_HELD'])
  })
})

describe('acts with two parts', () => {
  it('CGU-50: a PIN is set once; again with the same key the card is not touched', async () => {
    const { holder, card } = await issued(product)
    const key = randomUUID()
    const set = () => holder.post(`/cards/${card}/pin`, { pin: '135790' }, { key })
    done(await set())
    const again = await set()
    expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([200, 'true'])
    expect(verdict(await holder.post(`/cards/${card}/pin`, { pin: '135790' }))).toEqual([409, 'OUT_OF_ORDER'])
    const short = await holder.post(`/cards/${card}/pin`, { pin: '12a4' })
    expect(verdict(short)).toEqual([400, 'VALIDATION_FAILED'])
    expect(short.body).not.toContain('12a4')
  })

  it('CGU-37: a refused certificate is revoked, its session closed; a late repetition harms no later one', async () => {
    const { ra, holder, serial, request } = await issued(product)
    const shown = done(await holder.post(`/certificates/${serial}/presentation`))
    const { presentedSha256, presentedAt } = shown
    const key = randomUUID()
    const refuse = () =>
      holder.post(
        `/certificates/${serial}/refusal`,
        { presentedSha256, presentedAt, cause: 'contentWrong' },
        { key },
      )
    const { position } = done(await refuse())
    const status = await ra.get(`/certificates/${serial}/status?minPosition=${position}`)
    expect(status.json()).toMatchObject({ status: 'revoked' })
    done(await ra.post(`/requests/${request}/sessions`, desk))
    done(await refuse())
    expect((await ra.get(`/requests/${request}`)).json()).toMatchObject({ status: 'inSession', sessions: 2 })
  })

  it('CGU-14: a card that is not qualified opens no session', async () => {
    const { ra, request } = await validated(product)
    const wrong = { ...desk, card: { model: 'paper', chipNumber: '1' } }
    expect(verdict(await ra.post(`/requests/${request}/sessions`, wrong))).toEqual([
      422,
      'CARD_NOT_QUALIFIED',
    ])
    expect((await ra.get(`/requests/${request}`)).json()).toMatchObject({ status: 'validated' })
  })

  it('CGU-34: an abandoned session leaves no certificate that nobody holds', async () => {
    const { ra, request, serial } = await issued(product)
    const answer = await ra.post(`/requests/${request}/sessions/current/abandonment`, {
      outcome: 'holderLeft',
    })
    expect(done(answer)).toMatchObject({ revoked: serial })
    expect((await ra.get(`/requests/${request}`)).json()).toMatchObject({
      status: 'validated',
      session: null,
    })
  })

  it('CGU-46: a delivery whose answer was lost is given again, to the same caller with the same key', async () => {
    const life = await inUse(product)
    const { id } = await recovered(product, life)
    const key = randomUUID()
    const collect = () => life.holder.post(`/recovery-requests/${id}/delivery`, { receipt: 'PV' }, { key })
    product.lossy(true)
    const first = await collect().finally(() => product.lossy(false))
    const second = await collect()
    expect([first.statusCode, second.rawPayload.equals(first.rawPayload)]).toEqual([200, true])
    expect(verdict(await collect())).toEqual([410, 'DELIVERY_COLLECTED'])
  })

  it('CGU-46: a delivered output whose removal fails is not given again, and is removed a moment later, without a restart', async () => {
    const { deliveries } = product.services.recovery
    const before = await deliveries.inventory()
    const life = await inUse(product)
    const { id } = await recovered(product, life)
    const key = randomUUID()
    const collect = () => life.holder.post(`/recovery-requests/${id}/delivery`, { receipt: 'PV' }, { key })
    const { remove } = deliveries
    const waiting = async () => (await deliveries.inventory()).filter((one) => !before.includes(one)).length
    let failed = 0
    Object.assign(deliveries, {
      remove: () => Promise.reject(new Error(`custody is out of reach, ${(failed += 1)}`)),
    })
    const first = await collect()
    await expect.poll(() => failed).toBe(1)
    Object.assign(deliveries, { remove })
    expect([first.statusCode, verdict(await collect())]).toEqual([200, [410, 'DELIVERY_COLLECTED']])
    await expect.poll(waiting, { timeout: 10_000 }).toBe(0)
  })

  it('CGU-46: a delivered output that no answer is known to have taken is removed a day later, without a restart', async () => {
    const { deliveries } = product.services.recovery
    const before = await deliveries.inventory()
    const waits = await recovered(product, await inUse(product))
    const { id } = await recovered(product, await inUse(product))
    const officer = await officerWithKey(product, 'ro-hands-over')
    const handOver = (of: string) => officer.post(`/recovery-requests/${of}/delivery`, { receipt: 'PV' })
    // The process that gave it ended before it could remove it.
    const { remove } = deliveries
    Object.assign(deliveries, { remove: () => new Promise(() => undefined) })
    expect((await handOver(id)).statusCode).toBe(200)
    Object.assign(deliveries, { remove })
    const waiting = async () => (await deliveries.inventory()).filter((one) => !before.includes(one)).length
    await product.run('resume')
    expect(await waiting()).toBe(2)
    await product.pass(24 * 3600 + 60)
    await product.run('resume')
    expect(await waiting()).toBe(1)
    // What nobody has collected waits.
    expect((await handOver(waits.id)).statusCode).toBe(200)
    await expect.poll(waiting).toBe(0)
  })

  it('CGU-46: a recovery rejected after its execution leaves nothing that waits for delivery', async () => {
    const { deliveries } = product.services.recovery
    const before = await deliveries.inventory()
    const { id, officer } = await recovered(product, await inUse(product))
    expect(await deliveries.inventory()).toHaveLength(before.length + 1)
    done(await officer.post(`/recovery-requests/${id}/rejection`, { cause: 'evidence-missing' }))
    expect(await deliveries.inventory()).toEqual(before)
    const given = { receipt: 'PV de remise' }
    expect(verdict(await officer.post(`/recovery-requests/${id}/delivery`, given))).toEqual([
      409,
      'OUT_OF_ORDER',
    ])
  })

  it('CGU-46: a recovery that two officers have not approved is not executed', async () => {
    const life = await inUse(product)
    const asked = done(
      await life.holder.post('/recovery-requests', {
        serial: life.serial,
        name: 'Zoë Maëlle D’Été-Brûlé',
        ground: 'holderRequest',
        evidence: 'carte perdue',
        holderNotice: true,
      }),
    )
    const officer = await officerWithKey(product, 'ro-lonely')
    const execute = () => officer.post(`/recovery-requests/${asked.id}/execution`)
    expect(verdict(await execute())).toEqual([409, 'RECOVERY_NOT_APPROVED'])
    done(await approve(officer, asked.id))
    expect(verdict(await approve(officer, asked.id))).toEqual([409, 'APPROVER_ALREADY_COUNTED'])
    expect(verdict(await execute())).toEqual([409, 'RECOVERY_NOT_APPROVED'])
  })

  it('CGU-44: a name that is not the holder’s is recorded, and rejected at once', async () => {
    const life = await inUse(product)
    const asked = await life.holder.post('/recovery-requests', {
      serial: life.serial,
      name: 'Quelqu’un d’Autre',
      ground: 'holderRequest',
      evidence: 'carte perdue',
      holderNotice: true,
    })
    expect([asked.statusCode, asked.json<{ status: string }>().status]).toEqual([201, 'rejected'])
  })
})

describe('faults', () => {
  it('a ledger out of reach is a 503; the same request with the same key goes through when it is back', async () => {
    const ra = client(product.app, product.account('patient', ['raOfficer']).headers)
    const key = randomUUID()
    done(await ra.post('/entities', employer))
    product.outage(true)
    const answer = await ra.post('/entities', employer, { key }).finally(() => product.outage(false))
    expect([...verdict(answer), answer.headers['retry-after']]).toEqual([503, 'LEDGER_UNAVAILABLE', '5'])
    expect(answer.body).not.toContain('no answer')
    expect((await ra.post('/entities', employer, { key })).statusCode).toBe(201)
  })
})
