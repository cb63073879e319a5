import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawSerial } from '../../commands/program.ts'
import { rootTbs } from '../../pki/certificate.ts'
import { read, sequenceOf } from '../../pki/derReader.ts'
import { spkiOf } from '../../pki/fields.ts'
import { issuerOf } from '../../pki/issuer.ts'
import {
  newPair,
  openAuthority,
  policyWith,
  serialOfNumber,
  signCertificate,
  signerOf,
  spkiOf as keyOf,
  today,
  zoe,
  type Authority,
  type KeyAlgorithm,
} from './authority.ts'
import { epoch, extensionsOf, fieldOf, openReaders, pemOf, type Readers } from './readers.ts'

let readers: Readers
let authority: Authority
beforeAll(async () => {
  readers = openReaders()
  authority = await openAuthority()
})
afterAll(() => readers.close())

let files = 0
const written = (certificate: Uint8Array): string => readers.file(`${(files += 1)}.der`, certificate)

const nameForm = ['-nameopt', 'utf8,sep_comma_plus,sname']
const textOf = (certificate: Uint8Array): Promise<string> =>
  readers.run(
    'openssl',
    'x509',
    '-inform',
    'DER',
    '-in',
    written(certificate),
    '-noout',
    '-text',
    ...nameForm,
  )

/** SHA-1 of the public key's BIT STRING, by OpenSSL alone, in the form of its identifiers. */
const keyIdOf = async (certificate: Uint8Array): Promise<string> => {
  const spki = readers.file(`${(files += 1)}.spki`, spkiOf(certificate))
  const parsed = await readers.run('openssl', 'asn1parse', '-inform', 'DER', '-in', spki)
  const at = /^ *(\d+):d=1 .*BIT STRING/m.exec(parsed)?.[1] ?? ''
  const key = `${spki}.key`
  await readers.run(
    'openssl',
    'asn1parse',
    '-inform',
    'DER',
    '-in',
    spki,
    '-strparse',
    at,
    '-noout',
    '-out',
    key,
  )
  const digest = await readers.run('openssl', 'dgst', '-sha1', '-r', key)
  return digest.slice(0, 40).toUpperCase().match(/../g)!.join(':')
}

const caName =
  'C=FR,O=MINISTERES ECONOMIQUES ET FINANCIERS,OU=0002 110020013,organizationIdentifier=NTRFR-110020013'
const rootName = `${caName},CN=TEST AC RACINE MEF QUALIFIEE`
const issuingName = `${caName},CN=TEST AC CONFIDENTIALITE MEF QUALIFIEE`

const cdp = 'X509v3 CRL Distribution Points:'
const aia = 'Authority Information Access:'
const uris = (prefix: string, hosts: readonly string[], file: string): readonly string[] =>
  hosts.map((host) => `${prefix}URI:http://${host}.finances.gouv.fr/${file}`)
const crlHosts = ['crl.igc', 'crl.igc1', 'crl.igc2']

