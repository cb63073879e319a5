// Signatures that the ledger knows, by the key that made them: from the ledger alone, for their comparison with the signer's own count
// (RGS A2 V.4). An outcome is a signature. A plan whose outcome is not there may have been signed, and one whose outcome took its time
// may have been signed twice, before a stop and after it: so many more are understood.
import { aggregateOf } from '../domain/aggregates.ts'
import type { AuthorityEvent } from '../domain/authority.ts'
import type { CertificateEvent } from '../domain/certificate.ts'
import { secondsOf } from '../domain/policy/dates.ts'
import type { CrlEvent } from '../domain/crl.ts'
import type { KeyEvent } from '../domain/key.ts'
import type { OcspEvent } from '../domain/ocsp.ts'
import type { ServiceKeyEvent } from '../domain/serviceKey.ts'
import type { Entry, Ledger } from '../ledger/ledger.ts'
import { idOf } from './projection.ts'

export type SignatureKind =
  'caCertificates' | 'certificates' | 'lists' | 'lastAnswers' | 'answers' | 'reports'
/** Why there may be more signatures than outcomes. */
export type Understood = 'planned' | 'late' | 'abandoned'

export type KnownSignatures = Readonly<{
  servicekey: string
  purpose: string
  /** Whether the module made the key: a plan alone is no key. */
  made: boolean
  recorded: Readonly<Partial<Record<SignatureKind, number>>>
  understood: Readonly<Partial<Record<Understood, number>>>
}>

/** Purposes of keys that wrap, or authenticate, and sign nothing. */
const wrapping: readonly string[] = ['escrowKek', 'dataKek', 'mac']

/** From a plan to its outcome without a stop in between: no process comes back sooner. */
const promptSeconds = 0.5

/** Seconds since 1970, with their thousandths. */
const exactly = (at: string): number => secondsOf(at) + Number(at.slice(19, -1))

type Tally = {
  purpose: string
  made: boolean
  recorded: Partial<Record<SignatureKind, number>>
  understood: Partial<Record<Understood, number>>
}
/** What is planned on a stream: when, how many signatures, whose. */
type Plan = Readonly<{ at: number; count: number; key: string }>

type Gathered = Readonly<{
  keys: Map<string, Tally>
  /** Key of an authority, by its id, and of a responder, by the serial of its certificate. */
  authorities: Map<string, string>
  responders: Map<string, string>
  /** Key of a root, by the digest of its certificate. */
  roots: Map<string, string>
  plans: Map<string, Plan>
  /** Keys that sign nothing. */
  silent: Set<string>
}>

type Event = CertificateEvent | CrlEvent | OcspEvent | AuthorityEvent | KeyEvent | ServiceKeyEvent
type At = Readonly<{ stream: string; id: string; at: number }>

const unknownKey = 'unknown'

const tallyOf = ({ keys }: Gathered, key: string): Tally => {
  const tally = keys.get(key) ?? { purpose: unknownKey, made: false, recorded: {}, understood: {} }
  keys.set(key, tally)
  return tally
}

const record = (
  found: Gathered,
  key: string | undefined,
  [kind, count]: readonly [SignatureKind, number],
) => {
  const { recorded } = tallyOf(found, key ?? unknownKey)
  recorded[kind] = (recorded[kind] ?? 0) + count
}

const understand = (found: Gathered, key: string, [why, count]: readonly [Understood, number]): void => {
  const { understood } = tallyOf(found, key)
  understood[why] = (understood[why] ?? 0) + count
}

const plan = ({ plans, authorities }: Gathered, { stream, at }: At, issuer: string, count = 1): void => {
  plans.set(stream, { at, count, key: authorities.get(issuer) ?? unknownKey })
}

/** The outcome of what is planned on a stream: its signatures are recorded; what took its time may have been signed before a stop too. */
const outcome = (found: Gathered, { stream, at }: At, kind: SignatureKind): void => {
  const planned = found.plans.get(stream)
  if (planned === undefined) return
  found.plans.delete(stream)
  record(found, planned.key, [kind, planned.count])
  if (at - planned.at > promptSeconds) understand(found, planned.key, ['late', planned.count])
}

const abandoned = (found: Gathered, { stream }: At, maybeSigned: boolean): void => {
  const planned = found.plans.get(stream)
  if (planned === undefined) return
  found.plans.delete(stream)
  if (maybeSigned) understand(found, planned.key, ['abandoned', planned.count])
}

