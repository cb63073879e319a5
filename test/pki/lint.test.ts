import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Policy } from '../../domain/policy/policy.ts'
import { addSeconds, addYears } from '../../domain/policy/dates.ts'
import { holderTbs, issuingCaTbs, responderTbs, type HolderPlan } from '../../pki/certificate.ts'
import { crlTbs, type CrlPlan } from '../../pki/crl.ts'
import {
  bits,
  boolean,
  constructed,
  integer,
  nothing,
  octets,
  oid,
  primitive,
  printable,
  sequence,
  tlv,
  utf8,
  type Der,
} from '../../pki/der.ts'
import { read, sequenceOf } from '../../pki/derReader.ts'
import {
  lintCertificate,
  lintCrl,
  lintOcspResponse,
  type CrlContext,
  type Finding,
  type OcspContext,
  type Profile,
} from '../../pki/lint.ts'
import { certificateRules } from '../../pki/lints/certificateRules.ts'
import { crlEntryRules, crlRules } from '../../pki/lints/crlRules.ts'
import { ocspRules } from '../../pki/lints/ocspRules.ts'
import { oids } from '../../pki/lints/oids.ts'
import { assembleOcspResponse, ocspTbs, type OcspPlan, type OcspStatus } from '../../pki/ocsp.ts'
import { parseOcspRequest, type CertId, type OcspRequest } from '../../pki/ocspRequest.ts'
import { keyHash } from '../../pki/fields.ts'
import { endOfTime, generalizedTime, time } from '../../pki/time.ts'
import {
  openAuthority,
  policyWith,
  serialOfNumber,
  signCrl,
  spkiOf,
  started,
  yearsFrom,
  zoe,
  type Authority,
} from './authority.ts'
import {
  add,
  change,
  criticalField,
  extension,
  extensions,
  extensionValue,
  field,
  insert,
  longLength,
  newExtension,
  subject,
  unsorted,
} from './parts.ts'

let authority: Authority
let holderKey: Uint8Array
let responderKey: Uint8Array
beforeAll(async () => {
  authority = await openAuthority()
  holderKey = spkiOf((await authority.holder()).pair)
  responderKey = authority.responder.signer.spki
})

const rulesOf = (findings: readonly Finding[]): readonly string[] => [
  ...new Set(findings.map(({ rule }) => rule)),
]

/** The TBS part of what is signed. */
const tbsOf = (signed: Uint8Array): Der => sequenceOf(read(signed))[0]!.der

const holder = (plan: Partial<HolderPlan> = {}, policy = authority.policy): Der => {
  const notBefore = plan.notBefore ?? started
  return holderTbs(policy, {
    ...{ serial: serialOfNumber(50), notBefore, notAfter: yearsFrom(notBefore, 3), spki: holderKey },
    ...{ issuer: authority.ca.issuer, subject: zoe, email: 'zoe.dete-brule@douane.example' },
    ...plan,
  })
}
const issuingCa = (plan: object = {}, policy = authority.policy): Der =>
  issuingCaTbs(policy, {
    ...{ serial: serialOfNumber(51), notBefore: started, notAfter: yearsFrom(started, 10) },
    ...{ spki: authority.ca.signer.spki, issuer: authority.root.issuer, ...plan },
  })
const responder = (plan: object = {}): Der =>
  responderTbs(authority.policy, {
    ...{ serial: serialOfNumber(52), notBefore: started, notAfter: addSeconds(started, 30 * 86_400 - 1) },
    ...{ spki: responderKey, issuer: authority.ca.issuer, ...plan },
  })

type Broken = Readonly<{ der: Der; policy?: Policy; issuer?: Uint8Array }>
const judge = (profile: Profile, { der, ...context }: Broken): readonly Finding[] => {
  const issuer = profile === 'issuingCa' ? authority.root.certificate : authority.ca.certificate
  return lintCertificate(der, profile, {
    policy: authority.policy,
    ...(profile === 'root' ? {} : { issuer }),
    ...context,
  })
}

const otherKeyId = new Uint8Array(20).fill(7)
const withPublication = (publication: Partial<Policy['publication']>): Policy => ({
  ...authority.policy,
  publication: { ...authority.policy.publication, ...publication },
})
const withHolder = (given: Partial<Policy['holder']>): Policy => ({
  ...authority.policy,
  holder: { ...authority.policy.holder, ...given },
})
const keyUsageOf = (bits: string) => (): Der => Buffer.from(bits, 'hex')
const emails = (...addresses: readonly string[]): Der =>
  sequence(...addresses.map((address) => primitive(1, Buffer.from(address))))