describe('what OpenSSL reads in each certificate', () => {
  it('regulation 2.3: the root has its own name, may sign certificates and lists, and names no list', async () => {
    const { certificate } = authority.root
    const text = await textOf(certificate)
    const key = await keyIdOf(certificate)
    expect(fieldOf(text, 'Version')).toBe('3 (0x2)')
    expect(fieldOf(text, 'Issuer')).toBe(rootName)
    expect(fieldOf(text, 'Subject')).toBe(rootName)
    expect(fieldOf(text, 'Not Before')).toBe('Mar  2 09:00:00 2026 GMT')
    expect(fieldOf(text, 'Not After ')).toBe('Mar  2 08:59:59 2046 GMT')
    expect(extensionsOf(text)).toEqual({
      'X509v3 Authority Key Identifier:': [key],
      'X509v3 Subject Key Identifier:': [key],
      'X509v3 Key Usage: critical': ['Certificate Sign, CRL Sign'],
      'X509v3 Basic Constraints: critical': ['CA:TRUE'],
    })
  })

  it('regulation 2.3, RFC 5280 8: the issuing authority has path length 0, any policy, and http where its root is', async () => {
    const { certificate } = authority.ca
    const text = await textOf(certificate)
    expect(fieldOf(text, 'Issuer')).toBe(rootName)
    expect(fieldOf(text, 'Subject')).toBe(issuingName)
    expect(fieldOf(text, 'Not After ')).toBe('Mar  2 08:59:59 2036 GMT')
    expect(extensionsOf(text)).toEqual({
      'X509v3 Authority Key Identifier:': [await keyIdOf(authority.root.certificate)],
      'X509v3 Subject Key Identifier:': [await keyIdOf(certificate)],
      'X509v3 Key Usage: critical': ['Digital Signature, Certificate Sign, CRL Sign'],
      'X509v3 Certificate Policies:': ['Policy: X509v3 Any Policy'],
      'X509v3 Basic Constraints: critical': ['CA:TRUE, pathlen:0'],
      [cdp]: ['Full Name:', ...uris('', crlHosts, 'ac-racine-mef-qualifiee.crl')],
      [aia]: uris('CA Issuers - ', ['igc', 'igc1', 'igc2'], 'ac-racine-mef-qualifiee.cer'),
    })
  })

  it('CGU-108, regulation 2.2: a holder has keyEncipherment alone, the policy, its lists and its responders', async () => {
    const { certificate } = await authority.holder()
    const text = await textOf(certificate)
    expect(fieldOf(text, 'Version')).toBe('3 (0x2)')
    expect(fieldOf(text, 'Issuer')).toBe(issuingName)
    expect(fieldOf(text, 'Subject')).toBe(
      'C=FR,O=Direction générale des douanes et droits indirects,OU=0002 110020013,' +
        "SN=TEST D'Été-Brûlé,GN=TEST Zoë Maëlle,serialNumber=4f0e6e5c8f0b4b8e9d3a0a8f5f3c2b11,CN=TEST Zoë D'ÉTÉ-BRÛLÉ",
    )
    expect(fieldOf(text, 'Not Before')).toBe('Mar  2 09:00:00 2026 GMT')
    expect(fieldOf(text, 'Not After ')).toBe('Mar  2 08:59:59 2029 GMT')
    expect(fieldOf(text, 'Public Key Algorithm')).toBe('rsaEncryption')
    expect(fieldOf(text, 'Public-Key')).toBe('(3072 bit)')
    expect(fieldOf(text, 'Exponent')).toBe('65537 (0x10001)')
    const ocsp = (host: string): string => `OCSP - URI:http://${host}.gouv.fr/ac-online-mef-qualifiees/`
    expect(extensionsOf(text)).toEqual({
      'X509v3 Authority Key Identifier:': [await keyIdOf(authority.ca.certificate)],
      'X509v3 Subject Key Identifier:': [await keyIdOf(certificate)],
      'X509v3 Key Usage: critical': ['Key Encipherment'],
      'X509v3 Certificate Policies:': [
        'Policy: 1.2.250.1.131.1.11.7.3.1.1',
        'CPS: https://igc.finances.gouv.fr/pc-ac-personnes-mef-qualifiees.pdf',
      ],
      'X509v3 Subject Alternative Name:': ['email:zoe.dete-brule@douane.example'],
      'X509v3 Extended Key Usage:': ['E-mail Protection'],
      [cdp]: ['Full Name:', ...uris('', crlHosts, 'ac-confidentialite-mef-qualifiee.crl')],
      [aia]: [
        ocsp('ocsp-ac-mef.finances'),
        ocsp('ocsp-ac-mef.finances.rie'),
        'CA Issuers - URI:http://igc.finances.gouv.fr/ac-confidentialite-mef-qualifiee.cer',
      ],
    })
  })

  it('RFC 5280 4.2.1.13: the lists of a holder are names of one distribution point', async () => {
    const { certificate } = await authority.holder()
    const args = [
      'x509',
      '-inform',
      'DER',
      '-in',
      written(certificate),
      '-noout',
      '-ext',
      'crlDistributionPoints',
    ]
    expect((await readers.run('openssl', ...args)).match(/Full Name/g)).toHaveLength(1)
  })

  it('EN 319 412-2 GEN-4.3.5-1: where no address was collected there is no subjectAltName', async () => {
    const { certificate } = await authority.holder({ email: null })
    expect(Object.keys(extensionsOf(await textOf(certificate)))).not.toContain(
      'X509v3 Subject Alternative Name:',
    )
  })

  it('RFC 6960 4.2.2.2.1, regulation 2.5: the responder has nocheck, its own policy, no list and no responder', async () => {
    const { certificate } = authority.responder
    const text = await textOf(certificate)
    expect(fieldOf(text, 'Issuer')).toBe(issuingName)
    expect(fieldOf(text, 'Subject')).toBe(`${caName},CN=TEST OCSP AC CONFIDENTIALITE MEF QUALIFIEE`)
    expect(fieldOf(text, 'Not After ')).toBe('Apr  1 08:59:59 2026 GMT')
    expect(extensionsOf(text)).toEqual({
      'X509v3 Authority Key Identifier:': [await keyIdOf(authority.ca.certificate)],
      'X509v3 Subject Key Identifier:': [await keyIdOf(certificate)],
      'X509v3 Key Usage: critical': ['Digital Signature'],
      'X509v3 Certificate Policies:': ['Policy: 2.999.131.1'],
      'X509v3 Extended Key Usage:': ['OCSP Signing'],
      'OCSP No Check:': [],
    })
  })

  it('RGS A4 II.4: in production no name begins with TEST', async () => {
    const production = await openAuthority(policyWith('ecP384', 'production'))
    const { certificate } = await production.holder()
    const parties = [production.root, production.ca, production.responder]
    for (const one of [certificate, ...parties.map((party) => party.certificate)])
      expect(await textOf(one)).not.toContain('TEST')
  })
})

