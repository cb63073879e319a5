import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RevokedEntry } from '../../pki/crl.ts'
import { crlTbs } from '../../pki/crl.ts'
import { toPem } from '../../pki/fields.ts'
import { endOfTime } from '../../pki/time.ts'
import { openAuthority, serialOfNumber, signCrl, started, today, type Authority } from './authority.ts'
import { extensionsOf, fieldOf, openReaders, pemOf, type Readers } from './readers.ts'

let readers: Readers
let authority: Authority
beforeAll(async () => {
  readers = openReaders()
  authority = await openAuthority()
})
afterAll(() => readers.close())

let files = 0
const written = (list: Uint8Array): string => readers.file(`${(files += 1)}.crl`, list)
const openssl = (list: Uint8Array, ...args: readonly string[]): Promise<string> =>
  readers.run('openssl', 'crl', '-inform', 'DER', '-in', written(list), '-noout', ...args)
const gnutls = (list: Uint8Array): Promise<string> =>
  readers.run('certtool', '--crl-info', '--inder', '--infile', written(list))

/** Entries as each reader prints them: serial in lower case, and the rest of what it says. */
const opensslEntries = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/Serial Number: (\S+)\n +Revocation Date: (.*)/g)].map(([, serial = '', date = '']) => [
    serial.toLowerCase(),
    new Date(date).toISOString().replace('.000Z', 'Z'),
  ])
const gnutlsEntries = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/Serial Number \(hex\): (\S+)\n\s+Revoked at: (.*)/g)].map(
    ([, serial = '', date = '']) => [serial, new Date(date).toISOString().replace('.000Z', 'Z')],
  )

/** Types of the fields of the TBSCertList. */
const tagsOf = async (list: Uint8Array): Promise<readonly string[]> => {
  const parsed = await readers.run('openssl', 'asn1parse', '-inform', 'DER', '-in', written(list))
  const fields = parsed.split(/^ *\d+:d=1 /m)[1] ?? ''
  return [...fields.matchAll(/^ *\d+:d=2 .*?(?:prim|cons): (\w+(?: \[ \d+ \])?)/gm)].map(
    ([, tag = '']) => tag,
  )
}

const revokedAt = '2026-03-02T08:00:00Z'
const entriesOf = (...numbers: readonly number[]): readonly RevokedEntry[] =>
  numbers.map((number) => ({ serial: serialOfNumber(number), revokedAt }))

