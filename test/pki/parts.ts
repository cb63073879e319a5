// Takes what the builders wrote apart and puts it together again with one part of it changed, so that a lint has
// something to find.
import { boolean, octets, oid, sequence, setOf, tlv, type Der } from '../../pki/der.ts'
import { children, oidOf, only, read, sequenceOf } from '../../pki/derReader.ts'

const parts = (der: Der): readonly Der[] => children(read(der)).map((part) => part.der)

/** The same value with other members. */
const again = (der: Der, members: readonly Der[]): Der => tlv(read(der).tag, ...members)

/** Members of a constructed value, one of them changed; `undefined` leaves it out. */
export const change = (der: Der, index: number, to: (part: Der) => Der | undefined): Der =>
  again(
    der,
    parts(der).flatMap((part, i) => (i === index ? (to(part) ?? []) : [part])),
  )

/** Puts `part` before the member that stands at `index`. */
export const insert = (der: Der, index: number, part: Der): Der =>
  again(der, parts(der).toSpliced(index, 0, part))

const last = (der: Der): number => parts(der).length - 1
export const add = (der: Der, part: Der): Der => insert(der, last(der) + 1, part)

/** Fields of a TBSCertificate. */
export const field = {
  version: 0,
  serial: 1,
  algorithm: 2,
  issuer: 3,
  validity: 4,
  subject: 5,
  spki: 6,
} as const

/** The list of extensions, inside the EXPLICIT tag that ends a TBSCertificate or a TBSCertList, changed. */
export const extensions = (tbs: Der, to: (list: Der) => Der): Der =>
  change(tbs, last(tbs), (tagged) => change(tagged, 0, to))

const idOf = (extension: Der): string => oidOf(sequenceOf(read(extension))[0])

const indexOf = (list: Der, id: string): number =>
  parts(list).findIndex((extension) => idOf(extension) === id)

/** One extension changed. */
export const extension = (tbs: Der, id: string, to: (extension: Der) => Der | undefined): Der =>
  extensions(tbs, (list) => change(list, indexOf(list, id), to))

/** The content of one extension changed. */
export const extensionValue = (tbs: Der, id: string, to: (value: Der) => Der): Der =>
  extension(tbs, id, (der) => change(der, last(der), (value) => octets(to(read(value).content))))

/** One extension that says of itself whether it is critical. */
export const criticalField = (tbs: Der, id: string, critical: boolean): Der =>
  extension(tbs, id, (der) => insert(der, 1, boolean(critical)))

export const newExtension = (id: string, value: Der): Der => sequence(oid(id), octets(value))

export const attribute = (id: string, value: Der): Der => setOf(sequence(oid(id), value))

/** Attributes of a Name of one type: given another value, or left out. */
export const attributeOf = (name: Der, id: string, value: Der | undefined): Der =>
  again(
    name,
    parts(name).flatMap((rdn) => {
      if (oidOf(sequenceOf(only(read(rdn)))[0]) !== id) return [rdn]
      return value === undefined ? [] : [attribute(id, value)]
    }),
  )

/** The subject of a TBSCertificate, one attribute changed. */
export const subject = (tbs: Der, id: string, value: Der | undefined): Der =>
  change(tbs, field.subject, (name) => attributeOf(name, id, value))

/** Two attributes in one RDN, in the order that DER forbids. */
export const unsorted = (tbs: Der, ...ids: readonly [string, string]): Der =>
  change(tbs, field.subject, (name) => {
    const isOne = (rdn: Der): boolean => ids.includes(oidOf(sequenceOf(only(read(rdn)))[0]))
    const members = parts(name).filter(isOne).flatMap(parts)
    const backwards = members.toSorted((a, b) => Buffer.compare(b, a))
    return again(name, [...parts(name).filter((rdn) => !isOne(rdn)), tlv(0x31, ...backwards)])
  })

/** A length in more octets than it needs: BER, not DER. */
export const longLength = (der: Der): Der => {
  const { tag, content } = read(der)
  return Buffer.concat([Uint8Array.of(tag, 0x82, content.length >> 8, content.length & 0xff), content])
}