describe('the chain', () => {
  const algorithms: readonly (readonly [KeyAlgorithm, string])[] = [
    ['rsa3072', 'sha256WithRSAEncryption'],
    ['rsa4096', 'sha384WithRSAEncryption'],
    ['ecP256', 'ecdsa-with-SHA256'],
    ['ecP384', 'ecdsa-with-SHA384'],
  ]
  it.each(algorithms)(
    'RGS B1: with %s it is signed by %s, and OpenSSL and GnuTLS verify it',
    async (algorithm, name) => {
      const made = await openAuthority(policyWith(algorithm), today)
      const holder = (await made.holder()).certificate
      const root = readers.file(`root-${algorithm}.pem`, pemOf(made.root.certificate))
      const ca = readers.file(`ca-${algorithm}.pem`, pemOf(made.ca.certificate))
      for (const one of [holder, made.responder.certificate]) {
        const text = await textOf(one)
        expect(text.match(/Signature Algorithm: (.*)/g)).toEqual(
          Array(2).fill(`Signature Algorithm: ${name}`),
        )
        const leaf = readers.file(`leaf-${algorithm}.pem`, pemOf(one))
        const strict = ['-x509_strict', '-check_ss_sig']
        expect(
          await readers.run('openssl', 'verify', ...strict, '-CAfile', root, '-untrusted', ca, leaf),
        ).toBe(`${leaf}: OK`)
        const chain = readers.file(`chain-${algorithm}.pem`, pemOf(one, made.ca.certificate))
        const trust = ['--load-ca-certificate', root]
        expect(await readers.run('certtool', '--verify', ...trust, '--infile', chain)).toContain(
          'Chain verification output: Verified.',
        )
      }
    },
  )

  it('RFC 5280 4.2.1.9, CGU-13: what a holder signs as an authority is refused', async () => {
    const { certificate, pair } = await authority.holder()
    const signer = signerOf(pair, 'rsa3072')
    const issuer = issuerOf(certificate, signer.algorithm)
    const subject = { ...zoe, person: '11111111-2222-4333-8444-555555555555' }
    const below = await authority.holder({ issuer, subject, spki: keyOf(newPair('rsa3072')) })
    const tbs = sequenceOf(read(below.certificate))[0]!.der
    const leaf = readers.file('below.pem', pemOf(await signCertificate(tbs, signer)))
    const root = readers.file('root.pem', pemOf(authority.root.certificate))
    const middle = readers.file('middle.pem', pemOf(authority.ca.certificate, certificate))
    const at = epoch('2026-03-05T00:00:00Z')
    expect(
      await readers.refuses('openssl', 'verify', '-attime', at, '-CAfile', root, '-untrusted', middle, leaf),
    ).toMatch(/invalid CA certificate|path length constraint exceeded/)
  })
})

