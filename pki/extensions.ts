// Extensions (RFC 5280 4.2, 5.2), each a whole Extension. `critical` is written only where it is true: DER leaves out
// a value that equals its default.
import type { Instant } from '../domain/kernel.ts'
import {
  ascii,
  boolean,
  constructed,
  ia5,
  integer,
  namedBits,
  nothing,
  octets,
  oid,
  primitive,
  sequence,
  type Der,
} from './der.ts'
import { generalizedTime } from './time.ts'

const extension = (id: string, value: Der): Der => sequence(oid(id), octets(value))
const criticalExtension = (id: string, value: Der): Der => sequence(oid(id), boolean(true), octets(value))

const uri = (url: string): Der => primitive(6, ascii(url))

export const authorityKeyIdentifier = (keyId: Uint8Array): Der =>
  extension('2.5.29.35', sequence(primitive(0, keyId)))

export const subjectKeyIdentifier = (keyId: Uint8Array): Der => extension('2.5.29.14', octets(keyId))

const usages = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const

export const keyUsage = (...set: readonly (keyof typeof usages)[]): Der =>
  criticalExtension('2.5.29.15', namedBits(...set.map((usage) => usages[usage])))

export const extendedKeyUsage = (...purposes: readonly string[]): Der =>
  extension('2.5.29.37', sequence(...purposes.map(oid)))

/** An authority's; `pathLength` undefined sets no limit. End entities carry none at all. */
export const basicConstraints = (pathLength?: number): Der =>
  criticalExtension(
    '2.5.29.19',
    sequence(boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])),
  )

/** One policy, and where its practice statement is. */
export const certificatePolicies = (policyOid: string, cpsUri?: string): Der => {
  const qualifiers = cpsUri === undefined ? [] : [sequence(sequence(oid('1.3.6.1.5.5.7.2.1'), ia5(cpsUri)))]
  return extension('2.5.29.32', sequence(sequence(oid(policyOid), ...qualifiers)))
}

/** One DistributionPoint with several names: every URL serves the same CRL (RFC 5280 4.2.1.13). */
export const crlDistributionPoints = (urls: readonly string[]): Der =>
  extension('2.5.29.31', sequence(sequence(constructed(0, constructed(0, ...urls.map(uri))))))

export const authorityInfoAccess = (
  access: Readonly<{ ocsp?: readonly string[]; caIssuers: readonly string[] }>,
): Der =>
  extension(
    '1.3.6.1.5.5.7.1.1',
    sequence(
      ...(access.ocsp ?? []).map((url) => sequence(oid('1.3.6.1.5.5.7.48.1'), uri(url))),
      ...access.caIssuers.map((url) => sequence(oid('1.3.6.1.5.5.7.48.2'), uri(url))),
    ),
  )

/** rfc822Name. @throws RangeError when not ASCII: such an address needs RFC 9598, which this profile has not */
export const emailAddress = (email: string): Der =>
  extension('2.5.29.17', sequence(primitive(1, ascii(email))))

/** id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1). */
export const ocspNoCheck: Der = extension('1.3.6.1.5.5.7.48.1.5', nothing)

export const crlNumber = (number: number): Der => extension('2.5.29.20', integer(number))

/** Revoked certificates stay on the list after they expire, all since `from` (X.509 9.5.2.8; 411-2 CSS-6.3.10-05). */
export const expiredCertsOnCrl = (from: Instant): Der => extension('2.5.29.60', generalizedTime(from))

/** Status is kept for every certificate that expired since `from` (RFC 6960 4.4.4; 411-2 CSS-6.3.10-10). */
export const archiveCutoff = (from: Instant): Der => extension('1.3.6.1.5.5.7.48.1.6', generalizedTime(from))

export const ocspNonce = (nonce: Uint8Array): Der => extension('1.3.6.1.5.5.7.48.1.2', octets(nonce))
