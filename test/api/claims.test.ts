// Revocation and recovery on request, as people meet them: by HTTP, on the whole product.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, done, inUse, issued, revocation, verdict, type Issued } from '../support/life.ts'
import { approve as approveAs, officerWithKey, type Officer } from '../support/officers.ts'
import { openAuthority } from '../pki/authority.ts'
import { openReaders, pemOf, type Readers } from '../pki/readers.ts'

let product: Embedded
let readers: Readers
let ca: Client
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
  readers = openReaders()
  ca = client(product.app, product.account('ca-claims', ['caOfficer']).headers)
})
afterAll(async () => {
  readers.close()
  await product.close()
})

const holderName = "D'Été-Brûlé Zoë Maëlle"
const call = { holderName, requesterName: 'Zoë', channel: 'callCentre', ra: 'centrale' }

type Delay = Readonly<{
  revocation: string
  serial: string
  state: string
  late: boolean
  dueAt: string
  secondsLeft: number | null
  crl: { number: number; thisUpdate: string } | null
}>
const delays = async (who: Client, query = ''): Promise<readonly Delay[]> => {
  await product.settle()
  return (await who.get(`/revocations${query}`)).json<{ revocations: readonly Delay[] }>().revocations
}

type Action = Readonly<{ command: string; open: boolean; code?: string; href: string }>
const actionsOf = async (who: Client, path: string): Promise<ReadonlyMap<string, string>> => {
  await product.settle()
  const { actions } = (await who.get(path)).json<{ actions: readonly Action[] }>()
  return new Map(actions.map(({ command, open, code }) => [command, open ? 'open' : (code ?? '')]))
}

