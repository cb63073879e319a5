// pkijs and @peculiar/x509, which the product itself does not use, read what it writes.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import * as pkijs from 'pkijs'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeCertificate } from '../../pki/describe.ts'
import { endOfTime } from '../../pki/time.ts'
import {
  openAuthority,
  policyWith,
  serialOfNumber,
  started,
  type Authority,
  type KeyAlgorithm,
} from './authority.ts'

const algorithms: readonly KeyAlgorithm[] = ['rsa3072', 'rsa4096', 'ecP256', 'ecP384']

let stranger: Authority
beforeAll(async () => {
  stranger = await openAuthority(policyWith('ecP256'))
})

describe.each(algorithms)('a chain under %s', (algorithm) => {
  let authority: Authority
  let holder: Uint8Array
  beforeAll(async () => {
    authority = await openAuthority(policyWith(algorithm))
    holder = (await authority.holder()).certificate
  })
  const pki = (der: Uint8Array): pkijs.Certificate => pkijs.Certificate.fromBER(der)

  it('RFC 5280 6.1: pkijs builds the path of a holder, and of nobody under another root', async () => {
    const certs = [pki(authority.ca.certificate), pki(holder)]
    const checkDate = new Date('2026-06-01T00:00:00Z')
    const engine = (root: Uint8Array) =>
      new pkijs.CertificateChainValidationEngine({ trustedCerts: [pki(root)], certs: [...certs], checkDate })
    expect(await engine(authority.root.certificate).verify()).toMatchObject({ result: true, resultCode: 0 })
    expect(await engine(stranger.root.certificate).verify()).toMatchObject({ result: false })
  })

  it('RFC 5280 4.1.1.3: each signature verifies with the key of its issuer, and with no other', async () => {
    const { root, ca, responder } = authority
    const signed = [
      [root.certificate, root.certificate],
      [ca.certificate, root.certificate],
      [responder.certificate, ca.certificate],
      [holder, ca.certificate],
    ] as const
    for (const [certificate, issuer] of signed) {
      expect(await pki(certificate).verify(pki(issuer))).toBe(true)
      const { publicKey } = new x509.X509Certificate(issuer)
      const one = new x509.X509Certificate(certificate)
      expect(await one.verify({ publicKey, signatureOnly: true })).toBe(true)
      const other = new x509.X509Certificate(issuer === root.certificate ? ca.certificate : root.certificate)
      expect(await one.verify({ publicKey: other.publicKey, signatureOnly: true })).toBe(false)
    }
  })

  it('RFC 5280 5.1.1.3: pkijs and @peculiar/x509 verify a list, and find in it what was put there', async () => {
    const entries = [1, 2, 3].map((number) => ({ serial: serialOfNumber(number), revokedAt: started }))
    const list = await authority.crl({ entries, number: 300, nextUpdate: endOfTime })
    const one = pkijs.CertificateRevocationList.fromBER(list)
    expect(await one.verify({ issuerCertificate: pki(authority.ca.certificate) })).toBe(true)
    expect(await one.verify({ issuerCertificate: pki(authority.root.certificate) })).toBe(false)
    expect(one.nextUpdate?.value.toISOString()).toBe('9999-12-31T23:59:59.000Z')
    const other = new x509.X509Crl(list)
    expect(await other.verify({ publicKey: new x509.X509Certificate(authority.ca.certificate) })).toBe(true)
    expect(
      other.entries.map(({ serialNumber, revocationDate, extensions, reason }) => [
        ...[serialNumber, revocationDate.toISOString(), extensions.length, reason],
      ]),
    ).toEqual(
      entries
        .map(({ serial }) => serial)
        .sort()
        .map((serial) => [serial, '2026-03-02T09:00:00.000Z', 0, undefined]),
    )
    const empty = pkijs.CertificateRevocationList.fromBER(await authority.crl())
    expect(empty.revokedCertificates).toBeUndefined()
  })
})

describe('a holder’s certificate', () => {
  it('CGU-36: what is shown to the holder is what @peculiar/x509 reads', async () => {
    const authority = await openAuthority()
    const { certificate } = await authority.holder()
    const shown = describeCertificate(certificate)
    const one = new x509.X509Certificate(certificate)
    const name = (of: x509.Name, type: string): string | undefined => of.getField(type)[0]
    expect(shown).toMatchObject({
      serial: one.serialNumber,
      notBefore: one.notBefore.toISOString().replace('.000Z', 'Z'),
      notAfter: one.notAfter.toISOString().replace('.000Z', 'Z'),
      fingerprint: Buffer.from(await one.getThumbprint('SHA-256')).toString('hex'),
      extendedKeyUsage: one.getExtension(x509.ExtendedKeyUsageExtension)?.usages,
      policies: one.getExtension(x509.CertificatePolicyExtension)?.policies,
      email: one.getExtension(x509.SubjectAlternativeNameExtension)?.names.items[0]?.value,
    })
    expect(one.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.keyEncipherment)
    expect(shown.keyUsage).toEqual(['keyEncipherment'])
    expect(shown.publicKey).toEqual({ algorithm: 'rsa', bits: 3072 })
    const attributes = { country: 'C', organization: 'O', organizationalUnit: 'OU', commonName: 'CN' }
    for (const [ours, type] of Object.entries(attributes)) {
      expect(Object.entries(shown.subject)).toContainEqual([ours, name(one.subjectName, type)])
      expect(Object.entries(shown.issuer)).toContainEqual([ours, name(one.issuerName, type)])
    }
    expect(shown.subject).toMatchObject({
      surname: name(one.subjectName, '2.5.4.4'),
      givenName: name(one.subjectName, '2.5.4.42'),
      serialNumber: name(one.subjectName, '2.5.4.5'),
    })
  })

  it('RFC 5280 4.1: an octet of it changed anywhere is no longer what was signed', async () => {
    const authority = await openAuthority(policyWith('ecP256'))
    const { certificate } = await authority.holder()
    const issuer = pkijs.Certificate.fromBER(authority.ca.certificate)
    for (let at = 4; at < certificate.length; at += 37) {
      const changed = Uint8Array.from(certificate)
      changed[at]! ^= 1
      const verified = async (): Promise<boolean> => pkijs.Certificate.fromBER(changed).verify(issuer)
      expect(await verified().catch(() => false)).toBe(false)
    }
  })
})
