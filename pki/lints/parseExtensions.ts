import { AsnConvert } from '@peculiar/asn1-schema'
import { expect, oidOf, only, read, sequenceOf, type Value } from '../derReader.ts'
import { onceFor, onceForOctets } from '../memo.ts'
import { oids } from './oids.ts'

/** An extension as it is encoded: nothing is taken for granted that a rule may ask about. */
export type RawExtension = Readonly<{
  oid: string
  /** The BOOLEAN, where there is one. */
  criticalField: Value | undefined
  critical: boolean
  value: Uint8Array
}>

/** The extensions inside an EXPLICIT tag, twice-given ones included. */
export const rawExtensions = (field: Value | undefined): readonly RawExtension[] =>
  field === undefined ? [] : sequenceOf(only(field)).map(rawExtension)

const rawExtension = (item: Value): RawExtension => {
  const parts = sequenceOf(item)
  const criticalField = parts.length === 3 ? expect(parts[1], 0x01) : undefined
  return {
    oid: oidOf(parts[0]),
    criticalField,
    critical: criticalField?.content[0] === 0xff,
    value: expect(parts.at(-1), 0x04).content,
  }
}

type Extended = Readonly<{ extensions: readonly RawExtension[] }>

export const extensionValue = ({ extensions }: Extended, oid: string): Uint8Array | undefined =>
  extensions.find((extension) => extension.oid === oid)?.value

/** Most extensions are the same octets in all that an authority signs, and several rules look at each. */
const decoder = onceFor((type: new () => unknown) =>
  onceForOctets((octets) => AsnConvert.parse(octets, type)),
)

/**
 * The extension's value decoded by @peculiar/asn1-schema: not to be changed, as others are given the same.
 * @throws when it is not of that type
 */
export const decoded = <T>(extended: Extended, oid: string, type: new () => T): T | undefined => {
  const value = extensionValue(extended, oid)
  return value && (decoder(type)(value) as T)
}

/** The elements of an extension that is a list; none where there is no such extension. @throws as decoded */
export const decodedItems = <T>(extended: Extended, oid: string, type: new () => T[]): readonly T[] =>
  Array.from(decoded(extended, oid, type) ?? [])

/** subjectKeyIdentifier without its OCTET STRING. @throws DerFault */
export const subjectKeyId = (extended: Extended): Uint8Array | undefined => {
  const value = extensionValue(extended, oids.subjectKeyIdentifier)
  return value && expect(read(value), 0x04).content
}
