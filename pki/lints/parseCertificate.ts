import {
  DerFault,
  children,
  expect,
  instantOf,
  oidOf,
  only,
  read,
  sequenceOf,
  type Value,
} from '../derReader.ts'
import { onceFor } from '../memo.ts'
import { rawExtensions, type RawExtension } from './parseExtensions.ts'

/** Raw fields of a TBSCertificate, and of the Certificate around it where there is one. */
export type ParsedCertificate = Readonly<{
  der: Value
  /** signatureAlgorithm of a whole Certificate. */
  outerAlgorithm: Value | undefined
  version: Value | undefined
  serial: Value
  algorithm: Value
  issuer: Value
  validity: readonly Value[]
  subject: Value
  spki: Value
  /** Tags of the fields after the key: `[1]` and `[2]` are unique identifiers, `[3]` the extensions. */
  trailing: readonly number[]
  extensions: readonly RawExtension[]
}>

/** Reads a TBSCertificate, or the one inside a Certificate. @throws DerFault */
export const parseCertificate = (der: Uint8Array): ParsedCertificate => {
  const whole = read(der)
  const [first, outerAlgorithm] = sequenceOf(whole)
  const inside = first?.tag === 0x30
  return { ...parseTbs(inside ? first : whole), outerAlgorithm: inside ? outerAlgorithm : undefined }
}

const parseTbs = (tbs: Value): Omit<ParsedCertificate, 'outerAlgorithm'> => {
  const fields = [...sequenceOf(tbs)]
  const version = fields[0]?.tag === 0xa0 ? fields.shift() : undefined
  const [serial, algorithm, issuer, validity, subject, spki, ...rest] = fields
  return {
    der: tbs,
    version: version && only(version),
    serial: expect(serial, 0x02),
    algorithm: expect(algorithm, 0x30),
    issuer: expect(issuer, 0x30),
    validity: sequenceOf(validity),
    subject: expect(subject, 0x30),
    spki: expect(spki, 0x30),
    trailing: rest.map(({ tag }) => tag),
    extensions: rawExtensions(rest.find(({ tag }) => tag === 0xa3)),
  }
}

export type RawAttribute = Readonly<{ oid: string; tag: number; text: string }>

/** Attributes of a Name in their order, all values of a multi-valued RDN among them. @throws DerFault */
export const attributesOf = onceFor((name: Value): readonly RawAttribute[] =>
  sequenceOf(name)
    .flatMap((rdn) => children(expect(rdn, 0x31)).map(sequenceOf))
    .map(([type, value]) => ({
      oid: oidOf(type),
      tag: value?.tag ?? 0,
      text: Buffer.from(value?.content ?? []).toString('utf8'),
    })),
)

const millisOf = onceFor((value: Value) => Date.parse(instantOf(value)))

/** Milliseconds of a validity date. @throws DerFault */
export const millis = (value: Value | undefined): number => millisOf(value ?? expect(value, 0x18))

/** The key of a SubjectPublicKeyInfo: its BIT STRING, of whole octets. @throws DerFault */
export const keyOctets = onceFor((spki: Value): Uint8Array => {
  const { content } = expect(sequenceOf(spki)[1], 0x03)
  if (content[0] !== 0) throw new DerFault('a key of whole octets expected')
  return content.subarray(1)
})