/** A SubjectPublicKeyInfo of RSA, of these numbers. */
const rsaOf = (...numbers: readonly bigint[]): Der =>
  sequence(sequence(oid('1.2.840.113549.1.1.1'), nothing), bits(sequence(...numbers.map(integer))))
const modulusOf = (size: bigint): bigint => (1n << (size - 1n)) + 1n
const sha1WithRsa = sequence(oid('1.2.840.113549.1.1.5'), nothing)

type Row = readonly [rule: string, what: string, profile: Profile, broken: () => Broken]

const certificates: readonly Row[] = [
  [
    'authorityIdentity',
    'another name than the policy has',
    'issuingCa',
    () => ({ der: subject(issuingCa(), oids.commonName, utf8('TEST AC AUTRE')) }),
  ],
  [
    'authorityInfoAccess',
    'the responders in another order',
    'holder',
    () => ({ der: holder({}, withPublication({ ocsp: authority.policy.publication.ocsp.toReversed() })) }),
  ],
  [
    'authorityKeyIdentifier',
    "not the issuer's key",
    'holder',
    () => ({ der: holder({ issuer: { ...authority.ca.issuer, keyId: otherKeyId } }) }),
  ],
  [
    'authorityValidity',
    'eleven years where the policy has ten',
    'issuingCa',
    () => ({ der: issuingCa({ notAfter: yearsFrom(started, 11) }) }),
  ],
  [
    'basicConstraints',
    'path length 1',
    'issuingCa',
    () => ({
      der: extensionValue(issuingCa(), oids.basicConstraints, () => sequence(boolean(true), integer(1))),
    }),
  ],
  [
    'basicConstraints',
    'a root with a path length',
    'root',
    () => ({
      der: extensionValue(tbsOf(authority.root.certificate), oids.basicConstraints, () =>
        sequence(boolean(true), integer(0)),
      ),
    }),
  ],
  [
    'certificatePolicies',
    'another policy',
    'holder',
    () => ({ der: holder({}, withHolder({ policyOid: '1.2.250.1.131.1.11.7.3.1.2' })) }),
  ],
  [
    'countryCode',
    'in small letters',
    'holder',
    () => ({ der: subject(holder(), oids.country, printable('fr')) }),
  ],
  [
    'cpsUri',
    'another document',
    'holder',
    () => ({ der: holder({}, withHolder({ cpsUri: 'https://igc.finances.gouv.fr/autre.pdf' })) }),
  ],
  [
    'criticality',
    'a critical authorityKeyIdentifier',
    'holder',
    () => ({ der: criticalField(holder(), oids.authorityKeyIdentifier, true) }),
  ],
  [
    'criticality',
    'a keyUsage that is not critical',
    'holder',
    () => ({ der: extension(holder(), oids.keyUsage, (der) => change(der, 1, () => undefined)) }),
  ],
  [
    'crlDistributionPoints',
    'a list less',
    'holder',
    () => ({ der: holder({}, withPublication({ crl: authority.policy.publication.crl.slice(1) })) }),
  ],
  [
    'defaultsLeftOut',
    'critical FALSE, written',
    'holder',
    () => ({ der: criticalField(holder(), oids.authorityKeyIdentifier, false) }),
  ],
  [
    'extendedKeyUsage',
    'none where the policy has one',
    'holder',
    () => ({ der: holder({}, withHolder({ emailProtection: false })) }),
  ],
  [
    'extendedKeyUsage',
    'one too many',
    'ocspResponder',
    () => ({
      der: extensionValue(responder(), oids.extendedKeyUsage, (list) => add(list, oid('1.3.6.1.5.5.7.3.2'))),
    }),
  ],
  [
    'extensionsAllowed',
    'inhibitAnyPolicy',
    'holder',
    () => ({ der: extensions(holder(), (list) => add(list, newExtension('2.5.29.54', integer(0)))) }),
  ],
  [
    'extensionsAllowed',
    'basicConstraints of a holder (X.690 11.5)',
    'holder',
    () => ({
      der: extensions(holder(), (list) =>
        add(list, sequence(oid(oids.basicConstraints), boolean(true), octets(sequence()))),
      ),
    }),
  ],
  [
    'extensionsOnce',
    'keyUsage twice',
    'holder',
    () => ({
      der: extensions(holder(), (list) =>
        add(list, sequence(oid(oids.keyUsage), boolean(true), octets(Buffer.from('03020520', 'hex')))),
      ),
    }),
  ],
  [
    'extensionsRequired',
    'no authorityKeyIdentifier',
    'holder',
    () => ({ der: extension(holder(), oids.authorityKeyIdentifier, () => undefined) }),
  ],
  [
    'holderValidity',
    'a second more than three years',
    'holder',
    () => ({ der: holder({ notAfter: addYears(started, 3) }) }),
  ],
  [
    'holderValidity',
    'a second less',
    'holder',
    () => ({ der: holder({ notAfter: addSeconds(yearsFrom(started, 3), -1) }) }),
  ],
  [
    'httpOnly',
    'a responder over https',
    'holder',
    () => {
      const policy = withPublication({ ocsp: ['https://ocsp-ac-mef.finances.gouv.fr/'] })
      return { der: holder({}, policy), policy }
    },
  ],
  [
    'issuerMaySign',
    'an issuer that may only sign lists',
    'holder',
    () => ({
      der: holder(),
      issuer: extensionValue(tbsOf(authority.ca.certificate), oids.keyUsage, keyUsageOf('03020102')),
    }),
  ],
  [
    'issuerName',
    'the same name in another string type',
    'holder',
    () => ({
      der: change(holder(), field.issuer, (name) =>
        change(name, 1, () =>
          tlv(0x31, sequence(oid(oids.organization), printable('MINISTERES ECONOMIQUES ET FINANCIERS'))),
        ),
      ),
    }),
  ],
  [
    'keyOfItsOwn',
    "the issuer's own key",
    'ocspResponder',
    () => ({ der: responder({ spki: authority.ca.signer.spki }) }),
  ],
  [
    'keyUsage',
    'digitalSignature beside keyEncipherment',
    'holder',
    () => ({ der: extensionValue(holder(), oids.keyUsage, keyUsageOf('030205a0')) }),
  ],
  [
    'keyUsage',
    'dataEncipherment beside keyEncipherment',
    'holder',
    () => ({ der: extensionValue(holder(), oids.keyUsage, keyUsageOf('03020430')) }),
  ],
  [
    'keyUsageBits',
    'zero bits at the end',
    'holder',
    () => ({ der: extensionValue(holder(), oids.keyUsage, keyUsageOf('03020020')) }),
  ],
  [
    'ocspNoCheck',
    'an empty SEQUENCE',
    'ocspResponder',
    () => ({ der: extensionValue(responder(), oids.noCheck, () => sequence()) }),
  ],
  [
    'organizationIdentifier',
    "another's SIREN",
    'ocspResponder',
    () => ({ der: subject(responder(), oids.organizationIdentifier, utf8('NTRFR-999999999')) }),
  ],
  [
    'organizationalUnit',
    'another identifier system',
    'holder',
    () => ({ der: subject(holder(), oids.organizationalUnit, utf8('0003 110020013')) }),
  ],
  [
    'pathLength',
    'an issuer that may certify no authority',
    'issuingCa',
    () => ({
      der: issuingCa(),
      issuer: extensionValue(tbsOf(authority.root.certificate), oids.basicConstraints, () =>
        sequence(boolean(true), integer(0)),
      ),
    }),
  ],
  [
    'personNumber',
    'a matricule',
    'holder',
    () => ({ der: subject(holder(), oids.serialNumber, printable('0012345678')) }),
  ],
  [
    'publicKey',
    'RSA of 3071 bits',
    'holder',
    () => ({ der: holder({ spki: rsaOf(modulusOf(3071n), 65_537n) }) }),
  ],
  ['publicKey', 'an elliptic curve for a holder', 'holder', () => ({ der: holder({ spki: responderKey }) })],
  [
    'publicKey',
    'a public exponent of 3',
    'holder',
    () => ({ der: holder({ spki: rsaOf(modulusOf(3072n), 3n) }) }),
  ],
  [
    'publicKey',
    'a number beside modulus and exponent',
    'holder',
    () => ({ der: holder({ spki: rsaOf(modulusOf(3072n), 65_537n, 1n) }) }),
  ],
  [
    'responderValidity',
    'thirty days and two seconds',
    'ocspResponder',
    () => ({ der: responder({ notAfter: addSeconds(started, 30 * 86_400 + 1) }) }),
  ],
  [
    'serialNumber',
    'eight octets',
    'holder',
    () => ({ der: change(holder(), field.serial, () => Buffer.from('02084102030405060708', 'hex')) }),
  ],
  [
    'serialNumber',
    'below zero',
    'holder',
    () => ({ der: change(holder(), field.serial, () => Buffer.from(`0210${'c'.padEnd(32, '1')}`, 'hex')) }),
  ],
  ['serialNumber', 'zero', 'holder', () => ({ der: change(holder(), field.serial, () => integer(0)) })],
  [
    'signatureAlgorithm',
    'SHA-1',
    'holder',
    () => ({ der: change(holder(), field.algorithm, () => sha1WithRsa) }),
  ],
  [
    'strictDer',
    'a SET in the wrong order',
    'holder',
    () => ({ der: unsorted(holder(), oids.surname, oids.givenName) }),
  ],
  [
    'strictDer',
    'a length in more octets than it needs',
    'holder',
    () => ({ der: extensionValue(holder(), oids.authorityKeyIdentifier, longLength) }),
  ],
  [
    'subjectAltName',
    'two addresses',
    'holder',
    () => ({
      der: extensionValue(holder(), oids.subjectAltName, () => emails('a@b.example', 'c@b.example')),
    }),
  ],
  ['subjectAltName', 'no mailbox', 'holder', () => ({ der: holder({ email: 'nobody' }) })],
  ['subjectAttributes', 'no surname', 'holder', () => ({ der: subject(holder(), oids.surname, undefined) })],
  [
    'subjectAttributes',
    'two common names',
    'holder',
    () => ({
      der: change(holder(), field.subject, (name) =>
        add(name, tlv(0x31, sequence(oid(oids.commonName), utf8('TEST Zoë')))),
      ),
    }),
  ],
  [
    'subjectEncoding',
    'a PrintableString',
    'holder',
    () => ({ der: subject(holder(), oids.organization, printable('DGDDI')) }),
  ],
  [
    'subjectKeyIdentifier',
    'of another key',
    'holder',
    () => ({ der: extensionValue(holder(), oids.subjectKeyIdentifier, () => octets(otherKeyId)) }),
  ],
  [
    'subjectText',
    'space at the end',
    'holder',
    () => ({ der: subject(holder(), oids.organization, utf8('DGDDI ')) }),
  ],
  [
    'subjectText',
    'sixty-five characters',
    'holder',
    () => ({ der: subject(holder(), oids.organization, utf8('É'.repeat(65))) }),
  ],
  [
    'subjectText',
    'a direction that is turned',
    'holder',
    () => ({ der: subject(holder(), oids.organization, utf8('DG\u202eIDD')) }),
  ],
  [
    'subjectText',
    'accents apart from their letters',
    'holder',
    () => ({ der: subject(holder(), oids.organization, tlv(0x0c, Buffer.from('DGDDÉ'.normalize('NFD')))) }),
  ],
  [
    'testMark',
    'a name without TEST in a test environment',
    'holder',
    () => ({ der: subject(holder(), oids.surname, utf8("D'Été-Brûlé")) }),
  ],
  [
    'testMark',
    'TEST in production',
    'holder',
    () => ({ der: holder(), policy: policyWith('ecP384', 'production') }),
  ],
  [
    'uniqueIdentifiers',
    'one of the subject',
    'holder',
    () => ({ der: insert(holder(), 7, primitive(2, Uint8Array.of(0, 1))) }),
  ],
  [
    'validityEncoding',
    '2026 in GeneralizedTime',
    'holder',
    () => ({
      der: change(holder(), field.validity, (dates) => change(dates, 0, () => generalizedTime(started))),
    }),
  ],
  [
    'validityOrder',
    'an end before its beginning',
    'ocspResponder',
    () => ({ der: responder({ notBefore: addSeconds(started, 60), notAfter: addSeconds(started, 30) }) }),
  ],
  [
    'validityWithinIssuer',
    'before its issuer',
    'holder',
    () => ({ der: holder({ notBefore: addSeconds(started, -1) }) }),
  ],
  [
    'validityWithinIssuer',
    'after its issuer',
    'holder',
    () => ({ der: holder({ notBefore: '2034-01-01T00:00:00Z' }) }),
  ],
  [
    'version',
    'version 2',
    'holder',
    () => ({ der: change(holder(), field.version, () => constructed(0, integer(1))) }),
  ],
]