describe('a list of the issuing authority', () => {
  it('RFC 5280 5.1, RGS A4 III: its fields, read by OpenSSL', async () => {
    const text = await openssl(
      await authority.crl({ number: 258 }),
      '-text',
      '-nameopt',
      'utf8,sep_comma_plus,sname',
    )
    expect(fieldOf(text, 'Issuer')).toBe(
      'C=FR,O=MINISTERES ECONOMIQUES ET FINANCIERS,OU=0002 110020013,' +
        'organizationIdentifier=NTRFR-110020013,CN=TEST AC CONFIDENTIALITE MEF QUALIFIEE',
    )
    expect(text).toContain('Version 2 (0x1)')
    expect(fieldOf(text, 'Last Update')).toBe('Mar  2 09:00:00 2026 GMT')
    expect(fieldOf(text, 'Next Update')).toBe('Mar  4 09:00:00 2026 GMT')
    const keyId = Buffer.from(authority.ca.issuer.keyId).toString('hex').toUpperCase().match(/../g)!.join(':')
    expect(extensionsOf(text)).toEqual({
      'X509v3 Authority Key Identifier:': [keyId],
      'X509v3 CRL Number:': ['258'],
      // X.509 9.5.2.8: a GeneralizedTime, which OpenSSL shows as octets.
      '2.5.29.60:': ['..20260302090000Z'],
    })
  })

  it('RFC 5280 5.1.2.3: its issuer is the subject of the authority, octet by octet', async () => {
    const list = await authority.crl()
    const hash = await openssl(list, '-hash')
    const ca = readers.file('ca.pem', pemOf(authority.ca.certificate))
    expect(hash).toBe(await readers.run('openssl', 'x509', '-in', ca, '-noout', '-subject_hash'))
    expect(Buffer.from(list).includes(Buffer.from(authority.ca.issuer.name))).toBe(true)
  })

  it('RFC 5280 5.1.2.6: without an entry, there is no revokedCertificates at all', async () => {
    const empty = await authority.crl()
    const one = await authority.crl({ entries: entriesOf(1) })
    const before = ['INTEGER', 'SEQUENCE', 'SEQUENCE', 'UTCTIME', 'UTCTIME']
    expect(await tagsOf(empty)).toEqual([...before, 'cont [ 0 ]'])
    expect(await tagsOf(one)).toEqual([...before, 'SEQUENCE', 'cont [ 0 ]'])
    expect(await openssl(empty, '-text')).toContain('No Revoked Certificates.')
    expect(await gnutls(empty)).toContain('No revoked certificates.')
  })

  it('CGU-87: a list without end is dated 9999-12-31 23:59:59, in GeneralizedTime', async () => {
    const last = await authority.crl({ nextUpdate: endOfTime, entries: entriesOf(1, 2) })
    expect(fieldOf(await openssl(last, '-text'), 'Next Update')).toBe('Dec 31 23:59:59 9999 GMT')
    expect(fieldOf(await gnutls(last), 'Next at')).toBe('Fri Dec 31 23:59:59 UTC 9999')
    const parsed = await readers.run('openssl', 'asn1parse', '-inform', 'DER', '-in', written(last))
    expect(parsed).toMatch(/GENERALIZEDTIME +:99991231235959Z/)
  })

  it.each([
    ['2049-12-31T23:59:58Z', '2049-12-31T23:59:59Z', ['UTCTIME', 'UTCTIME']],
    ['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z', ['UTCTIME', 'GENERALIZEDTIME']],
    ['2050-01-01T00:00:00Z', '2050-01-03T00:00:00Z', ['GENERALIZEDTIME', 'GENERALIZEDTIME']],
  ])(
    'RFC 5280 5.1.2.4, 5.1.2.6: made %s, next %s: times are %j, of its entries too',
    async (made, next, kinds) => {
      const entries = [{ serial: serialOfNumber(1), revokedAt: made }]
      const list = await authority.crl({ thisUpdate: made, nextUpdate: next, entries })
      expect((await tagsOf(list)).filter((tag) => tag.endsWith('TIME'))).toEqual(kinds)
      const parsed = await readers.run('openssl', 'asn1parse', '-inform', 'DER', '-in', written(list))
      expect(/d=4 .*: (UTCTIME|GENERALIZEDTIME) /.exec(parsed)?.[1]).toBe(kinds[0])
      expect(opensslEntries(await openssl(list, '-text'))).toEqual([[entries[0]!.serial, made]])
      expect(gnutlsEntries(await gnutls(list))).toEqual([[entries[0]!.serial, made]])
    },
  )

  it('RFC 5280 5.3, RGS A2 IX.3.1: entries say which and when, never why, in the order of their numbers', async () => {
    const numbers = Array.from({ length: 300 }, (_, i) => i)
    const dated = numbers.map((number) => ({
      serial: serialOfNumber(number),
      revokedAt: new Date(Date.parse('2020-01-01T00:00:00Z') + number * 86_399_000)
        .toISOString()
        .replace('.000Z', 'Z'),
    }))
    const list = await authority.crl({ entries: dated })
    const expected = dated.map((entry) => [entry.serial, entry.revokedAt]).sort()
    const [text, other] = [await openssl(list, '-text'), await gnutls(list)]
    expect(opensslEntries(text)).toEqual(expected)
    expect(gnutlsEntries(other)).toEqual(expected)
    expect(text).not.toMatch(/CRL entry extensions|Reason/)
    expect(other).toContain('Revoked certificates (300):')
  })

  it('the same entries give the same octets, in whatever order they come', () => {
    const entries = entriesOf(...Array.from({ length: 40 }, (_, i) => i))
    const plan = { issuer: authority.ca.issuer, number: 1, thisUpdate: started, nextUpdate: endOfTime }
    const expected = Buffer.from(crlTbs({ ...plan, entries }))
    fc.assert(
      fc.property(fc.shuffledSubarray([...entries], { minLength: 40 }), (shuffled) =>
        Buffer.from(crlTbs({ ...plan, entries: shuffled })).equals(expected),
      ),
      { seed: 3 },
    )
  })

  it('a list of twenty thousand is read to its end', async () => {
    const list = await authority.crl({ entries: entriesOf(...Array.from({ length: 20_000 }, (_, i) => i)) })
    const serials = opensslEntries(await openssl(list, '-text')).map(([serial]) => serial)
    expect(serials).toHaveLength(20_000)
    expect(serials).toEqual([...serials].sort())
  })

  it.each([0, 1, 127, 128, 255, 256, 65_535, 8_388_608, Number.MAX_SAFE_INTEGER])(
    'RFC 5280 5.2.3: number %i is read as it is',
    async (number) => {
      const list = await authority.crl({ number })
      const hex = /crlNumber=0x([0-9A-F]+)/.exec(await openssl(list, '-crlnumber'))?.[1] ?? ''
      expect(BigInt(`0x${hex}`)).toBe(BigInt(number))
      expect(BigInt(`0x${fieldOf(await gnutls(list), 'CRL Number \\(not critical\\)')}`)).toBe(BigInt(number))
    },
  )

  it.each([
    ['a number below zero', { number: -1 }],
    ['a number with a fraction', { number: 1.5 }],
    ['a number too great to count with', { number: 2 ** 53 }],
    ['a serial number twice', { entries: entriesOf(1, 2, 1) }],
    ['a serial number that is none', { entries: [{ serial: '00', revokedAt }] }],
    ['a date that is none', { entries: [{ serial: serialOfNumber(1), revokedAt: '2026-02-30T00:00:00Z' }] }],
    ['no next date', { nextUpdate: '' }],
  ])('RFC 5280 5.1.2: %s is never written', async (_, plan) => {
    await expect(authority.crl(plan)).rejects.toThrow(RangeError)
  })
})

