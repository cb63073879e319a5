// What is on a token card: for each key its private half, its public half and its certificate, under one CKA_ID; and, while keys come
// onto it, the transport key.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import pkcs11js, { type Handle, type Template } from 'pkcs11js'
import { integer } from '../../pki/der.ts'
import { fieldsOf } from '../../pki/fields.ts'
import { attribute, decryptsOnly, rsaPrivate } from '../pkcs11/attributes.ts'
import { findObjects, type At } from '../pkcs11/objects.ts'
import { rsaSpki } from '../pkcs11/spki.ts'

/** The SHA-1 of a modulus is twenty octets: no key has this id. */
export const transportId = Buffer.from('transport')

const classes = {
  private: pkcs11js.CKO_PRIVATE_KEY,
  public: pkcs11js.CKO_PUBLIC_KEY,
  certificate: pkcs11js.CKO_CERTIFICATE,
} as const
export type CardObject = keyof typeof classes
const kinds = Object.keys(classes) as readonly CardObject[]

export const objectsOf = (at: At, kind: CardObject, id?: Buffer): readonly Handle[] =>
  findObjects(at, [
    attribute(pkcs11js.CKA_CLASS, classes[kind]),
    attribute(pkcs11js.CKA_TOKEN, true),
    ...(id === undefined ? [] : [attribute(pkcs11js.CKA_ID, id)]),
  ])

export const octetsOf = ({ module, session }: At, object: Handle, type: number): Buffer =>
  module.C_GetAttributeValue(session, object, [{ type }])[0]?.value ?? Buffer.alloc(0)

/** Removes what stands under an id, whatever of it there is. */
export const remove = (at: At, id: Buffer): void => {
  for (const kind of kinds)
    for (const object of objectsOf(at, kind, id)) at.module.C_DestroyObject(at.session, object)
}

/** Every id under which something stands on the card, in hex. */
export const idsOf = (at: At, of: readonly CardObject[] = kinds): ReadonlySet<string> =>
  new Set(
    of.flatMap((kind) =>
      objectsOf(at, kind).map((object) => octetsOf(at, object, pkcs11js.CKA_ID).toString('hex')),
    ),
  )

/** A certificate's key, and the id that it has on a card. */
export type Certified = Readonly<{ id: Buffer; publicKey: KeyObject; spki: Buffer; n: Buffer; e: Buffer }>

/** @throws DerFault, Error where the certificate is none of an RSA key */
export const certifiedOf = (certificate: Uint8Array): Certified => {
  const publicKey = createPublicKey({
    ...{ key: Buffer.from(fieldsOf(certificate).spki.der), format: 'der', type: 'spki' },
  })
  const jwk = publicKey.export({ format: 'jwk' })
  const [n, e] = [jwk.n ?? '', jwk.e ?? ''].map((part) => Buffer.from(part, 'base64url'))
  if (n === undefined || e === undefined || n.length === 0) throw new Error('no RSA key')
  const id = createHash('sha1').update(n).digest()
  return { id, publicKey, spki: publicKey.export({ type: 'spki', format: 'der' }), n, e }
}

/** A holder's key on his card: it decrypts, and nothing else, and does not leave it. */
export const keyTemplate = (id: Buffer, label: string): Template => [
  ...rsaPrivate,
  attribute(pkcs11js.CKA_ID, id),
  attribute(pkcs11js.CKA_LABEL, label),
  ...decryptsOnly({ token: true, extractable: false }),
]

export const publicTemplate = ({ id, n, e }: Certified, label: string): Template => [
  attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_PUBLIC_KEY),
  attribute(pkcs11js.CKA_KEY_TYPE, pkcs11js.CKK_RSA),
  attribute(pkcs11js.CKA_TOKEN, true),
  attribute(pkcs11js.CKA_ID, id),
  attribute(pkcs11js.CKA_LABEL, label),
  attribute(pkcs11js.CKA_PRIVATE, false),
  attribute(pkcs11js.CKA_MODULUS, n),
  attribute(pkcs11js.CKA_PUBLIC_EXPONENT, e),
  attribute(pkcs11js.CKA_ENCRYPT, true),
  attribute(pkcs11js.CKA_VERIFY, false),
  attribute(pkcs11js.CKA_WRAP, false),
]

/** PKCS#11 v2.40 4.6.3: name, issuer and number as they stand in the certificate, DER. */
export const certificateTemplate = (certificate: Uint8Array, { id }: Certified, label: string): Template => {
  const { subject, issuer, serial } = fieldsOf(certificate)
  return [
    attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_CERTIFICATE),
    attribute(pkcs11js.CKA_CERTIFICATE_TYPE, pkcs11js.CKC_X_509),
    attribute(pkcs11js.CKA_TOKEN, true),
    attribute(pkcs11js.CKA_ID, id),
    attribute(pkcs11js.CKA_LABEL, label),
    attribute(pkcs11js.CKA_PRIVATE, false),
    attribute(pkcs11js.CKA_SUBJECT, Buffer.from(subject.der)),
    attribute(pkcs11js.CKA_ISSUER, Buffer.from(issuer.der)),
    attribute(pkcs11js.CKA_SERIAL_NUMBER, Buffer.from(integer(BigInt(`0x${serial}`)))),
    attribute(pkcs11js.CKA_VALUE, Buffer.from(certificate)),
  ]
}

const flag = (at: At, object: Handle, type: number): boolean => octetsOf(at, object, type)[0] === 1

/** As it has to be: on the card for good, and good for nothing but to decrypt. */
const isKept = (at: At, key: Handle): boolean =>
  flag(at, key, pkcs11js.CKA_SENSITIVE) &&
  flag(at, key, pkcs11js.CKA_DECRYPT) &&
  ![pkcs11js.CKA_EXTRACTABLE, pkcs11js.CKA_SIGN, pkcs11js.CKA_UNWRAP].some((type) => flag(at, key, type))

/** The one object of each kind that stands under an id; undefined where one is missing, or there are two. */
const partsOf = (at: At, id: Buffer): Readonly<Record<CardObject, Handle>> | undefined => {
  const found = kinds.map((kind) => [kind, objectsOf(at, kind, id)] as const)
  if (found.some(([, objects]) => objects.length !== 1)) return undefined
  return Object.fromEntries(found.map(([kind, [one]]) => [kind, one])) as Record<CardObject, Handle>
}

/** Whether one key, its public half and its certificate stand under this id, whole, and belong together. */
export const isWhole = (at: At, id: Buffer): boolean => {
  const parts = partsOf(at, id)
  if (parts === undefined) return false
  try {
    const certified = certifiedOf(octetsOf(at, parts.certificate, pkcs11js.CKA_VALUE))
    const isOne = [parts.private, parts.public].every((half) => rsaSpki(at, half).equals(certified.spki))
    return isOne && certified.id.equals(id) && isKept(at, parts.private)
  } catch {
    // What a crash left half written cannot be read.
    return false
  }
}
