import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { holdDestruction } from '../../cli/caKeyDestruction.ts'
import { holdReceipt } from '../../cli/custodyReceipt.ts'
import { holdTransfer } from '../../cli/custodyTransfer.ts'
import { describeCertificate } from '../../pki/describe.ts'
import { certificateOf } from '../../pki/recipient.ts'
import { openPackage, receiptFor, successor } from '../support/successor.ts'
import { sha256 } from '../../commands/issuing.ts'
import { latestCrl } from '../../readmodels/crls.ts'
import { issueArl } from '../../commands/issueArl.ts'
import { statusDigest } from '../../jobs/statusDigest.ts'
import { toPem } from '../../pki/fields.ts'
import { rootListView } from '../../projections/rootList.ts'
import { openReaders } from '../pki/readers.ts'
import { recordCrlPublication } from '../../commands/crls.ts'
import { recordFinalOcsp } from '../../commands/ocspRecords.ts'
import { perform, type Service } from '../../commands/program.ts'
import { authority } from '../../domain/authority.ts'
import { certificate } from '../../domain/certificate.ts'
import { crl } from '../../domain/crl.ts'
import { obligations } from '../../domain/lists.ts'
import { replayEnd } from '../../projections/endReplay.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded, type Person } from '../support/embedded.ts'
import {
  agent,
  desk,
  done,
  employer,
  inUse,
  mandated,
  validated,
  verdict,
  type Issued,
} from '../support/life.ts'

let product: Embedded
let issuer: string
let officers: readonly [Person, Person]
let ca: Client
let so: Client
let secondPerson: Readonly<{ headers: Readonly<Record<string, string>> }>
let life: Issued
/** Who is to be told of the end, by their streams. */
let audience: readonly string[]
/** An entity whose contact is no mailbox. */
let unreachable: string

const digest = 'd'.repeat(64)
const day = 86_400

beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 }, {}, 'shipped')
  const [officer, security] = [
    product.account('ca-1', ['caOfficer']),
    product.account('so-1', ['securityOfficer']),
  ]
  officers = [officer, security]
  ca = client(product.app, officer.headers)
  so = client(product.app, security.headers)
  secondPerson = { headers: { 'second-person': `Bearer ${security.token}` } }
  issuer = (await ca.get('/authorities')).json<{ authorities: [{ id: string }] }>().authorities[0].id
  life = await inUse(product)
  const appoint = async (id: string) => (await mandated(product, life, { id })).mandate
  const [stays, leaves, withdrawn] = [await appoint('mc-1'), await appoint('mc-2'), await appoint('mc-3')]
  done(await life.ra.post(`/appointments/${leaves}/end`, { cause: 'departure', effectiveOn: '2026-04-30' }))
  const end = { cause: 'withdrawn', effectiveOn: '2026-03-02' }
  done(await life.ra.post(`/appointments/${withdrawn}/end`, end))
  done(await life.ra.post(`/entities/${life.entity}/verification`, employer))
  unreachable = done(await life.ra.post('/entities', { ...employer, contact: 'guichet du bureau 12' })).id
  audience = [
    ...[`request-${life.request}`, `appointment-${stays}`, `appointment-${leaves}`],
    ...[`entity-${life.entity}`, `entity-${unreachable}`],
  ]
})
afterAll(() => product.close())

type DryRun = Readonly<{
  size: number
  steps: readonly Readonly<{
    step: string
    state: string
    done: object | null
    would: Readonly<Record<string, number>>
    refused: Readonly<{ code: string; clause: string; reason: string; detail: string }> | null
  }>[]
}>

const dryRun = async (reader = ca): Promise<DryRun['steps']> =>
  (await reader.get(`/authorities/${issuer}/end-of-life`)).json<DryRun>().steps
const states = async (): Promise<string> => (await dryRun()).map(({ state }) => state[0]).join('')
const post = (path: string, body?: object, more = {}) => ca.post(`/authorities/${issuer}${path}`, body, more)

