// Templates and attributes in words: what keys are made with, and what is read back from the token (hsm.md 2.3).
import pkcs11js, { type Handle, type Template } from 'pkcs11js'
import type { At } from './objects.ts'
import type { Attributes, PairAlgorithm, SecretUse } from './protocol.ts'

/** CK_ULONG array, as CKA_ALLOWED_MECHANISMS wants it. */
const mechanisms = (...types: readonly number[]): Buffer => {
  const octets = Buffer.alloc(types.length * 8)
  types.forEach((type, i) => octets.writeBigUInt64LE(BigInt(type), i * 8))
  return octets
}

/** Named curves, DER (RFC 5480 2.1.1.1). */
const curves = {
  ecP256: Buffer.from('06082a8648ce3d030107', 'hex'),
  ecP384: Buffer.from('06052b81040022', 'hex'),
} as const

const bits = { rsa3072: 3072, rsa4096: 4096 } as const
const publicExponent = Buffer.from('010001', 'hex')

export const isRsa = (algorithm: PairAlgorithm): algorithm is keyof typeof bits => algorithm in bits

export const attribute = (type: number, value: NonNullable<Template[number]['value']>): Template[number] => ({
  type,
  value,
})

/** How an RSA private key begins that comes into the module wrapped. */
export const rsaPrivate: Template = [
  attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_PRIVATE_KEY),
  attribute(pkcs11js.CKA_KEY_TYPE, pkcs11js.CKK_RSA),
]

/** A holder's key: it decrypts and does nothing else. A module makes an unwrapped key sign, if it is not told otherwise (hsm.md 2.1). */
export const decryptsOnly = ({
  token,
  extractable,
}: Readonly<{ token: boolean; extractable: boolean }>): Template => [
  attribute(pkcs11js.CKA_TOKEN, token),
  attribute(pkcs11js.CKA_PRIVATE, true),
  attribute(pkcs11js.CKA_SENSITIVE, true),
  attribute(pkcs11js.CKA_EXTRACTABLE, extractable),
  attribute(pkcs11js.CKA_DECRYPT, true),
  attribute(pkcs11js.CKA_SIGN, false),
  attribute(pkcs11js.CKA_SIGN_RECOVER, false),
  attribute(pkcs11js.CKA_UNWRAP, false),
]

const named = (id: Buffer, label: string): Template => [
  attribute(pkcs11js.CKA_TOKEN, true),
  attribute(pkcs11js.CKA_ID, id),
  attribute(pkcs11js.CKA_LABEL, label),
]

/** How a key pair of the service is made: it signs, and nothing else, and its private half never leaves the token. */
export const signingPair = (
  id: Buffer,
  label: string,
  algorithm: PairAlgorithm,
): Readonly<{ mechanism: number; publicKey: Template; privateKey: Template }> => {
  const rsa = isRsa(algorithm)
  const signs = rsa ? pkcs11js.CKM_RSA_PKCS : pkcs11js.CKM_ECDSA
  const parameters: Template = isRsa(algorithm)
    ? [
        attribute(pkcs11js.CKA_MODULUS_BITS, bits[algorithm]),
        attribute(pkcs11js.CKA_PUBLIC_EXPONENT, publicExponent),
      ]
    : [attribute(pkcs11js.CKA_EC_PARAMS, curves[algorithm])]
  return {
    mechanism: rsa ? pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN : pkcs11js.CKM_EC_KEY_PAIR_GEN,
    publicKey: [
      ...named(id, label),
      ...parameters,
      attribute(pkcs11js.CKA_PRIVATE, false),
      attribute(pkcs11js.CKA_VERIFY, true),
      attribute(pkcs11js.CKA_ENCRYPT, false),
      attribute(pkcs11js.CKA_WRAP, false),
    ],
    privateKey: [
      ...named(id, label),
      attribute(pkcs11js.CKA_PRIVATE, true),
      attribute(pkcs11js.CKA_SENSITIVE, true),
      attribute(pkcs11js.CKA_EXTRACTABLE, false),
      attribute(pkcs11js.CKA_SIGN, true),
      attribute(pkcs11js.CKA_SIGN_RECOVER, false),
      attribute(pkcs11js.CKA_DECRYPT, false),
      attribute(pkcs11js.CKA_UNWRAP, false),
      attribute(pkcs11js.CKA_DERIVE, false),
      attribute(pkcs11js.CKA_MODIFIABLE, false),
      attribute(pkcs11js.CKA_ALLOWED_MECHANISMS, mechanisms(signs)),
    ],
  }
}