const named = (rules: readonly { name: string }[]): readonly string[] => rules.map(({ name }) => name).sort()
const inTable = (rows: readonly (readonly [string, ...unknown[]])[]): readonly string[] =>
  [...new Set(rows.map(([rule]) => rule))].sort()

describe('certificates', () => {
  it('every rule is broken in the table', () => {
    expect(inTable(certificates)).toEqual(named(certificateRules))
  })

  it.each(certificates)('%s: %s', (rule, _, profile, broken) => {
    const findings = judge(profile, broken())
    expect(rulesOf(findings)).toEqual([rule])
    // A finding may be logged: nothing of the person is in it.
    expect(JSON.stringify(findings)).not.toMatch(/Zo|Br.l|dete|0012345678|DGDDI/)
  })

  it('each rule names where it is written, and is the only one of its name', () => {
    const all = [...certificateRules, ...crlRules, ...crlEntryRules, ...ocspRules]
    expect(new Set(named(all)).size).toBe(all.length)
    for (const { citation, appliesTo } of all)
      expect([citation.length > 3, appliesTo.length > 0]).toEqual([true, true])
  })

  it.each([
    ['test', ['ecP256', 'rsa3072']],
    ['production', ['ecP384', 'rsa4096']],
  ] as const)('what the builders write is found in order, in %s', async (environment, algorithms) => {
    for (const algorithm of algorithms) {
      const made = await openAuthority(policyWith(algorithm, environment))
      const { policy, root, ca } = made
      const people = [await made.holder(), await made.holder({ email: null })]
      const signed: readonly (readonly [Profile, Uint8Array, Uint8Array | undefined])[] = [
        ['root', root.certificate, undefined],
        ['issuingCa', ca.certificate, root.certificate],
        ['ocspResponder', made.responder.certificate, ca.certificate],
        ...people.map(({ certificate }) => ['holder', certificate, ca.certificate] as const),
      ]
      for (const [profile, certificate, issuer] of signed)
        for (const der of [certificate, tbsOf(certificate)]) {
          const context = { policy, algorithm: ca.signer.algorithm, ...(issuer && { issuer }) }
          expect(lintCertificate(der, profile, context)).toEqual([])
        }
    }
  })

  it('signatureAlgorithm: another one outside, and another than the key has', async () => {
    const { certificate } = await authority.holder()
    const { policy, ca } = authority
    const outside = change(certificate, 1, () => sha1WithRsa)
    const context = { policy, issuer: ca.certificate }
    expect(rulesOf(lintCertificate(outside, 'holder', context))).toEqual(['signatureAlgorithm'])
    expect(
      rulesOf(lintCertificate(certificate, 'holder', { ...context, algorithm: 'sha256WithRSA' })),
    ).toEqual(['signatureAlgorithm'])
  })

  it('what is no certificate at all is one finding of form', () => {
    for (const der of [new Uint8Array(), Uint8Array.of(0x30, 0x80), sequence(), integer(1)])
      expect(rulesOf(judge('holder', { der }))).toEqual(['form'])
  })

  it('a certificate of one profile is none of another', () => {
    expect(judge('ocspResponder', { der: holder() })).not.toEqual([])
    expect(judge('holder', { der: responder() })).not.toEqual([])
    expect(judge('issuingCa', { der: tbsOf(authority.root.certificate) })).not.toEqual([])
  })
})

