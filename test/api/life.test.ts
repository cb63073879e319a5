import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, inUse, revocation, type Issued } from '../support/life.ts'
import { recovered } from '../support/recoveredLife.ts'

let product: Embedded
let life: Issued
const folder = mkdtempSync(join(tmpdir(), 'grand-livre-life-'))
const file = (name: string): string => join(folder, name)
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' })

beforeAll(async () => {
  product = await openEmbedded({}, {}, 'shipped')
  life = await inUse(product)
  const root = (await product.app.inject('/ac-racine-mef-qualifiee.cer')).rawPayload
  const ca = (await product.app.inject('/ac-confidentialite-mef-qualifiee.cer')).rawPayload
  writeFileSync(file('root.der'), root)
  writeFileSync(file('ca.der'), ca)
  openssl('x509', '-inform', 'DER', '-in', file('root.der'), '-out', file('root.pem'))
  openssl('x509', '-inform', 'DER', '-in', file('ca.der'), '-out', file('ca.pem'))
  const pem = await life.ra.get(`/certificates/${life.serial}/pem`)
  writeFileSync(file('holder.pem'), pem.body)
}, 60_000)
afterAll(async () => {
  await product.close()
  rmSync(folder, { recursive: true })
})

describe('one certificate, by HTTP', () => {
  it('CGU-13: the published chain verifies the certificate that came out', () => {
    const verdict = openssl(
      'verify',
      '-CAfile',
      file('root.pem'),
      '-untrusted',
      file('ca.pem'),
      file('holder.pem'),
    )
    expect(verdict).toContain('holder.pem: OK')
  })

  it('CGU-73: the certificate is found by its serial number, however it is written', async () => {
    const { serial } = life
    const decimal = BigInt(`0x${serial}`).toString()
    for (const written of [serial, serial.toUpperCase(), serial.replace(/(..)(?=.)/g, '$1:'), decimal]) {
      const answer = await life.ra.get(`/certificates/${encodeURIComponent(written)}`, {
        'x-min-position': life.position,
      })
      expect(done(answer)).toMatchObject({
        serial,
        status: 'accepted',
        person: life.person,
        content: {
          // RGS A4 II.4: outside production every name says so.
          subject: { surname: "TEST D'Été-Brûlé", givenName: 'TEST Zoë Maëlle' },
          keyUsage: ['keyEncipherment'],
        },
      })
    }
  })

  it('CGU-114: looks at personal data stand in the journal, under the reader’s pseudonym', async () => {
    const looks = (await product.journal()).filter(({ type }) => type === 'PersonalDataConsulted')
    expect(looks).toContainEqual(
      expect.objectContaining({
        data: expect.objectContaining({
          screens: ['certificateContent'],
          streams: [`certificate-${life.serial}`],
        }) as object,
      }),
    )
  })

  it('CGU-114: looks at once are each written down, and none is turned away', async () => {
    const looks = async (): Promise<number> =>
      (await product.journal()).filter(({ type }) => type === 'PersonalDataConsulted').length
    const before = await looks()
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => life.ra.get(`/certificates/${life.serial}`)),
    )
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
    expect(await looks()).toBe(before + 30)
  })

  it('CGU-75, CGU-76: a revocation is seen in the status, the CRL and by OCSP', async () => {
    const crlUrl = '/ac-confidentialite-mef-qualifiee.crl'
    await product.publish()
    const before = (await product.app.inject(crlUrl)).rawPayload
    await product.pass(60)
    const revoked = await life.holder.post(`/certificates/${life.serial}/revocation`, revocation)
    const { position } = done(revoked)
    expect(revoked.headers['x-ledger-position']).toBe(position)
    const status = await life.holder.get(`/certificates/${life.serial}/status?minPosition=${position}`)
    expect(done(status)).toMatchObject({ status: 'revoked', inValidity: true })
    const earlier = await life.holder.get(`/certificates/${life.serial}/status?at=2026-03-02T09:00:30Z`)
    expect(done(earlier)).toMatchObject({ status: 'accepted', revokedAt: null })
    expect(earlier.headers['memento-datetime']).toBe('Mon, 02 Mar 2026 09:00:30 GMT')
    await product.publish()
    const after = (await product.app.inject(crlUrl)).rawPayload
    expect(after.equals(before)).toBe(false)
    writeFileSync(file('after.der'), after)
    const text = openssl(
      'crl',
      '-inform',
      'DER',
      '-in',
      file('after.der'),
      '-noout',
      '-text',
      '-CAfile',
      file('ca.pem'),
    )
    expect(text).toContain(`Serial Number: ${life.serial.toUpperCase()}`)
  })

  it('CGU-66: revoked again, nothing changes', async () => {
    const again = await life.holder.post(`/certificates/${life.serial}/revocation`, revocation)
    expect(again.statusCode).toBe(200)
    expect(again.json()).not.toHaveProperty('position')
  })

  it('CGU-46: the key comes back once, after two approvals, and opens what the certificate closed', async () => {
    const { id, officer, passphrase } = await recovered(product, life)
    const key = crypto.randomUUID()
    const given = { receipt: 'remis en main propre' }
    const first = await life.holder.post(`/recovery-requests/${id}/delivery`, given, { key })
    expect(first.headers['content-type']).toBe('application/x-pkcs12')
    writeFileSync(file('recovered.p12'), first.rawPayload)
    openssl(
      'pkcs12',
      '-in',
      file('recovered.p12'),
      '-passin',
      `pass:${passphrase}`,
      '-nodes',
      '-out',
      file('recovered.pem'),
    )
    writeFileSync(file('message.txt'), 'à ouvrir plus tard')
    const oaep = ['-recip', file('holder.pem'), '-keyopt', 'rsa_padding_mode:oaep']
    openssl('cms', '-encrypt', '-aes256', '-in', file('message.txt'), '-out', file('message.cms'), ...oaep)
    const opened = openssl('cms', '-decrypt', '-in', file('message.cms'), '-inkey', file('recovered.pem'))
    expect(opened).toContain('à ouvrir plus tard')
    const again = await life.holder.post(`/recovery-requests/${id}/delivery`, given, { key })
    expect([again.statusCode, again.json<{ code: string }>().code]).toEqual([410, 'DELIVERY_COLLECTED'])
    const other = await officer.post(`/recovery-requests/${id}/delivery`, given)
    expect([other.statusCode, other.json<{ code: string }>().code]).toEqual([409, 'OUT_OF_ORDER'])
  })

  it('CGU-111: the history of the certificate names every event that concerns it, in order', async () => {
    await product.settle()
    const { events } = done(await life.holder.get(`/certificates/${life.serial}/history`))
    const types = events.map(({ type }) => type)
    expect(events.map(({ rank }) => rank)).toEqual([...events.map(({ rank }) => rank)].sort((a, b) => a - b))
    const order = [
      'SessionOpened',
      'CardAllotted',
      'PublicKeyBound',
      'KeyEscrowed',
      'CertificatePlanned',
      'CertificateIssued',
    ]
    expect(types.filter((type) => order.includes(type))).toEqual(order)
    expect(types).toEqual(
      expect.arrayContaining(['CertificateAccepted', 'CertificateRevoked', 'RecoveryRequested']),
    )
  })
})