/** The program, for what its jobs do not do yet. */
const program = (): Service => {
  const { services, ledger, policy } = product
  return {
    ...{ handle: services.handle, ledger, policy, now: services.now },
    randomBytes: (length) => new Uint8Array(length),
    actor: () => services.actors(services.program, 'program'),
  }
}

/** The ceremony of the root, by the two officers. */
const revoke = () => {
  const { services, ledger, policy } = product
  const [officer, security] = officers
  const service = asOfficer(officer)
  const { rootCa } = services.authority
  const view = rootListView(ledger, rootCa.id)
  return issueArl(service, {
    ...{ rootCa, issuer, program: program(), validityHours: policy.crl.rootValidityDays * 24 },
    view: { ...view, tableSha256: async (size) => statusDigest(await view.tableAt(size)) },
    held: {
      ...{ script: 'script', present: 'témoin' },
      second: { person: security.person, roles: ['securityOfficer'] },
    },
  })
}

/** What the CA officer of a ceremony works with. */
const asOfficer = ({ person }: Pick<Person, 'person'>) => {
  const principal = { id: 'ca-1', kind: 'account', auth: 'token', entities: [], person } as const
  return { ...program(), actor: () => product.services.actors(principal, 'caOfficer') }
}

/** The ceremony of the escrow, and the receipt of a successor who has OpenSSL alone: he reads what was enciphered to the certificate. */
const handEscrowOver = async (): Promise<void> => {
  const { services, custody } = product
  const [officer, security] = officers
  const service = asOfficer(officer)
  const readers = openReaders()
  const directory = readers.path('')
  const certificate = readFileSync(successor(directory, 'successor'), 'latin1')
  const script = { title: 'Séquestre', place: 'Montreuil', witnesses: ['Ève', 'Noé'], text: 'script' }
  const [first, second] = [
    { id: 'ca-1', person: officer.person, role: 'caOfficer', roles: ['caOfficer'], entities: [] },
    {
      id: 'so-1',
      person: security.person,
      role: 'securityOfficer',
      roles: ['securityOfficer'],
      entities: [],
    },
  ] as unknown as Parameters<typeof holdTransfer>[1]['officers']
  const out = join(directory, 'package')
  const output = { json: true, say: () => undefined, result: () => undefined }
  const der = certificateOf(certificate) ?? new Uint8Array()
  const ceremony = { service, custody }
  const order = { script, officers: [first, second] as const, certificate: der, out, output }
  // The holder's, and that of the session that the stop cut off.
  expect(await holdTransfer(ceremony, order)).toMatchObject({ keys: 2, refused: 0 })
  const opened = await openPackage(readers, out, join(directory, 'successor.key'))
  const key = opened.find(({ serial }) => serial === life.serial)
  const { spkiSha256 } = describeCertificate(
    Buffer.from((await life.ra.get(`/certificates/${life.serial}/der`)).rawPayload),
  )
  expect([key?.serial, key?.publicKey]).toEqual([life.serial, spkiSha256])
  expect(await key?.decrypts('un message d’avant')).toBe('un message d’avant')
  expect((await dryRun())[6]).toMatchObject({ state: 'underWay' })
  const receipt = await receiptFor(readers, out, join(directory, 'successor.key'), services.now())
  const told = { script, second, directory: out, text: JSON.stringify(receipt) }
  expect(await holdReceipt(ceremony, told)).toMatchObject({ keys: 2 })
  expect((await dryRun())[6]).toMatchObject({ state: 'done' })
  readers.close()
}

/** The ceremony of the key, before two witnesses, with the copy told to be gone. */
const destroyedInCeremony = async (copy: string): Promise<void> => {
  const { services, custody } = product
  const [officer, security] = officers
  const service = asOfficer(officer)
  const readers = openReaders()
  const destroyed = { at: services.now(), method: 'shredded', by: 'Ève' }
  const script = {
    ...{ title: 'Destruction', place: 'Montreuil', witnesses: ['Ève', 'Noé'], text: 'script' },
    copies: [{ copy, reference: 'SAUV-1', holder: 'coffre', seal: '1', destroyed }],
  }
  const held = {
    script,
    officers: [
      { id: 'ca-1', person: officer.person, role: 'caOfficer', roles: ['caOfficer'] },
      { id: 'so-1', person: security.person, role: 'securityOfficer', roles: ['securityOfficer'] },
    ],
    ...{ out: readers.path('destruction'), dataDir: product.dataDir },
  } as unknown as Parameters<typeof holdDestruction>[1]
  expect(await holdDestruction({ service, custody }, held)).toMatchObject({ destroyed: true })
  readers.close()
}