const crlPlan = (plan: Partial<CrlPlan> = {}): Der =>
  crlTbs({
    ...{
      issuer: authority.ca.issuer,
      number: 7,
      thisUpdate: started,
      nextUpdate: addSeconds(started, 48 * 3600),
    },
    ...{ entries: [], ...plan },
  })
const entry = (serial: string, date = started, ...more: readonly Der[]): Der =>
  sequence(tlv(2, Buffer.from(serial, 'hex')), time(date), ...more)
/** With entries as they are given, in their order. */
const entered = (...entries: readonly Der[]): Der => insert(crlPlan(), 5, sequence(...entries))
const serials = [serialOfNumber(1), serialOfNumber(2)].sort()

type BrokenCrl = Readonly<{ der: Der }> & Partial<CrlContext>
const judgeCrl = ({ der, ...context }: BrokenCrl): readonly Finding[] =>
  lintCrl(der, { policy: authority.policy, issuer: authority.ca.certificate, number: 7, ...context })

const lists: readonly (readonly [rule: string, what: string, broken: () => BrokenCrl])[] = [
  ['crlAlgorithm', 'SHA-1', () => ({ der: change(crlPlan(), 1, () => sha1WithRsa) })],
  ['crlAlgorithm', 'not that of the key', () => ({ der: crlPlan(), algorithm: 'sha256WithRSA' })],
  [
    'crlAuthorityKeyIdentifier',
    'of another key',
    () => ({ der: crlPlan({ issuer: { ...authority.ca.issuer, keyId: otherKeyId } }) }),
  ],
  ['crlCriticality', 'a critical number', () => ({ der: criticalField(crlPlan(), oids.crlNumber, true) })],
  [
    'crlDates',
    '2026 in GeneralizedTime',
    () => ({ der: change(crlPlan(), 3, () => generalizedTime(started)) }),
  ],
  [
    'crlExtensions',
    'a delta list',
    () => ({ der: extensions(crlPlan(), (list) => add(list, newExtension('2.5.29.27', integer(1)))) }),
  ],
  [
    'crlExtensions',
    'a partial list',
    () => ({ der: extensions(crlPlan(), (list) => add(list, newExtension('2.5.29.28', sequence()))) }),
  ],
  [
    'crlIssuerMaySign',
    'an issuer that may only sign certificates',
    () => ({
      der: crlPlan(),
      issuer: extensionValue(tbsOf(authority.ca.certificate), oids.keyUsage, keyUsageOf('03020204')),
    }),
  ],
  [
    'crlIssuerName',
    'the same name in another string type',
    () => ({
      der: change(crlPlan(), 2, (name) =>
        change(name, 1, () =>
          tlv(0x31, sequence(oid(oids.organization), printable('MINISTERES ECONOMIQUES ET FINANCIERS'))),
        ),
      ),
    }),
  ],
  ['crlNoEmptyList', 'a list of nothing', () => ({ der: entered() })],
  ['crlNumber', 'not the next', () => ({ der: crlPlan({ number: 8 }) })],
  [
    'crlNumber',
    'below zero',
    () => ({ der: extensionValue(crlPlan(), oids.crlNumber, () => Buffer.from('0201f9', 'hex')) }),
  ],
  [
    'crlNumber',
    'twenty-one octets',
    () => ({
      der: extensionValue(crlPlan(), oids.crlNumber, () => tlv(2, Buffer.from('01'.repeat(21), 'hex'))),
    }),
  ],
  ['crlOrder', 'the next at the same time', () => ({ der: crlPlan({ nextUpdate: started }) })],
  [
    'crlPeriod',
    'two days and a second',
    () => ({ der: crlPlan({ nextUpdate: addSeconds(started, 48 * 3600 + 1) }) }),
  ],
  ['crlPeriod', 'a last list that ends', () => ({ der: crlPlan(), last: true })],
  ['crlPeriod', 'no end, though there are more to come', () => ({ der: crlPlan({ nextUpdate: endOfTime }) })],
  [
    'crlStrictDer',
    'a length in more octets than it needs',
    () => ({ der: extensionValue(crlPlan(), oids.authorityKeyIdentifier, longLength) }),
  ],
  ['crlVersion', 'version 1', () => ({ der: change(crlPlan(), 0, () => integer(0)) })],
  [
    'entryDate',
    'revoked after the list was made',
    () => ({ der: crlPlan({ entries: [{ serial: serials[0]!, revokedAt: addSeconds(started, 1) }] }) }),
  ],
  [
    'entryDate',
    '2026 in GeneralizedTime',
    () => ({ der: entered(change(entry(serials[0]!), 1, () => generalizedTime(started))) }),
  ],
  [
    'entryExtensions',
    'a cause',
    () => ({
      der: entered(entry(serials[0]!, started, sequence(newExtension('2.5.29.21', Uint8Array.of(10, 1, 1))))),
    }),
  ],
  [
    'entryOrder',
    'backwards',
    () => ({ der: entered(...serials.toReversed().map((serial) => entry(serial))) }),
  ],
  [
    'entryOrder',
    'twice',
    () => ({ der: entered(...[serials[0]!, serials[0]!].map((serial) => entry(serial))) }),
  ],
  ['entrySerial', 'eight octets', () => ({ der: entered(entry('4102030405060708')) })],
  [
    'expiredCertsOnCrl',
    'of another beginning',
    () => ({ der: crlPlan({ issuer: { ...authority.ca.issuer, notBefore: '2026-03-02T09:00:01Z' } }) }),
  ],
]

