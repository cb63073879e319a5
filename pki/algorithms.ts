// AlgorithmIdentifiers of what is signed (RFC 4055 5, RFC 5758 3.2): RSA carries a NULL, ECDSA carries nothing.
import { bits, nothing, oid, sequence, type Der } from './der.ts'
import type { SignatureAlgorithm } from './signer.ts'

const identifiers = {
  sha256WithRSA: sequence(oid('1.2.840.113549.1.1.11'), nothing),
  sha384WithRSA: sequence(oid('1.2.840.113549.1.1.12'), nothing),
  ecdsaWithSHA256: sequence(oid('1.2.840.10045.4.3.2')),
  ecdsaWithSHA384: sequence(oid('1.2.840.10045.4.3.3')),
} as const satisfies Record<SignatureAlgorithm, Der>

export const algorithmIdentifier = (algorithm: SignatureAlgorithm): Der => identifiers[algorithm]

/** The digest's name of an AlgorithmIdentifier. @throws RangeError for one that is not ours */
export const hashOf = (identifier: Uint8Array): 'sha256' | 'sha384' => {
  const [name] = Object.entries(identifiers).find(([, der]) => Buffer.compare(der, identifier) === 0) ?? ['']
  if (name === '') throw new RangeError('not an algorithm that signs')
  return name.toLowerCase().includes('sha256') ? 'sha256' : 'sha384'
}

/**
 * What is signed, how, and the signature: the form that certificates, CRLs and BasicOCSPResponses share. `algorithm` is
 * the one that `tbs` itself names (RFC 5280 4.1.1.2); `more` follows the signature.
 */
export const signed = (
  tbs: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
  ...more: readonly Der[]
): Uint8Array => sequence(tbs, algorithmIdentifier(algorithm), bits(signature), ...more)
