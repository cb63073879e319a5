// The form of a rule. Rules are written apart from the builder: they share no code with it, read DER by derReader.ts and
// decode with @peculiar/asn1-x509, and take what to expect from the regulation and the policy.
import type { Policy } from '../../domain/policy/policy.ts'
import type { OcspRequest } from '../ocspRequest.ts'
import type { SignatureAlgorithm } from '../signer.ts'
import type { ParsedCertificate } from './parseCertificate.ts'
import type { CrlEntry, ParsedCrl } from './parseCrl.ts'
import type { ParsedOcsp } from './parseOcsp.ts'

export type Profile = 'root' | 'issuingCa' | 'holder' | 'ocspResponder'
export type Target = Profile | 'crl' | 'ocsp'

type Rule<P, C> = Readonly<{
  name: string
  /** Where the rule is written. */
  citation: string
  appliesTo: readonly Target[]
  /** What is wrong, in words; nothing when the rule is kept. What it throws is a finding too: the value cannot be read. */
  check: (parsed: P, context: C) => readonly string[]
}>

export type CertificateFacts = Readonly<{
  policy: Policy
  profile: Profile
  /** The issuer's certificate; a root has none. */
  issuer?: ParsedCertificate
  /** What the key at hand signs with. */
  algorithm?: SignatureAlgorithm
}>
export type CertificateRule = Rule<ParsedCertificate, CertificateFacts>

export type CrlFacts = Readonly<{
  policy: Policy
  issuer: ParsedCertificate
  algorithm?: SignatureAlgorithm
  /** The number this list must have. */
  number?: number
  /** The last list of an authority that ends (CGU-87). */
  last: boolean
}>
export type CrlRule = Rule<ParsedCrl, CrlFacts>

type CheckEntry = (entry: CrlEntry, before: CrlEntry | undefined) => string | undefined

/** A rule about each entry of a list: a list may have a million, so they are read once, and one by one. */
export type CrlEntryRule = Omit<CrlRule, 'check'> &
  Readonly<{ checkEntries: (list: ParsedCrl) => CheckEntry }>

export type OcspFacts = Readonly<{
  policy: Policy
  issuer: ParsedCertificate
  /** Certificate of the key that signs: a responder's, or the issuer's own. */
  responder: ParsedCertificate
  /** The request that is answered; none for a response made ahead. */
  asked?: OcspRequest
  /** One of the last responses of an authority that ends (CGU-88). */
  last: boolean
}>
export type OcspRule = Rule<ParsedOcsp, OcspFacts>

export const everyCertificate: readonly Profile[] = ['root', 'issuingCa', 'holder', 'ocspResponder']
export const everySubordinate: readonly Profile[] = ['issuingCa', 'holder', 'ocspResponder']

/** `message` unless `kept`. */
export const unless = (kept: boolean, message: string): readonly string[] => (kept ? [] : [message])

export const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && Buffer.compare(a, b) === 0