/** What a secret key is for: as one of these it is made, and has to be found again. */
export type SecretKind = Readonly<{
  use: SecretUse
  /** See TokenSettings. */
  wrapMechanism: number
}>

const secretOctets = 32

/** What makes a secret key, and the one thing that is done with it. */
const mechanismsOf = ({ use, wrapMechanism }: SecretKind): Readonly<{ makes: number; does: number }> =>
  use === 'mac'
    ? { makes: pkcs11js.CKM_GENERIC_SECRET_KEY_GEN, does: pkcs11js.CKM_SHA256_HMAC }
    : { makes: pkcs11js.CKM_AES_KEY_GEN, does: wrapMechanism }

/** How a key of the escrow is made: a KEK wraps and unwraps, a MAC key signs and verifies, and neither ever leaves. */
export const secretKey = (
  id: Buffer,
  label: string,
  kind: SecretKind,
): Readonly<{ mechanism: number; template: Template }> => {
  const wraps = kind.use !== 'mac'
  const { makes, does } = mechanismsOf(kind)
  return {
    mechanism: makes,
    template: [
      ...named(id, label),
      attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_SECRET_KEY),
      attribute(pkcs11js.CKA_KEY_TYPE, wraps ? pkcs11js.CKK_AES : pkcs11js.CKK_GENERIC_SECRET),
      attribute(pkcs11js.CKA_VALUE_LEN, secretOctets),
      attribute(pkcs11js.CKA_PRIVATE, true),
      attribute(pkcs11js.CKA_SENSITIVE, true),
      attribute(pkcs11js.CKA_EXTRACTABLE, false),
      attribute(pkcs11js.CKA_ENCRYPT, false),
      attribute(pkcs11js.CKA_DECRYPT, false),
      attribute(pkcs11js.CKA_WRAP, wraps),
      attribute(pkcs11js.CKA_UNWRAP, wraps),
      attribute(pkcs11js.CKA_SIGN, !wraps),
      attribute(pkcs11js.CKA_VERIFY, !wraps),
      attribute(pkcs11js.CKA_DERIVE, false),
      attribute(pkcs11js.CKA_MODIFIABLE, false),
      attribute(pkcs11js.CKA_ALLOWED_MECHANISMS, mechanisms(does)),
    ],
  }
}

const flags = {
  CKA_TOKEN: pkcs11js.CKA_TOKEN,
  CKA_PRIVATE: pkcs11js.CKA_PRIVATE,
  CKA_SENSITIVE: pkcs11js.CKA_SENSITIVE,
  CKA_ALWAYS_SENSITIVE: pkcs11js.CKA_ALWAYS_SENSITIVE,
  CKA_EXTRACTABLE: pkcs11js.CKA_EXTRACTABLE,
  CKA_NEVER_EXTRACTABLE: pkcs11js.CKA_NEVER_EXTRACTABLE,
  CKA_LOCAL: pkcs11js.CKA_LOCAL,
  CKA_MODIFIABLE: pkcs11js.CKA_MODIFIABLE,
  CKA_SIGN: pkcs11js.CKA_SIGN,
  CKA_DECRYPT: pkcs11js.CKA_DECRYPT,
  CKA_UNWRAP: pkcs11js.CKA_UNWRAP,
} as const
const secretFlags = {
  ...flags,
  CKA_ENCRYPT: pkcs11js.CKA_ENCRYPT,
  CKA_VERIFY: pkcs11js.CKA_VERIFY,
  CKA_WRAP: pkcs11js.CKA_WRAP,
  CKA_DERIVE: pkcs11js.CKA_DERIVE,
} as const

