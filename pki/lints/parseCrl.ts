import { each, expect, read, readAt, sequenceOf, type Value } from '../derReader.ts'
import { rawExtensions, type RawExtension } from './parseExtensions.ts'

/** Raw fields of a TBSCertList, and of the CertificateList around it where there is one. */
export type ParsedCrl = Readonly<{
  outerAlgorithm: Value | undefined
  version: Value | undefined
  algorithm: Value
  issuer: Value
  thisUpdate: Value
  nextUpdate: Value | undefined
  /** revokedCertificates, not looked into. */
  revoked: Value | undefined
  extensions: readonly RawExtension[]
  /** All but the entries, one after the other: what the rules on encoding walk through. */
  head: readonly Value[]
}>

export type CrlEntry = Readonly<{ serial: Value; date: Value; more: boolean }>

/** Reads a TBSCertList, or the one inside a CertificateList. @throws DerFault */
export const parseCrl = (der: Uint8Array): ParsedCrl => {
  const whole = read(der)
  const [first, outerAlgorithm] = sequenceOf(whole)
  // A list without version begins with its algorithm, a SEQUENCE too, but then an INTEGER never comes inside first.
  const inside = first?.tag === 0x30 && outerAlgorithm?.tag === 0x30 && isList(first)
  return { ...parseTbs(inside ? first : whole), outerAlgorithm: inside ? outerAlgorithm : undefined }
}

const isList = (value: Value): boolean => value.content.length > 0 && readAt(value.content, 0).tag !== 0x06

const parseTbs = (tbs: Value): Omit<ParsedCrl, 'outerAlgorithm'> => {
  const fields = [...sequenceOf(tbs)]
  const take = (...tags: readonly number[]): Value | undefined =>
    tags.includes(fields[0]?.tag ?? 0) ? fields.shift() : undefined
  const version = take(0x02)
  const algorithm = expect(take(0x30), 0x30)
  const issuer = expect(take(0x30), 0x30)
  const thisUpdate = take(0x17, 0x18)
  const nextUpdate = take(0x17, 0x18)
  const revoked = take(0x30)
  const extensions = take(0xa0)
  const head = [version, algorithm, issuer, thisUpdate, nextUpdate, extensions, ...fields]
  return {
    version,
    algorithm,
    issuer,
    thisUpdate: thisUpdate ?? expect(thisUpdate, 0x17),
    nextUpdate,
    revoked,
    extensions: rawExtensions(extensions),
    head: head.filter((value) => value !== undefined),
  }
}

/** @throws DerFault at the first entry that is none */
export function* entriesOf({ revoked }: ParsedCrl): Generator<CrlEntry> {
  if (revoked === undefined) return
  for (const entry of each(revoked)) {
    const [serial, date, ...more] = sequenceOf(entry)
    yield { serial: expect(serial, 0x02), date: date ?? expect(date, 0x17), more: more.length > 0 }
  }
}