describe('a request for revocation', () => {
  it('CGU-73: a locator leads to one certificate, or to none, or asks for the serial number', async () => {
    const one = await inUse(product)
    await product.settle()
    const asked = (who: Client, locator: string, more: object = {}) =>
      who.post('/revocation-requests', { ...call, locator, ...more })
    for (const locator of ['personne@douane.example', '0099999999', '!', '7f0123456789abcdef0123456789abcd'])
      expect([locator, ...verdict(await asked(one.ra, locator))]).toEqual([
        locator,
        404,
        'CERTIFICATE_UNKNOWN',
      ])
    const other = await inUse(product)
    await product.settle()
    for (const locator of [agent.email, agent.matricule, 'brule zoe'])
      expect([locator, ...verdict(await asked(one.ra, locator))]).toEqual([
        locator,
        422,
        'CERTIFICATE_AMBIGUOUS',
      ])
    // His own alone is what a holder's locator can lead to; of another's he learns nothing.
    const portal = { ...revocation, locator: other.request }
    expect(verdict(await one.holder.post('/revocation-requests', portal))).toEqual([
      404,
      'CERTIFICATE_UNKNOWN',
    ])

    const decimal = BigInt(`0x${one.serial}`).toString()
    for (const locator of [one.serial, decimal, one.request, one.card]) {
      const answer = (await asked(one.ra, locator)).json<{ serial: string; state: string }>()
      expect([locator, answer.serial, answer.state]).toEqual([locator, one.serial, 'open'])
    }
    const byEmail = await one.holder.post('/revocation-requests', { ...revocation, locator: agent.email })
    expect(byEmail.json()).toMatchObject({ serial: one.serial, state: 'revoked' })
    await product.settle()
    // One is revoked, so the other is the only one left to revoke.
    expect((await asked(other.ra, agent.email)).json()).toMatchObject({ serial: other.serial, state: 'open' })
    // What is revoked is found again, and stays as it is, while nothing else can be meant.
    for (const locator of [one.request, agent.email])
      expect(
        (await one.holder.post('/revocation-requests', { ...revocation, locator })).json(),
      ).toMatchObject({
        ...{ serial: one.serial, state: 'revoked' },
      })
    const refusals = (await product.journal()).filter(({ type }) => type === 'CommandRefused')
    expect(refusals.filter(({ data }) => data['code'] === 'CERTIFICATE_AMBIGUOUS').length).toBe(3)
    expect(product.logged()).not.toContain(agent.email)
  })

  it('CGU-75, CGU-98: by call it waits for an officer, is measured from its first receipt, and late it is an alarm', async () => {
    const { ra, holder, serial } = await inUse(product)
    const receivedAt = '2026-03-01T20:00:00Z'
    const { id } = done(
      await ra.post('/revocation-requests', { ...call, locator: serial, receivedAt, receivedBy: 'mc' }),
    )
    const alarms = async () => {
      await product.pass(1)
      const ready = await product.app.inject('/readyz')
      return [ready.statusCode, ready.json<{ alarms: object }>().alarms]
    }
    expect(await alarms()).toMatchObject([200, { 'revocation delay': true, 'key stock': true, cards: true }])
    const mine = async () => (await delays(ra)).find(({ revocation: one }) => one === id)
    expect(await mine()).toMatchObject({
      state: 'open',
      late: false,
      dueAt: '2026-03-02T20:00:00Z',
      crl: null,
    })
    const before = await actionsOf(ca, `/certificates/${serial}`)
    const revoking = ['RequestRevocation', 'RevokeCertificate', 'RejectRevocation']
    expect(revoking.map((command) => before.get(command))).toEqual(['open', 'open', 'open'])
    expect((await actionsOf(holder, `/certificates/${serial}`)).get('RevokeCertificate')).toBe(
      'ROLE_NOT_HELD',
    )

    await product.pass(12 * 3600)
    expect(await mine()).toMatchObject({ state: 'open', late: true })
    expect((await mine())?.secondsLeft).toBeLessThan(0)
    expect((await delays(ra, '?late=true')).map(({ revocation: one }) => one)).toContain(id)
    // The service is late, and must not be taken out of service for it.
    const [status, late] = await alarms()
    expect(status).toBe(200)
    expect(late).toMatchObject({ 'revocation delay': expect.stringContaining('past its time') as string })

    const path = `/certificates/${serial}/revocation/authentication`
    expect(verdict(await ca.post(path, {}))).toEqual([409, 'REVOCATION_NOT_AUTHENTICATED'])
    expect(verdict(await ca.post(path, { authentication: 'signature' }))).toEqual([
      ...[409, 'REVOCATION_NOT_AUTHENTICATED'],
    ])
    done(await ca.post(path, { authentication: 'callback' }))
    const number = await product.publish()
    expect(await mine()).toMatchObject({ state: 'revoked', late: true, crl: { number }, secondsLeft: null })
    const after = await actionsOf(ca, `/certificates/${serial}`)
    expect(after.get('RejectRevocation')).toBe('OUT_OF_ORDER')
  })

  it('CGU-73, CGU-75: one that does not hold is rejected with its clause, and the certificate stays', async () => {
    const { ra, serial } = await inUse(product)
    const { id } = done(await ra.post('/revocation-requests', { ...call, locator: serial }))
    done(
      await ra.post(`/certificates/${serial}/revocation/rejection`, {
        cause: 'REVOCATION_NOT_AUTHENTICATED',
      }),
    )
    expect((await delays(ra, '?state=rejected')).find(({ revocation: one }) => one === id)).toMatchObject({
      state: 'rejected',
      late: false,
      crl: null,
    })
    expect((await ra.get(`/certificates/${serial}`)).json()).toMatchObject({ status: 'accepted' })
    const stranger = client(product.app, product.account('nobody', ['holder']).headers)
    expect(verdict(await stranger.get('/revocations'))).toEqual([403, 'ROLE_NOT_HELD'])
  })

  it('CGU-74: its cause is published nowhere: OpenSSL finds no reason in the CRL, nor by OCSP', async () => {
    const { holder, serial } = await inUse(product)
    done(await holder.post(`/certificates/${serial}/revocation`, { ...revocation, cause: 'keyCompromised' }))
    await product.publish()
    await product.settle()
    const { ca: authority } = product.services.authority
    const crl = await product.app.inject('/ac-confidentialite-mef-qualifiee.crl')
    readers.file('list.crl', crl.rawPayload)
    const text = await readers.run('openssl', 'crl', '-inform', 'DER', '-in', 'list.crl', '-noout', '-text')
    expect(text).toContain(serial.toUpperCase())
    expect(text).not.toMatch(/Reason|Key Compromise/i)
    readers.file('ca.pem', pemOf(authority.certificate))
    const ask = [
      '-sha256',
      '-issuer',
      'ca.pem',
      '-serial',
      `0x${serial}`,
      '-no_nonce',
      '-reqout',
      'asked.der',
    ]
    await readers.run('openssl', 'ocsp', ...ask)
    const answer = await product.app.inject({
      method: 'POST',
      url: '/ac-online-mef-qualifiees/',
      headers: { 'content-type': 'application/ocsp-request' },
      payload: Buffer.from(readers.read('asked.der')),
    })
    readers.file('answer.der', answer.rawPayload)
    const said = await readers.run('openssl', 'ocsp', '-respin', 'answer.der', '-noverify', '-resp_text')
    expect(said).toContain('Cert Status: revoked')
    expect(said).not.toMatch(/Reason|Key Compromise/i)
    const body = JSON.stringify((await holder.get(`/certificates/${serial}`)).json())
    expect(body).not.toContain('keyCompromised')
  })
})