describe('lists', () => {
  it('every rule is broken in the table', () => {
    expect(inTable(lists)).toEqual(named([...crlRules, ...crlEntryRules]))
  })

  it.each(lists)('%s: %s', (rule, _, broken) => {
    expect(rulesOf(judgeCrl(broken()))).toEqual([rule])
  })

  it('what the builder writes is found in order: empty, with entries, the last, and the root’s', async () => {
    const { policy, ca, root } = authority
    const entries = serials.map((serial) => ({ serial, revokedAt: started }))
    const year = addSeconds(addYears(started, 1), -1)
    const cases: readonly (readonly [Partial<CrlPlan>, Partial<CrlContext>])[] = [
      [{}, {}],
      [{ entries }, { number: 7 }],
      [{ entries, nextUpdate: endOfTime }, { last: true }],
      [{ issuer: root.issuer, nextUpdate: year }, { issuer: root.certificate }],
    ]
    for (const [plan, context] of cases) {
      const tbs = crlPlan(plan)
      const signer = plan.issuer === root.issuer ? root.signer : ca.signer
      for (const der of [tbs, await signCrl(tbs, signer)])
        expect(
          lintCrl(der, { policy, issuer: ca.certificate, algorithm: signer.algorithm, ...context }),
        ).toEqual([])
    }
  })

  it('a thousand entries that break the same rule are one finding', () => {
    const entries = Array.from({ length: 1000 }, () => entry('41'))
    expect(
      judgeCrl({ der: entered(...entries) })
        .map(({ rule }) => rule)
        .sort(),
    ).toEqual(['entryOrder', 'entrySerial'])
  })

  it('what cannot be read is a finding: no list at all, and an entry that is none', () => {
    expect(rulesOf(judgeCrl({ der: sequence() }))).toEqual(['form'])
    expect(rulesOf(judgeCrl({ der: entered(integer(1)) }))).toEqual(['entry'])
  })
})