/** OpenSSL takes the list for the root's, and the authority's certificate for revoked by it; the service serves it. */
const judged = async (der: Uint8Array): Promise<void> => {
  const { services, policy } = product
  const readers = openReaders()
  const { root, ca: issuing } = services.authority
  const [rootPem, caPem] = [
    readers.file('root.pem', Buffer.from(toPem(root))),
    readers.file('ca.pem', Buffer.from(toPem(issuing.certificate))),
  ]
  const list = readers.file('arl.pem', Buffer.from(toPem(der, 'X509 CRL')))
  const at = String(Math.floor(Date.parse(services.now()) / 1000))
  const crlArgs = ['crl', '-in', list, '-CAfile', rootPem, '-noout', '-text']
  expect(await readers.run('openssl', ...crlArgs)).toContain('verify OK')
  const checked = ['verify', '-attime', at, '-crl_check', '-CAfile', rootPem, '-CRLfile', list, caPem]
  expect(await readers.refuses('openssl', ...checked)).toContain('certificate revoked')
  readers.close()
  await product.settle()
  const path = new URL(policy.publication.rootCrl[0] ?? '').pathname
  expect((await product.app.inject(path)).rawPayload.equals(Buffer.from(der))).toBe(true)
  // Every list of the root has it from here on, and none is due before its time.
  await product.run('publishRootCrl')
  expect((await latestCrl(services.db, services.authority.rootCa.id))?.sha256).toBe(sha256(der))
}

type Told = Readonly<{ notice: string; place: number; kind: string; stream: string; delivery: string }>
const notices = async (query = ''): Promise<readonly Told[]> => {
  await product.settle()
  const { notices: told } = (await ca.get(`/notices?limit=100${query}`)).json<{ notices: Told[] }>()
  return told.filter(({ kind }) => kind === 'termination')
}
const statusOfCertificate = async (): Promise<string> =>
  (await product.ledger.load(certificate, life.serial)).state.status

/** The ledger alone says what the read models say. */
const foundByReplay = async () => {
  await product.settle()
  const found = await replayEnd(product.ledger, product.ledger.entries(), product.services.now())
  expect(found).toMatchObject({ issuer, observed: await product.services.endOfLife.observe() })
  return found
}