describe('dates', () => {
  it.each([
    ['2046-12-31T23:59:59Z', '2049-12-31T23:59:58Z', 'UTCTIME', 'UTCTIME'],
    ['2047-01-01T00:00:00Z', '2049-12-31T23:59:59Z', 'UTCTIME', 'UTCTIME'],
    ['2047-01-01T00:00:01Z', '2050-01-01T00:00:00Z', 'UTCTIME', 'GENERALIZEDTIME'],
    ['2049-12-31T23:59:59Z', '2052-12-31T23:59:58Z', 'UTCTIME', 'GENERALIZEDTIME'],
    ['2050-01-01T00:00:00Z', '2052-12-31T23:59:59Z', 'GENERALIZEDTIME', 'GENERALIZEDTIME'],
  ])('RFC 5280 4.1.2.5: from %s to %s is %s, %s', async (notBefore, notAfter, first, second) => {
    const { certificate } = await authority.holder({ notBefore, notAfter })
    const name = written(certificate)
    const parsed = await readers.run('openssl', 'asn1parse', '-inform', 'DER', '-in', name)
    const times = [...parsed.matchAll(/(UTCTIME|GENERALIZEDTIME) +:(\d+Z)/g)].map(([, kind, text]) => [
      kind,
      text,
    ])
    const digits = (instant: string, kind: string): string =>
      `${instant.replace(/[-T:Z]/g, '').slice(kind === 'UTCTIME' ? 2 : 0)}Z`
    expect(times).toEqual([
      [first, digits(notBefore, first)],
      [second, digits(notAfter, second)],
    ])
    const dates = [
      'x509',
      '-inform',
      'DER',
      '-in',
      name,
      '-noout',
      '-startdate',
      '-enddate',
      '-dateopt',
      'iso_8601',
    ]
    const iso = (instant: string): string => instant.replace('T', ' ')
    expect(await readers.run('openssl', ...dates)).toBe(
      `notBefore=${iso(notBefore)}\nnotAfter=${iso(notAfter)}`,
    )
    const gnutls = await readers.run('certtool', '-i', '--inder', '--infile', name)
    expect(gnutls).toMatch(
      new RegExp(`Not Before: .* ${notBefore.slice(11, 19)} UTC ${notBefore.slice(0, 4)}`),
    )
    expect(gnutls).toMatch(new RegExp(`Not After: .* ${notAfter.slice(11, 19)} UTC ${notAfter.slice(0, 4)}`))
  })

  it.each(['2026-02-30T00:00:00Z', '2026-03-02', '2026-03-02T09:00:00+01:00', '1949-12-31T23:59:59Z', ''])(
    'RFC 5280 4.1.2.5: %j is no date of a certificate',
    async (notBefore) => {
      await expect(authority.holder({ notBefore, notAfter: '2029-01-01T00:00:00Z' })).rejects.toThrow(
        RangeError,
      )
    },
  )
})

describe('serial numbers', () => {
  it('RFC 5280 4.1.2.2: whatever the random octets, positive, never more than 20 octets, never shortened', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
        const asked: number[] = []
        const serial = drawSerial((size) => (asked.push(size), octets))
        expect(asked).toEqual([16])
        expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/)
        // All but the two highest bits are those that were drawn: 126 of 128.
        const mask = (1n << 126n) - 1n
        expect(BigInt(`0x${serial}`) & mask).toBe(BigInt(`0x${Buffer.from(octets).toString('hex')}`) & mask)
      }),
      { seed: 11 },
    )
  })

  it('EN 319 411-1 GEN-6.3.3-02A: from the system generator no bit of the lower 126 stands still', () => {
    const drawn = Array.from({ length: 256 }, () => BigInt(`0x${drawSerial(randomBytes)}`))
    const mask = (1n << 126n) - 1n
    expect(drawn.reduce((all, one) => all | one, 0n) & mask).toBe(mask)
    expect(drawn.reduce((all, one) => all & one, mask)).toBe(0n)
    expect(new Set(drawn).size).toBe(drawn.length)
  })

  it.each(['4'.padEnd(32, '0'), '7'.padEnd(32, 'f'), serialOfNumber(7)])(
    'RFC 5280 4.1.2.2: OpenSSL and GnuTLS read %s as it was planned',
    async (serial) => {
      const name = written((await authority.holder({ serial })).certificate)
      const args = ['x509', '-inform', 'DER', '-in', name, '-noout', '-serial']
      expect(await readers.run('openssl', ...args)).toBe(`serial=${serial.toUpperCase()}`)
      const gnutls = await readers.run('certtool', '-i', '--inder', '--infile', name)
      expect(fieldOf(gnutls, 'Serial Number \\(hex\\)')).toBe(serial)
    },
  )

  it.each([
    '00',
    '8'.padEnd(32, '0'),
    '3'.padEnd(32, '0'),
    '4'.padEnd(34, '0'),
    '4'.padEnd(30, '0'),
    '4G'.padEnd(32, '0'),
  ])('RFC 5280 4.1.2.2: %s is never written', async (serial) => {
    await expect(authority.holder({ serial })).rejects.toThrow(RangeError)
  })
})