const certIdOf = (issuer: { name: Uint8Array; spki: Uint8Array }, serial: string): Der =>
  sequence(
    sequence(oid('2.16.840.1.101.3.4.2.1'), nothing),
    octets(createHash('sha256').update(issuer.name).digest()),
    octets(keyHash(issuer.spki, 'sha256')),
    tlv(2, Buffer.from(serial, 'hex')),
  )
const nonceOid = oids.nonce
const askFor = (certId: Der, nonce?: Uint8Array): OcspRequest => {
  const more = nonce === undefined ? [] : [constructed(2, sequence(newExtension(nonceOid, octets(nonce))))]
  const request = parseOcspRequest(sequence(sequence(sequence(sequence(certId)), ...more)))
  if ('error' in request) throw new Error(request.error)
  return request
}
const nonce = new Uint8Array(32).fill(9)
const asked = (given?: Uint8Array): OcspRequest => askFor(certIdOf(authority.ca.issuer, serials[0]!), given)

const response = (request: OcspRequest, plan: Partial<OcspPlan> = {}, status: OcspStatus = 'good'): Der =>
  ocspTbs({
    ...{ responderSpki: responderKey, producedAt: started, thisUpdate: started },
    ...{ nextUpdate: addSeconds(started, 3600), archiveCutoff: started },
    answers: request.requests.map((certId: Pick<CertId, 'der'>) => ({ certId, status })),
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
    ...plan,
  })