/** An issuer's id, of `<issuer>-<number or day>`. */
const issuerIn = (id: string): string => id.slice(0, id.indexOf('-'))

const ofCertificate = (found: Gathered, { type, data }: CertificateEvent, at: At): void => {
  if (type === 'CertificatePlanned') plan(found, at, data.issuer)
  if (type === 'CertificateIssued') outcome(found, at, 'certificates')
  if (type === 'CertificateAbandoned') abandoned(found, at, data.maybeSigned)
}

const ofCrl = (found: Gathered, { type }: CrlEvent, at: At): void => {
  if (type === 'CrlPlanned') plan(found, at, issuerIn(at.id))
  if (type === 'CrlIssued') outcome(found, at, 'lists')
  // The lints look before anything is signed.
  if (type === 'CrlPlanRejected') abandoned(found, at, false)
}

const ofOcsp = (found: Gathered, { type, data }: OcspEvent, at: At): void => {
  if (type === 'FinalOcspPlanned') plan(found, at, issuerIn(at.id), data.count)
  if (type === 'FinalOcspSigned') outcome(found, at, 'lastAnswers')
  if (type === 'OcspActivityRecorded' && data.samples > 0)
    record(found, found.responders.get(data.responders[0] ?? ''), ['answers', data.samples])
}

const ofAuthority = (found: Gathered, { type, data }: AuthorityEvent, at: At): void => {
  if (type === 'CaCertificatePlanned') found.plans.set(at.stream, { at: at.at, count: 1, key: data.signer })
  if (type !== 'CaCertificateInstalled') return
  found.authorities.set(at.id, data.servicekey)
  if (data.sha256 === data.rootSha256) found.roots.set(data.sha256, data.servicekey)
  // Earlier releases did not plan it.
  if (found.plans.has(at.stream)) outcome(found, at, 'caCertificates')
  else record(found, found.roots.get(data.rootSha256), ['caCertificates', 1])
}

const ofServiceKey = (found: Gathered, { type, data }: ServiceKeyEvent, at: At): void => {
  if (type === 'ServiceKeyPlanned' && wrapping.includes(data.purpose)) found.silent.add(at.id)
  if (found.silent.has(at.id)) return
  const tally = tallyOf(found, at.id)
  if (type === 'ServiceKeyPlanned') tally.purpose = data.purpose
  if (type === 'ServiceKeyGenerated') tally.made = true
  if (type === 'ReportPlanned') {
    const planned = found.plans.get(at.stream)
    // Drawn up anew since: what was planned before may have been signed.
    if (planned !== undefined) understand(found, at.id, ['planned', planned.count])
    found.plans.set(at.stream, { at: at.at, count: data.documents.length, key: at.id })
  }
  if (type === 'ReportSigned') outcome(found, at, 'reports')
}

const ofKey = ({ responders }: Gathered, { type, data }: KeyEvent): void => {
  if (type === 'PublicKeyBound' && data.servicekey !== undefined) responders.set(data.serial, data.servicekey)
}

const gatherers: Readonly<Record<string, (found: Gathered, event: never, at: At) => void>> = {
  certificate: ofCertificate,
  crl: ofCrl,
  ocsp: ofOcsp,
  authority: ofAuthority,
  servicekey: ofServiceKey,
  key: ofKey,
}

/**
 * Counts the signatures that are known of each key.
 * @param entries the whole ledger, in its order
 */
export const replaySignatures = async (
  { publicPart }: Pick<Ledger, 'publicPart'>,
  entries: AsyncIterable<Entry>,
): Promise<readonly KnownSignatures[]> => {
  const found: Gathered = {
    ...{ keys: new Map(), authorities: new Map(), responders: new Map(), roots: new Map() },
    plans: new Map(),
    silent: new Set(),
  }
  for await (const entry of entries) {
    const { stream, body } = entry
    const gather = gatherers[stream.slice(0, stream.indexOf('-'))]
    if (gather === undefined) continue
    const event = aggregateOf(stream).decode(publicPart(entry)) as Event
    gather(found, event as never, { stream, id: idOf(stream), at: exactly(body.at) })
  }
  for (const { key, count } of found.plans.values()) understand(found, key, ['planned', count])
  return [...found.keys].map(([servicekey, tally]) => ({ servicekey, ...tally }))
}
