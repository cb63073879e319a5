// Judges what is to be signed, before it is signed: any finding stops it. The rules are one a file in lints/.
import type { Policy } from '../domain/policy/policy.ts'
import { certificateRules } from './lints/certificateRules.ts'
import { crlEntryRules, crlRules } from './lints/crlRules.ts'
import { ocspRules } from './lints/ocspRules.ts'
import { parseCertificate } from './lints/parseCertificate.ts'
import { entriesOf, parseCrl, type CrlEntry, type ParsedCrl } from './lints/parseCrl.ts'
import { parseOcsp } from './lints/parseOcsp.ts'
import { onceForOctets } from './memo.ts'
import type { CertificateRule, Profile } from './lints/rule.ts'
import type { OcspRequest } from './ocspRequest.ts'
import type { SignatureAlgorithm } from './signer.ts'

export type { Profile }

/** A rule that is not kept. `message` never holds a value of the certificate, so that it may be logged. */
export type Finding = Readonly<{ rule: string; citation: string; message: string }>

type Judged = Readonly<{ name: string; citation: string; appliesTo: readonly string[] }>

const finding = ({ name, citation }: Pick<Judged, 'name' | 'citation'>, message: string): Finding => ({
  rule: name,
  citation,
  message,
})

/** What cannot be read cannot be kept to: an exception is a finding. */
const caught = (
  rule: Pick<Judged, 'name' | 'citation'>,
  judge: () => readonly string[],
): readonly Finding[] => {
  try {
    return judge().map((message) => finding(rule, message))
  } catch (error) {
    return [finding(rule, `cannot be read: ${error instanceof Error ? error.message : 'unknown'}`)]
  }
}

const form = { name: 'form', citation: 'X.690; RFC 5280 4.1, 5.1; RFC 6960 4.2.1' }

const parsed = <T>(parse: () => T, judge: (value: T) => readonly Finding[]): readonly Finding[] => {
  let value: T
  try {
    value = parse()
  } catch (error) {
    return [finding(form, error instanceof Error ? error.message : 'unknown')]
  }
  return judge(value)
}

/** Certificates of authorities and responders: the same ones every time. */
const parseIssuer = onceForOctets(parseCertificate)

const rulesOf = (profile: Profile): readonly CertificateRule[] =>
  certificateRules.filter(({ appliesTo }) => appliesTo.includes(profile))

const rulesFor: Readonly<Record<Profile, readonly CertificateRule[]>> = {
  root: rulesOf('root'),
  issuingCa: rulesOf('issuingCa'),
  holder: rulesOf('holder'),
  ocspResponder: rulesOf('ocspResponder'),
}

export type CertificateContext = Readonly<{
  policy: Policy
  /** The issuer's certificate, DER; none for a root. */
  issuer?: Uint8Array
  /** What the key that is going to sign signs with. */
  algorithm?: SignatureAlgorithm
}>

/** @param der a TBSCertificate or a Certificate */
export const lintCertificate = (
  der: Uint8Array,
  profile: Profile,
  { issuer, ...context }: CertificateContext,
): readonly Finding[] =>
  parsed(
    () => ({ subject: parseCertificate(der), ...(issuer && { issuer: parseIssuer(issuer) }) }),
    ({ subject, issuer }) => {
      const facts = { ...context, profile, ...(issuer && { issuer }) }
      return rulesFor[profile].flatMap((rule) => caught(rule, () => rule.check(subject, facts)))
    },
  )

export type CrlContext = Readonly<{
  policy: Policy
  issuer: Uint8Array
  algorithm?: SignatureAlgorithm
  /** The number that this list must have. */
  number?: number
  /** Whether it is the authority's last (CGU-86, CGU-87). */
  last?: boolean
}>

/** @param der a TBSCertList or a CertificateList; a root's when the issuer is one. One finding a rule on entries. */
export const lintCrl = (
  der: Uint8Array,
  { issuer, last = false, ...context }: CrlContext,
): readonly Finding[] =>
  parsed(
    () => ({ list: parseCrl(der), facts: { ...context, last, issuer: parseIssuer(issuer) } }),
    ({ list, facts }) => [
      ...crlRules.flatMap((rule) => caught(rule, () => rule.check(list, facts))),
      ...entryFindings(list),
    ],
  )

/** One pass over the entries for all rules: a list may have a million of them. */
const entryFindings = (list: ParsedCrl): readonly Finding[] => {
  const found = new Map<string, Finding>()
  const walk = (): readonly string[] => {
    const checks = crlEntryRules.map((rule) => ({ rule, check: rule.checkEntries(list) }))
    let before: CrlEntry | undefined
    for (const entry of entriesOf(list)) {
      for (const { rule, check } of checks) {
        const message = check(entry, before)
        if (message !== undefined && !found.has(rule.name)) found.set(rule.name, finding(rule, message))
      }
      before = entry
    }
    return []
  }
  const unreadable = caught({ name: 'entry', citation: 'RFC 5280 5.1.2.6' }, walk)
  return [...unreadable, ...found.values()]
}

export type OcspContext = Readonly<{
  policy: Policy
  issuer: Uint8Array
  /** Certificate of the key that signs: a responder's, or the issuer's own. */
  responder: Uint8Array
  /** The request that is answered. Left out for responses made ahead. */
  asked?: OcspRequest
  /** Whether it is one of the authority's last (CGU-88). */
  last?: boolean
}>

/** @param der a ResponseData or a successful OCSPResponse */
export const lintOcspResponse = (
  der: Uint8Array,
  { issuer, responder, last = false, ...context }: OcspContext,
): readonly Finding[] =>
  parsed(
    () => ({
      response: parseOcsp(der),
      facts: { ...context, last, issuer: parseIssuer(issuer), responder: parseIssuer(responder) },
    }),
    ({ response, facts }) => ocspRules.flatMap((rule) => caught(rule, () => rule.check(response, facts))),
  )
