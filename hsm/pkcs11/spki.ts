// SubjectPublicKeyInfo of a public key on a token (RFC 8017 A.1.1, RFC 5480 2).
import { createPublicKey } from 'node:crypto'
import pkcs11js, { type Handle } from 'pkcs11js'
import { isRsa } from './attributes.ts'
import { ModuleFault } from './fault.ts'
import type { At } from './objects.ts'
import type { PairAlgorithm } from './protocol.ts'

const base64url = (octets: Buffer): string => octets.toString('base64url')

const readOctets = ({ module, session }: At, key: Handle, ...types: readonly number[]): readonly Buffer[] =>
  module
    .C_GetAttributeValue(
      session,
      key,
      types.map((type) => ({ type })),
    )
    .map(({ value }) => value)

/** Of an RSA key, private or public: both know their modulus. */
export const rsaSpki = (at: At, key: Handle): Buffer => {
  const [n = Buffer.alloc(0), e = Buffer.alloc(0)] = readOctets(
    at,
    key,
    pkcs11js.CKA_MODULUS,
    pkcs11js.CKA_PUBLIC_EXPONENT,
  )
  const jwk = { kty: 'RSA', n: base64url(n), e: base64url(e) }
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })
}

const curves = { ecP256: ['P-256', 32], ecP384: ['P-384', 48] } as const

/** CKA_EC_POINT is an OCTET STRING around the uncompressed point (PKCS#11 2.3.3). */
const ecSpki = (at: At, key: Handle, algorithm: keyof typeof curves): Buffer => {
  const [der = Buffer.alloc(0)] = readOctets(at, key, pkcs11js.CKA_EC_POINT)
  const [crv, size] = curves[algorithm]
  const point = der.subarray(der.length - 2 * size)
  if (der.length !== 2 * size + 3 || der[2] !== 0x04)
    throw new ModuleFault('integrity', 'the point of an EC key is not an uncompressed one')
  const [x, y] = [base64url(point.subarray(0, size)), base64url(point.subarray(size))]
  return createPublicKey({ key: { kty: 'EC', crv, x, y }, format: 'jwk' }).export({
    type: 'spki',
    format: 'der',
  })
}

export const spkiOf = (at: At, publicKey: Handle, algorithm: PairAlgorithm): Buffer =>
  isRsa(algorithm) ? rsaSpki(at, publicKey) : ecSpki(at, publicKey, algorithm)