describe('a recovery to a certificate', () => {
  const officer = (id: string) => officerWithKey(product, id)
  const ask = (life: Issued, more: object = {}) =>
    life.holder.post('/recovery-requests', {
      ...{ serial: life.serial, name: holderName, ground: 'holderRequest', evidence: 'carte perdue' },
      ...{ holderNotice: true, ...more },
    })
  const approve = async (id: string, by: readonly Officer[]) => {
    for (const one of by) done(await approveAs(one, id))
  }

  it('CGU-46, CGU-47: enciphered to it, delivered once, opened by OpenSSL with its key alone, revoked or not', async () => {
    const life = await inUse(product)
    const [a, b] = [await officer('ro-cms-a'), await officer('ro-cms-b')]
    done(await life.holder.post(`/certificates/${life.serial}/revocation`, revocation))
    const other = await openAuthority()
    const { certificate, pair } = await other.holder({ notBefore: '2026-01-01T00:00:00Z' })
    expect(verdict(await ask(life, { recipientCertificate: 'rien' }))).toEqual([
      ...[422, 'RECIPIENT_CERTIFICATE_UNUSABLE'],
    ])
    expect(verdict(await ask(life, { recipientSerial: life.serial }))).toEqual([
      ...[422, 'RECIPIENT_CERTIFICATE_UNUSABLE'],
    ])
    const { id } = done(await ask(life, { recipientCertificate: pemOf(certificate) }))
    const path = `/recovery-requests/${id}`
    expect(await actionsOf(life.holder, path)).toEqual(
      new Map([
        ['ApproveRecovery', 'ROLE_NOT_HELD'],
        ['ExecuteRecovery', 'ROLE_NOT_HELD'],
        ['RejectRecovery', 'ROLE_NOT_HELD'],
        ['CloseRecovery', 'open'],
        ['DeliverRecovery', 'RECOVERY_NOT_APPROVED'],
      ]),
    )
    await approve(id, [a])
    expect(verdict(await a.post(`${path}/execution`, {}))).toEqual([409, 'RECOVERY_NOT_APPROVED'])
    expect((await actionsOf(a, path)).get('ApproveRecovery')).toBe('APPROVER_ALREADY_COUNTED')
    await approve(id, [b])
    await product.settle()
    const listed = async (status: string) =>
      (await a.get(`/recovery-requests?status=${status}`)).json<{ recoveries: { id: string }[] }>().recoveries
    expect(await listed('approved')).toMatchObject([{ id, output: 'cms', serial: life.serial }])
    done(await a.post(`${path}/execution`, {}))
    const file = await life.holder.post(`${path}/delivery`, { receipt: 'reçu' })
    expect([file.statusCode, file.headers['content-type']]).toEqual([200, 'application/cms'])
    readers.file('given.p7m', file.rawPayload)
    readers.file('to.pem', pemOf(certificate))
    readers.file('to.key', pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const from = ['-inform', 'DER', '-in', 'given.p7m', '-inkey', 'to.key', '-recip', 'to.pem']
    await readers.run('openssl', 'cms', '-decrypt', '-binary', ...from, '-out', 'key.der')
    await readers.run(
      'openssl',
      'pkey',
      '-inform',
      'DER',
      '-in',
      'key.der',
      '-pubout',
      '-outform',
      'DER',
      '-out',
      'pub.der',
    )
    const spki = createHash('sha256').update(readers.read('pub.der')).digest('hex')
    const shown = (await life.holder.get(`/certificates/${life.serial}`)).json<{
      content: { spkiSha256: string }
    }>()
    expect(shown.content.spkiSha256).toBe(spki)
    await product.settle()
    expect(await listed('delivered')).toMatchObject([{ id }])
    expect(await listed('approved')).toEqual([])
  })

  it('CGU-04, CGU-46: without a certificate a one-time passphrase is told to who executes; withdrawn, or left until its approvals end, it is closed', async () => {
    const life = await inUse(product)
    const [a, b] = [await officer('ro-end-a'), await officer('ro-end-b')]
    const withdrawn = done(await ask(life)).id
    await approve(withdrawn, [a, b])
    const execute = (by: typeof a, body?: object) =>
      by.post(`/recovery-requests/${withdrawn}/execution`, body)
    // Nobody chooses it.
    expect(verdict(await execute(a, { passphrase: 'correct cheval batterie agrafe' }))).toEqual([
      ...[400, 'VALIDATION_FAILED'],
    ])
    const { passphrase, outputSha256 } = done(await execute(a))
    expect(passphrase).toMatch(/^([0-9a-z]{5}-){4}[0-9a-z]{5}$/)
    // The answer was lost: it is the same again, for him alone.
    expect(done(await execute(a))).toMatchObject({ passphrase, outputSha256 })
    const toAnother = done(await execute(b))
    expect([toAnother.outputSha256, 'passphrase' in toAnother]).toEqual([outputSha256, false])
    const left = done(await ask(life)).id
    await approve(left, [a, b])
    expect(await product.services.recovery.deliveries.inventory()).toHaveLength(1)
    done(await life.holder.post(`/recovery-requests/${withdrawn}/withdrawal`))
    expect(await product.services.recovery.deliveries.inventory()).toEqual([])
    await product.settle()
    await product.run('closeRecoveries')
    expect((await a.get(`/recovery-requests/${left}`)).json()).toMatchObject({ status: 'requested' })
    await product.pass(product.policy.escrow.approvalHours * 3600)
    await product.run('closeRecoveries')
    const closed = (await a.get(`/recovery-requests/${left}`)).json<{
      status: string
      actions: readonly Action[]
    }>()
    expect([closed.status, closed.actions.filter(({ open }) => open).map(({ command }) => command)]).toEqual([
      'closed',
      ['CloseRecovery'],
    ])
  })

  it('CGU-44, CGU-46, CGU-47: without entitlement, ground or name nothing is asked for', async () => {
    const life = await issued(product)
    const ro = await officer('ro-no')
    const { person } = product.account('lr', ['legalRepresentative'])
    const forLr = (more: object) =>
      ro.post('/recovery-requests', {
        ...{ serial: life.serial, name: holderName, ground: 'unavailability', evidence: 'arrêt long' },
        ...{ requesterRole: 'legalRepresentative', requester: person, holderNotice: true, ...more },
      })
    expect(verdict(await forLr({}))).toEqual([403, 'RECOVERY_REQUESTER_NOT_ENTITLED'])
    expect(verdict(await forLr({ requesterRole: 'legalAuthority', ground: 'judicial' }))).toEqual([
      ...[422, 'RECOVERY_GROUND_MISSING'],
    ])
    expect(verdict(await ask(life, { name: ' ' }))).toEqual([422, 'IDENTIFIER_INCOMPLETE'])
    expect((await ask(life, { name: 'Zoë Dupont' })).json()).toMatchObject({ status: 'rejected' })
  })
})