/** The only SingleResponse of a ResponseData, changed. */
const single = (data: Der, to: (one: Der) => Der): Der => change(data, 2, (list) => change(list, 0, to))

type BrokenOcsp = Readonly<{ der: Der }> & Partial<OcspContext>
const judgeOcsp = ({ der, ...context }: BrokenOcsp): readonly Finding[] =>
  lintOcspResponse(der, {
    ...{
      policy: authority.policy,
      issuer: authority.ca.certificate,
      responder: authority.responder.certificate,
    },
    ...{ asked: asked(), ...context },
  })

const answers: readonly (readonly [rule: string, what: string, broken: () => BrokenOcsp])[] = [
  [
    'archiveCutoff',
    'of another beginning',
    () => ({ der: response(asked(), { archiveCutoff: '2026-03-02T09:00:01Z' }) }),
  ],
  [
    'archiveCutoff',
    'none',
    () => ({ der: single(response(asked()), (one) => change(one, 4, () => undefined)) }),
  ],
  [
    'askedCertIds',
    'another certificate',
    () => ({ der: response(askFor(certIdOf(authority.ca.issuer, serials[1]!))) }),
  ],
  ['askedCertIds', 'no response', () => ({ der: response(asked(), { answers: [] }) })],
  [
    'certIdIssuer',
    "another issuer's certificate",
    () => {
      const request = askFor(certIdOf(authority.root.issuer, serials[0]!))
      return { der: response(request), asked: request }
    },
  ],
  [
    'certStatus',
    'revoked, with its cause',
    () => ({
      der: single(response(asked(), {}, { revokedAt: started }), (one) =>
        change(one, 1, (status) => add(status, constructed(0, Uint8Array.of(10, 1, 1)))),
      ),
    }),
  ],
  [
    'ocspExtensions',
    'one that is not asked for',
    () => ({
      der: add(response(asked()), constructed(1, sequence(newExtension('1.3.6.1.5.5.7.48.1.9', nothing)))),
    }),
  ],
  [
    'ocspExtensions',
    'critical FALSE, written',
    () => ({
      der: change(response(asked(nonce)), 3, (tagged) =>
        change(tagged, 0, (list) => change(list, 0, (one) => insert(one, 1, boolean(false)))),
      ),
      asked: asked(nonce),
    }),
  ],
  ['ocspNonce', 'none', () => ({ der: response(asked()), asked: asked(nonce) })],
  ['ocspNonce', 'another', () => ({ der: response(asked(new Uint8Array(32))), asked: asked(nonce) })],
  [
    'ocspNonce',
    'in a last response',
    () => ({ der: response(asked(nonce), { nextUpdate: endOfTime }), asked: asked(nonce), last: true }),
  ],
  [
    'ocspOrder',
    'produced before the status was known',
    () => ({ der: response(asked(), { thisUpdate: addSeconds(started, 1) }) }),
  ],
  [
    'ocspOrder',
    'revoked tomorrow',
    () => ({ der: response(asked(), {}, { revokedAt: addSeconds(started, 86_400) }) }),
  ],
  [
    'ocspPeriod',
    'an hour and a second',
    () => ({ der: response(asked(), { nextUpdate: addSeconds(started, 3601) }) }),
  ],
  ['ocspPeriod', 'a last response that ends', () => ({ der: response(asked()), last: true })],
  [
    'ocspStrictDer',
    'a NULL with content',
    () => {
      const strange = change(certIdOf(authority.ca.issuer, serials[0]!), 0, (algorithm) =>
        change(algorithm, 1, () => Uint8Array.of(5, 1, 0)),
      )
      return {
        der: single(response(asked(), {}, 'unknown'), (one) => change(one, 0, () => strange)),
        asked: { requests: [{ ...asked().requests[0]!, der: strange }] },
      }
    },
  ],
  ['ocspTimes', 'UTCTime', () => ({ der: change(response(asked()), 1, () => time(started)) })],
  [
    'ocspVersion',
    'the default, written',
    () => ({ der: insert(response(asked()), 0, constructed(0, integer(0))) }),
  ],
  [
    'responderAuthorised',
    'a responder that was not certified to be one',
    () => ({
      der: response(asked()),
      responder: extensionValue(tbsOf(authority.responder.certificate), oids.extendedKeyUsage, () =>
        sequence(oid(oids.emailProtection)),
      ),
    }),
  ],
  [
    'responderAuthorised',
    'a responder of another issuer',
    () => ({
      der: response(asked()),
      responder: change(
        tbsOf(authority.responder.certificate),
        field.issuer,
        () => authority.root.issuer.name,
      ),
    }),
  ],
  [
    'responderCertificate',
    'without its certificate',
    () => ({
      der: assembleOcspResponse(
        response(asked()),
        { algorithm: 'ecdsaWithSHA256', signature: new Uint8Array(8) },
        [],
      ),
    }),
  ],
  [
    'responderCertificate',
    'with the whole chain',
    () => ({
      der: assembleOcspResponse(
        response(asked()),
        { algorithm: 'ecdsaWithSHA256', signature: new Uint8Array(8) },
        [authority.responder.certificate, authority.ca.certificate],
      ),
    }),
  ],
  [
    'responderId',
    'by name',
    () => ({ der: change(response(asked()), 0, () => constructed(1, authority.responder.issuer.name)) }),
  ],
  [
    'responderId',
    'of another key',
    () => ({ der: response(asked(), { responderSpki: authority.ca.signer.spki }) }),
  ],
  [
    'responderInForce',
    'after the certificate has ended',
    () => ({
      der: response(asked()),
      responder: change(tbsOf(authority.responder.certificate), field.validity, () =>
        sequence(time('2026-01-01T00:00:00Z'), time('2026-03-02T08:59:59Z')),
      ),
    }),
  ],
]

describe('OCSP responses', () => {
  it('every rule is broken in the table', () => {
    expect(inTable(answers)).toEqual(named(ocspRules))
  })

  it.each(answers)('%s: %s', (rule, _, broken) => {
    expect(rulesOf(judgeOcsp(broken()))).toEqual([rule])
  })

  it('what the builder writes is found in order: each status, with a nonce or without, and the last ones', () => {
    for (const status of ['good', 'unknown', { revokedAt: started }] as const)
      for (const request of [asked(), asked(nonce)])
        expect(judgeOcsp({ der: response(request, {}, status), asked: request })).toEqual([])
    const last = { responderSpki: authority.ca.signer.spki, nextUpdate: endOfTime }
    expect(
      judgeOcsp({ der: response(asked(), last), responder: authority.ca.certificate, last: true }),
    ).toEqual([])
  })

  it('what is no response is one finding of form', () => {
    for (const der of [new Uint8Array(), sequence(), sequence(Uint8Array.of(10, 1, 1))])
      expect(rulesOf(judgeOcsp({ der }))).toEqual(['form'])
  })
})