describe('the end of the authority, by HTTP', () => {
  it('CGU-80: the dry run tells each step, what it would do and why it may not; it changes nothing', async () => {
    const before = (await product.journal()).length
    const steps = await dryRun()
    expect(steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
      ...['declaration open', 'notices waiting', 'stop waiting', 'revocations waiting', 'lastCrl waiting'],
      ...['lastAnswers waiting', 'escrow waiting', 'obligations waiting', 'keyDestruction waiting'],
      'caRevocation waiting',
    ])
    // Verified twice, an entity is told once; whose mandate was withdrawn is not waited for, whose departure lies ahead is.
    expect(steps[1]).toMatchObject({
      ...{ would: { holders: 1, mandates: 2, entities: 2 } },
      refused: { clause: 'CGU-84', detail: '5 not told' },
    })
    // The holder's certificate, and the responder's.
    expect(steps[3]).toMatchObject({ would: { certificates: 2 }, refused: { clause: 'CGU-85' } })
    expect(steps[6]).toMatchObject({ step: 'escrow', refused: { code: 'END_NOT_DECLARED' } })
    expect(steps[8]).toMatchObject({ would: { keys: 1 }, refused: { code: 'LAST_CRL_MISSING' } })
    expect(steps[9]).toMatchObject({ refused: { code: 'CA_KEY_NOT_DESTROYED', clause: 'CGU-90' } })
    const auditor = client(product.app, product.account('auditor-9', ['auditor']).headers)
    expect(await dryRun(auditor)).toEqual(steps)
    expect(verdict(await life.ra.get(`/authorities/${issuer}/end-of-life`))).toEqual([403, 'ROLE_NOT_HELD'])
    expect((await product.journal()).length).toBeLessThanOrEqual(before + 4)
    expect(verdict(await ca.get(`/authorities/${'0'.repeat(16)}/end-of-life`))).toEqual([404, 'NOT_FOUND'])
  })

  it('CGU-111: an auditor finds the same in the ledger alone', async () => {
    const steps = await dryRun()
    const found = await foundByReplay()
    expect(steps[3]?.would['certificates']).toBe(found?.observed.count.issued)
  })

  it('CGU-116: a hold on the file of the authority’s key is seen by the dry run, until it is lifted', async () => {
    const { state } = await product.ledger.load(authority, issuer)
    const unit = 'servicekey' in state ? `reg/${state.servicekey}` : ''
    const { id } = done(await ca.post('/holds', { units: [unit], reference: 'réquisition' }))
    expect((await foundByReplay())?.observed.held).toBe(true)
    done(await ca.post(`/holds/${id}/lifting`, { reference: 'mainlevée' }))
    expect((await foundByReplay())?.observed.held).toBe(false)
  })

  it('CGU-06: the authority shows which of its commands are open to whom', async () => {
    const open = async (reader: Client) =>
      (await reader.get(`/authorities/${issuer}`))
        .json<{ actions: readonly { command: string; open: boolean; code?: string }[] }>()
        .actions.map(({ command, open: is, code }) => `${command} ${is ? 'open' : (code ?? '')}`)
    expect(await open(ca)).toEqual([
      ...['RecordServiceKeyCopy open', 'PlanServiceKeyDestruction LAST_CRL_MISSING'],
      ...['RecordServiceKeyDestruction OUT_OF_ORDER', 'StopIssuance open', 'ResumeIssuance open'],
      ...['DeclareTermination open', 'RecordCaRevocation CA_KEY_NOT_DESTROYED'],
      ...['PlanCrl CERTIFICATES_STILL_VALID', 'PlanFinalOcsp LAST_CRL_MISSING'],
      'TransferObligations OUT_OF_ORDER',
    ])
    expect((await open(so)).slice(3, 5)).toEqual(['StopIssuance open', 'ResumeIssuance ROLE_NOT_HELD'])
  })

  it('CGU-80: while issuance is stopped nothing is begun; resumed, it goes on', async () => {
    const ready = await validated(product)
    const demand = {
      ...{ holder: agent, entity: life.entity, cardKind: 'agent', ra: 'dgddi', profile: 'encryption' },
      escrow: true,
    }
    done(await so.post(`/authorities/${issuer}/issuance-stop`, { cause: 'control' }))
    expect(verdict(await life.ra.post('/requests', demand))).toEqual([409, 'ISSUANCE_STOPPED'])
    expect(verdict(await ready.ra.post(`/requests/${ready.request}/sessions`, desk))).toEqual([
      409,
      'ISSUANCE_STOPPED',
    ])
    done(await post('/issuance-resumption', {}))
    done(await ready.ra.post(`/requests/${ready.request}/sessions`, desk))
    // A stop that comes while the session is open: what was planned, or was going to be, has its outcome.
    done(await so.post(`/authorities/${issuer}/issuance-stop`, { cause: 'control' }))
    const issuance = await ready.ra.post(`/requests/${ready.request}/sessions/current/issuance`)
    expect(verdict(issuance)).toEqual([409, 'ISSUANCE_STOPPED'])
    done(
      await ready.ra.post(`/requests/${ready.request}/sessions/current/abandonment`, {
        outcome: 'abandoned',
      }),
    )
    done(await post('/issuance-resumption', {}))
  })

  it('CGU-06, CGU-89: the key takes two persons, and is transmitted by nobody', async () => {
    const copy = { copy: '5b0c2f0e-8f0a-4c56-9b1d-0e6f4f3d2a10', minutesSha256: digest, present: 'témoin' }
    const backup = { ...copy, direction: 'backup' }
    expect(verdict(await post('/key-copies', backup))).toEqual([403, 'SECOND_PERSON_REQUIRED'])
    const wrong = { headers: { 'second-person': 'Bearer nobody' } }
    expect(verdict(await post('/key-copies', backup, wrong))).toEqual([401, 'UNAUTHENTICATED'])
    done(await post('/key-copies', backup, secondPerson))
    const transfer = { ...copy, direction: 'transfer' }
    expect(verdict(await post('/key-copies', transfer, secondPerson))).toEqual([
      403,
      'CA_KEY_NEVER_TRANSMITTED',
    ])
    expect((await dryRun())[8]?.would).toEqual({ keys: 1, copies: 1 })
    expect(product.logged()).not.toContain('témoin')
  })

  it('CGU-81, CGU-84, CGU-85: nobody is revoked before all have been told and the day has come', async () => {
    const entities = (await dryRun())[1]?.would['entities']
    const term = { kind: 'total', actingParty: 'ca', deedSha256: digest }
    expect(verdict(await post('/termination', { ...term, ceasesOn: '2026-05-01' }))).toEqual([
      422,
      'PARAMETER_OUT_OF_BOUNDS',
    ])
    done(await post('/termination', { ...term, ceasesOn: '2026-06-02' }))
    done(await post('/issuance-stop', { cause: 'termination' }))
    expect(verdict(await post('/issuance-resumption', {}))).toEqual([409, 'OUT_OF_ORDER'])
    await product.notify()
    const streams = (await notices()).map(({ stream }) => stream)
    expect(streams).toEqual(expect.arrayContaining([...audience]))
    expect(streams).toHaveLength(1 + 2 + (entities ?? 0))
    expect(await notices('&untold=true')).toMatchObject([
      { stream: `entity-${unreachable}`, delivery: 'failed' },
    ])
    expect((await dryRun())[1]).toMatchObject({ refused: { detail: '1 not told' } })
    await product.run('endOfLife')
    expect(await statusOfCertificate()).toBe('accepted')

    await product.pass(93 * day)
    // Somebody more, of whom no notice has been planned.
    done(await life.ra.post('/entities', employer))
    await product.run('endOfLife')
    expect((await dryRun())[1]).toMatchObject({
      ...{ state: 'waiting', would: { holders: 1, mandates: 1 } },
      refused: { clause: 'CGU-84', detail: '2 not told' },
    })
    await product.notify()
    await product.run('endOfLife')
    expect((await dryRun())[1]).toMatchObject({ refused: { detail: '1 not told' } })
    expect(await statusOfCertificate()).toBe('accepted')
    expect(verdict(await post('/last-crl'))).toEqual([409, 'CERTIFICATES_STILL_VALID'])
    await foundByReplay()
  })

  it('CGU-84: who has no mailbox is told otherwise, and waived; then the end goes on', async () => {
    const [untold] = await notices('&untold=true')
    const waiver = { recipientIndexes: [untold?.place], cause: 'alreadyInformed' }
    done(await life.ra.post(`/notices/${untold?.notice}/waiver`, waiver))
    await product.settle()
    expect((await dryRun())[1]).toMatchObject({ state: 'done' })
    await foundByReplay()
    await product.run('endOfLife')
    expect(await statusOfCertificate()).toBe('revoked')
    expect((await product.ledger.load(authority, issuer)).state.status).toBe('emptied')
    expect((await dryRun())[3]).toMatchObject({ step: 'revocations', state: 'done' })
  })

  it('CGU-86 to CGU-91: listed for the last time, answered for, handed over, destroyed', async () => {
    const { publication } = product.policy
    // The revocations have made a list due: while it is under way, no other can be planned.
    await product.publish()
    expect((await dryRun()).map(({ step, state, refused }) => [step, state, refused?.code])[4]).toEqual([
      ...['lastCrl', 'open', undefined],
    ])

    done(await post('/last-crl'))
    const number = await product.publish()
    expect(await product.publish()).toBe(number)
    const list = (await product.ledger.load(crl, `${issuer}-${number}`)).state
    expect(list).toMatchObject({ status: 'issued', last: true, nextUpdate: '9999-12-31T23:59:59Z' })
    const path = new URL(publication.crl[0] ?? '').pathname
    expect((await product.app.inject(path)).rawPayload.includes('99991231235959Z')).toBe(true)
    expect(verdict(await post('/last-answers'))).toEqual([409, 'LAST_CRL_MISSING'])
    const seenAt = product.services.now()
    const service = program()
    await perform(service, recordCrlPublication(product.policy), {
      key: `${issuer}|${number}`,
      data: {
        ...{ issuer, number, sha256: 'sha256' in list ? list.sha256 : '' },
        sites: publication.crl.map((url) => ({ url, seenAt })),
      },
    })

    const handed = { obligations: [...obligations], receiverSiren: '110020013', deedSha256: digest }
    const doom = { copies: ['5b0c2f0e-8f0a-4c56-9b1d-0e6f4f3d2a10'], cause: 'endOfLife', present: 'témoin' }
    done(await post('/last-answers'))
    expect(verdict(await post('/obligations-transfer', handed))).toEqual([409, 'FINAL_ANSWERS_INCOMPLETE'])
    const { count } = await product.services.endOfLife.observe()
    const outcome = { issuer, count: count.issued, answersRoot: digest, archiveSha256: digest }
    await perform(service, recordFinalOcsp, { key: issuer, data: outcome })
    expect(verdict(await post('/key-destruction', doom, secondPerson))).toEqual([409, 'OBLIGATIONS_MISSING'])
    expect(verdict(await post('/obligations-transfer', { ...handed, obligations: ['journals'] }))).toEqual([
      409,
      'OBLIGATIONS_MISSING',
    ])
    expect(verdict(await post('/obligations-transfer', handed))).toEqual([409, 'ESCROW_NOT_TRANSFERRED'])
    await handEscrowOver()
    done(await post('/obligations-transfer', handed))

    const arl = { revokedAt: seenAt, arlNumber: '2', arlSha256: digest }
    expect(verdict(await post('/ca-revocation', arl))).toEqual([409, 'CA_KEY_NOT_DESTROYED'])
    await expect(revoke()).rejects.toThrow('CA_KEY_NOT_DESTROYED')
    done(await post('/key-destruction', doom, secondPerson))
    const gone = {
      ...{ copies: doom.copies, method: 'moduleErased' },
      ...{ minutesSha256: digest, present: 'témoin' },
    }
    const { signer } = product.services.authority.ca
    const text = Buffer.from('épreuve')
    expect(verdict(await post('/key-destruction-record', gone))).toEqual([403, 'SECOND_PERSON_REQUIRED'])
    // Refused, nothing was touched.
    await signer.sign(text)
    // A copy is listed: nobody has seen it go.
    expect(verdict(await post('/key-destruction-record', gone, secondPerson))).toEqual([
      ...[409, 'CEREMONY_REQUIRED'],
    ])
    await signer.sign(text)
    await destroyedInCeremony(doom.copies[0]!)
    await expect(signer.sign(text)).rejects.toThrow(/was destroyed/)
    // Given again, it is done.
    done(await post('/key-destruction-record', gone, secondPerson))
    // The root's own ceremony (`grand-livre arl`), from the ledger alone; held again, it changes nothing.
    const { list: revoked, again } = { list: await revoke(), again: await revoke() }
    expect(again).toEqual(revoked)
    await judged(revoked.der)
    expect(verdict(await post('/ca-revocation', arl))[0]).toBe(200)
    expect(await states()).toBe('dddddddddd')
    expect((await ca.get(`/authorities/${issuer}`)).json()).toMatchObject({
      status: 'revoked',
      issuing: false,
    })
    expect(verdict(await life.ra.post('/entities', employer))[0]).toBe(201)
  })
})
