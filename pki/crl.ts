// Certificate revocation lists of the issuing authority and of the root (regulation.md 2.4; RFC 5280 section 5).
import type { Instant } from '../domain/kernel.ts'
import { algorithmIdentifier, signed } from './algorithms.ts'
import { constructed, integer, sequence, tlv, type Der } from './der.ts'
import { authorityKeyIdentifier, crlNumber, expiredCertsOnCrl } from './extensions.ts'
import type { Issuer } from './issuer.ts'
import type { SignatureAlgorithm } from './signer.ts'
import { time } from './time.ts'

export type RevokedEntry = Readonly<{ serial: string; revokedAt: Instant }>

export type CrlPlan = Readonly<{
  issuer: Issuer
  /** The one before plus one (RGS A4 III.2). */
  number: number
  thisUpdate: Instant
  /** `9999-12-31T23:59:59Z` on the last list (CGU-87). */
  nextUpdate: Instant
  /** In any order; fastest when already sorted by serial. */
  entries: Iterable<RevokedEntry>
}>

/**
 * TBSCertList: entries sorted by serial without any extension (causes are confidential, decision D3); the list field
 * itself is absent when there is none (RFC 5280 5.1.2.6). Revoked certificates stay on it after they expire, hence
 * expiredCertsOnCRL from the authority's own beginning.
 * @throws RangeError for a serial, a date or a number that is none, and for a serial given twice
 */
export const crlTbs = (plan: CrlPlan): Uint8Array => {
  if (!Number.isSafeInteger(plan.number) || plan.number < 0) throw new RangeError('not a CRL number')
  const entries = sorted(plan.entries)
  return sequence(
    integer(1),
    algorithmIdentifier(plan.issuer.algorithm),
    plan.issuer.name,
    time(plan.thisUpdate),
    time(plan.nextUpdate),
    ...(entries.length === 0 ? [] : [tlv(0x30, encoded(entries))]),
    constructed(
      0,
      sequence(
        authorityKeyIdentifier(plan.issuer.keyId),
        crlNumber(plan.number),
        expiredCertsOnCrl(plan.issuer.notBefore),
      ),
    ),
  )
}

/** Serials all have 32 digits, so the order of their texts is the order of their numbers. */
const sorted = (given: Iterable<RevokedEntry>): readonly RevokedEntry[] => {
  const entries = [...given]
  if (!entries.every(({ serial }) => /^[4-7][0-9a-f]{31}$/.test(serial))) {
    throw new RangeError('not a serial number')
  }
  const after = (entry: RevokedEntry, i: number): boolean =>
    i === 0 || entry.serial > serialAt(entries, i - 1)
  if (entries.every(after)) return entries
  entries.sort((a, b) => (a.serial < b.serial ? -1 : 1))
  if (!entries.every(after)) throw new RangeError('a serial number twice')
  return entries
}

const serialAt = (entries: readonly RevokedEntry[], i: number): string => entries[i]?.serial ?? ''

/** Octets of an entry with the longer form of date: SEQUENCE, INTEGER of 16 octets, GeneralizedTime. */
const largest = 2 + 18 + 17

// A list may hold a million entries: they are written into one buffer, not composed out of values.
const encoded = (entries: readonly RevokedEntry[]): Uint8Array => {
  const buffer = Buffer.allocUnsafe(entries.length * largest)
  const dates = new Map<Instant, Der>()
  let at = 0
  for (const { serial, revokedAt } of entries) {
    let date = dates.get(revokedAt)
    if (date === undefined) dates.set(revokedAt, (date = time(revokedAt)))
    at = buffer.writeUInt8(0x30, at)
    at = buffer.writeUInt8(18 + date.length, at)
    at = buffer.writeUInt16BE(0x0210, at)
    at += buffer.write(serial, at, 'hex')
    buffer.set(date, at)
    at += date.length
  }
  return buffer.subarray(0, at)
}

/** CertificateList of RFC 5280 5.1; arguments as for assembleCertificate. */
export const assembleCrl = (
  tbs: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array => signed(tbs, algorithm, signature)