describe('trust in a list', () => {
  it('RFC 5280 5.1.1.3: OpenSSL and GnuTLS verify it under its authority, and no other signature', async () => {
    const current = await openAuthority(undefined, today)
    const ca = readers.file('ca.pem', pemOf(current.ca.certificate))
    const isVerified = async (list: Uint8Array): Promise<readonly boolean[]> => {
      const pem = readers.file(`${(files += 1)}.pem`, toPem(list, 'X509 CRL'))
      const trust = ['--verify-crl', '--load-ca-certificate', ca, '--infile', pem]
      return [
        (await openssl(list, '-CAfile', ca)) === 'verify OK',
        await readers.run('certtool', ...trust).then(
          (output) => /Verified\./.test(output),
          () => false,
        ),
      ]
    }
    const entries = entriesOf(1, 2, 3)
    expect(await isVerified(await current.crl({ entries }))).toEqual([true, true])
    const plan = { number: 2, thisUpdate: today, nextUpdate: endOfTime, entries }
    const forged = await signCrl(crlTbs({ ...plan, issuer: current.ca.issuer }), authority.ca.signer)
    expect(await isVerified(forged)).toEqual([false, false])
  })

  it('RFC 5280 6.3: with the list OpenSSL refuses what it names, and only that', async () => {
    const current = await openAuthority(undefined, today)
    const [revoked, good] = [await current.holder(), await current.holder()]
    const list = await current.crl({ entries: [{ serial: revoked.serial, revokedAt: today }] })
    const rootList = await current.crl({ issuer: current.root.issuer })
    const lists = readers.file('lists.pem', toPem(list, 'X509 CRL') + toPem(rootList, 'X509 CRL'))
    const args = [
      ...['verify', '-crl_check_all', '-x509_strict', '-CRLfile', lists],
      ...['-CAfile', readers.file('today-root.pem', pemOf(current.root.certificate))],
      ...['-untrusted', readers.file('today-ca.pem', pemOf(current.ca.certificate))],
    ]
    expect(await readers.run('openssl', ...args, readers.file('good.pem', pemOf(good.certificate)))).toBe(
      'good.pem: OK',
    )
    expect(
      await readers.refuses('openssl', ...args, readers.file('revoked.pem', pemOf(revoked.certificate))),
    ).toContain('error 23 at 0 depth lookup: certificate revoked')
  })
})
