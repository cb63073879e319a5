// Whether a certificate of another authority is revoked at an instant, by the lists at hand (RFC 5280 6.3). No list that is
// fresh and its issuer's own: not known, which is no.
import { createHash } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import type { Step } from './certificatePath.ts'
import { instantOf, integerHex } from './derReader.ts'
import { entriesOf, parseCrl, type ParsedCrl } from './lints/parseCrl.ts'
import { signedBy } from './signedBy.ts'

export type RevocationStatus = Readonly<{ fault: string } | { sha256: string }>

type List = Readonly<{ der: Uint8Array; parsed: ParsedCrl }>

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

const readList = (der: Uint8Array): readonly List[] => {
  try {
    return [{ der, parsed: parseCrl(der) }]
  } catch {
    return []
  }
}

/** A list of certificates of one issuer, complete: anything else has a critical extension that says so (RFC 5280 5.2). */
const isComplete = ({ parsed }: List): boolean => !parsed.extensions.some(({ critical }) => critical)

const isFresh = ({ parsed: { thisUpdate, nextUpdate } }: List, at: Instant): boolean =>
  nextUpdate !== undefined && instantOf(thisUpdate) <= at && at < instantOf(nextUpdate)

const lists = ({ parsed }: List, serial: string): boolean => {
  for (const entry of entriesOf(parsed)) if (integerHex(entry.serial) === serial) return true
  return false
}

/**
 * The status of a certificate by its issuer's lists.
 * @returns the digest of the newest list, where it is not revoked
 * @throws DerFault for a list whose entries cannot be read
 */
export const statusBy = (
  certificate: Step,
  issuer: Step,
  crls: readonly Uint8Array[],
  at: Instant,
): RevocationStatus => {
  const own = crls
    .flatMap(readList)
    .filter(
      ({ der, parsed }) =>
        same(parsed.issuer.der, certificate.fields.issuer.der) && signedBy(der, issuer.fields.spki.der),
    )
  // Revoked is final: an old list says so as well as a new one.
  if (own.some((list) => lists(list, certificate.fields.serial))) return { fault: 'revoked' }
  const complete = own.filter(isComplete)
  const fresh = complete.filter((list) => isFresh(list, at))
  const [newest] = [...fresh].sort((a, b) =>
    instantOf(a.parsed.thisUpdate) < instantOf(b.parsed.thisUpdate) ? 1 : -1,
  )
  if (newest === undefined) return { fault: complete.length > 0 ? 'statusStale' : 'statusUnknown' }
  return { sha256: createHash('sha256').update(newest.der).digest('hex') }
}