const readFlags = (
  { module, session }: At,
  key: Handle,
  wanted: Readonly<Record<string, number>>,
): Record<string, boolean> => {
  const names = Object.keys(wanted)
  const values = module.C_GetAttributeValue(
    session,
    key,
    names.map((name) => ({ type: wanted[name] ?? 0 })),
  )
  return Object.fromEntries(names.map((name, i) => [name, values[i]?.value[0] === 1]))
}

const readOctets = ({ module, session }: At, key: Handle, type: number): Buffer => {
  const [read] = module.C_GetAttributeValue(session, key, [{ type }])
  return read?.value ?? Buffer.alloc(0)
}

/** Mechanisms by their numbers, as `0x1`, one after the other. */
const readMechanisms = (at: At, key: Handle, type: number): string => {
  const octets = readOctets(at, key, type)
  return Array.from(
    { length: octets.length / 8 },
    (_, i) => `0x${octets.readBigUInt64LE(i * 8).toString(16)}`,
  ).join(' ')
}

/** What the token says of a private key: for the minutes (EN 319 411-1 GEN-6.5.1-13A). */
export const readPrivate = (at: At, key: Handle): Attributes => ({
  ...readFlags(at, key, flags),
  CKA_KEY_GEN_MECHANISM: readMechanisms(at, key, pkcs11js.CKA_KEY_GEN_MECHANISM),
  CKA_ALLOWED_MECHANISMS: readMechanisms(at, key, pkcs11js.CKA_ALLOWED_MECHANISMS),
})

/** What has to be true of every key of the service, as the token itself says (hsm.md 1.2): made there, and never out of it. */
const staysThere = {
  ...{ CKA_TOKEN: true, CKA_PRIVATE: true, CKA_SENSITIVE: true, CKA_ALWAYS_SENSITIVE: true },
  ...{ CKA_EXTRACTABLE: false, CKA_NEVER_EXTRACTABLE: true, CKA_LOCAL: true, CKA_MODIFIABLE: false },
} as const

/** Mechanisms as they are read back. */
const inHex = (mechanism: number): string => `0x${mechanism.toString(16)}`

const differing = (found: Attributes, wanted: Attributes): readonly string[] =>
  Object.keys(wanted).filter((name) => found[name] !== wanted[name])

/** The attributes that a private key should have and has not. */
export const notKept = (found: Attributes, algorithm: PairAlgorithm): readonly string[] => {
  const mechanism = isRsa(algorithm) ? pkcs11js.CKM_RSA_PKCS : pkcs11js.CKM_ECDSA
  return differing(found, {
    ...{ ...staysThere, CKA_SIGN: true, CKA_DECRYPT: false, CKA_UNWRAP: false },
    CKA_ALLOWED_MECHANISMS: inHex(mechanism),
  })
}

/** What the token says of a secret key, with its check value. */
export const readSecret = (at: At, key: Handle): Attributes => ({
  ...readFlags(at, key, secretFlags),
  CKA_VALUE_LEN: Number(readOctets(at, key, pkcs11js.CKA_VALUE_LEN).readBigUInt64LE()),
  CKA_CHECK_VALUE: readOctets(at, key, pkcs11js.CKA_CHECK_VALUE).toString('hex'),
  CKA_KEY_GEN_MECHANISM: readMechanisms(at, key, pkcs11js.CKA_KEY_GEN_MECHANISM),
  CKA_ALLOWED_MECHANISMS: readMechanisms(at, key, pkcs11js.CKA_ALLOWED_MECHANISMS),
})

/** The attributes that a secret key should have and has not: one that could leave the token opens whatever was wrapped under it. */
export const notKeptSecret = (found: Attributes, kind: SecretKind): readonly string[] => {
  const wraps = kind.use !== 'mac'
  const { makes, does } = mechanismsOf(kind)
  return differing(found, {
    ...{ ...staysThere, CKA_ENCRYPT: false, CKA_DECRYPT: false, CKA_DERIVE: false },
    ...{ CKA_WRAP: wraps, CKA_UNWRAP: wraps, CKA_SIGN: !wraps, CKA_VERIFY: !wraps },
    ...{ CKA_VALUE_LEN: secretOctets, CKA_KEY_GEN_MECHANISM: inHex(makes) },
    CKA_ALLOWED_MECHANISMS: inHex(does),
  })
}