describe('names', () => {
  const people: readonly (readonly [string, string])[] = [
    ["D'Été-Brûlé", 'Zoë Maëlle'],
    ['Le Gall-N’Diaye', 'Anne-Françoise'],
    ['Œuvrard', 'Gaëtan Joël'],
    ['ÑUÑEZ DE LA PEÑA', 'Íñigo'],
    ['Łukasiewicz', 'Čeněk Ømar'],
    ['Ÿÿ', 'Ü'],
    ['Παπαδόπουλος', 'Ἀριστοτέλης'],
    ['O, "Quote" + <Plus>; \\ #', 'a=b'],
  ]
  it.each(people)(
    'RGS A4 VII.1: %s %s is read as it is written, by OpenSSL and by GnuTLS',
    async (surname, givenNames) => {
      const nameInCertificate = `${givenNames} ${surname.toUpperCase()}`
      const { certificate } = await authority.holder({
        subject: { ...zoe, surname, givenNames, nameInCertificate },
      })
      const name = written(certificate)
      const options = ['-nameopt', 'utf8,sep_multiline,sname']
      const subject = await readers.run(
        'openssl',
        'x509',
        '-inform',
        'DER',
        '-in',
        name,
        '-noout',
        '-subject',
        ...options,
      )
      expect(subject.split('\n').map((line) => line.trim())).toEqual([
        'subject=',
        'C=FR',
        `O=${zoe.entity.name}`,
        'OU=0002 110020013',
        `SN=TEST ${surname}`,
        `GN=TEST ${givenNames}`,
        'serialNumber=4f0e6e5c8f0b4b8e9d3a0a8f5f3c2b11',
        `CN=TEST ${nameInCertificate}`,
      ])
      const gnutls = await readers.run('certtool', '-i', '--inder', '--infile', name)
      const escaped = (text: string): string => text.replace(/[\\,"+<>;]/g, '\\$&')
      const read = fieldOf(gnutls, 'Subject')
      expect(read).toContain(`,surName=${escaped(`TEST ${surname}`)},`)
      expect(read).toContain(`,givenName=${escaped(`TEST ${givenNames}`)},`)
    },
  )

  it('RFC 5198: decomposed accents are composed, so that one person has one form of name', async () => {
    const subject = {
      ...zoe,
      surname: zoe.surname.normalize('NFD'),
      givenNames: zoe.givenNames.normalize('NFD'),
    }
    expect(subject.surname).not.toBe(zoe.surname)
    expect(fieldOf(await textOf((await authority.holder({ subject })).certificate), 'Subject')).toBe(
      fieldOf(await textOf((await authority.holder()).certificate), 'Subject'),
    )
  })

  it('X.520 6.2.9, RGS A4 VII.1: country and serialNumber are PrintableString, all else UTF8String', async () => {
    const { certificate } = await authority.holder()
    const parsed = await readers.run('openssl', 'asn1parse', '-inform', 'DER', '-in', written(certificate))
    const pairs = [...parsed.matchAll(/OBJECT +:(\w+)\n.*: (UTF8STRING|PRINTABLESTRING) +:/g)].map(
      ([, type, kind]) => [type, kind],
    )
    const utf8 = (...types: readonly string[]) => types.map((type) => [type, 'UTF8STRING'])
    const printable = (type: string) => [type, 'PRINTABLESTRING']
    expect(pairs).toEqual([
      ...[printable('countryName'), ...utf8('organizationName', 'organizationalUnitName')],
      ...utf8('organizationIdentifier', 'commonName'),
      ...[
        printable('countryName'),
        ...utf8('organizationName', 'organizationalUnitName', 'surname', 'givenName'),
      ],
      ...[printable('serialNumber'), ...utf8('commonName')],
    ])
  })

  it('RFC 9598: an address that is not ASCII is refused, not written wrongly', async () => {
    await expect(authority.holder({ email: 'zoé@douane.example' })).rejects.toThrow(RangeError)
  })
})

it('the same plan gives the same octets, whatever was written before', () => {
  const signer = signerOf(newPair('ecP256'), 'ecP256')
  const plan = {
    serial: serialOfNumber(1),
    notBefore: '2026-03-02T09:00:00Z',
    notAfter: '2046-03-02T08:59:59Z',
    spki: keyOf(newPair('ecP256')),
    algorithm: signer.algorithm,
  }
  expect(rootTbs(authority.policy, plan)).toEqual(rootTbs(authority.policy, plan))
})
