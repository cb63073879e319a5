// A signer whose every signature is verified before it is answered, wherever the private key is.
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { SignatureAlgorithm, Signer } from '../pki/signer.ts'
import { KeyFault } from './keyFault.ts'

/** What a module answered as a signature is none. */
export class SignatureUnverified extends KeyFault {}

/** What a key pair of each algorithm signs with. */
export const signing = {
  rsa3072: { signs: 'sha256WithRSA', digest: 'sha256' },
  rsa4096: { signs: 'sha384WithRSA', digest: 'sha384' },
  ecP256: { signs: 'ecdsaWithSHA256', digest: 'sha256' },
  ecP384: { signs: 'ecdsaWithSHA384', digest: 'sha384' },
} as const satisfies Record<string, { signs: SignatureAlgorithm; digest: string }>
export type PairAlgorithm = keyof typeof signing

/** @throws KeyFault for what is no algorithm of a key pair */
export const pairOf = (algorithm: string): PairAlgorithm => {
  if (algorithm in signing) return algorithm as PairAlgorithm
  throw new KeyFault(`${algorithm} is no algorithm of a key pair`)
}

const verifiedElsewhere = promisify<string, Uint8Array, KeyObject, Uint8Array, boolean>(verify)

/**
 * ECDSA on another thread: a millisecond of P-384 is not for the one that serves. RSA takes less than a tenth of that, and to wake
 * another thread for it costs as much again.
 */
const verified = async (
  digest: string,
  octets: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): Promise<boolean> =>
  key.asymmetricKeyType === 'rsa'
    ? verify(digest, octets, key, signature)
    : await verifiedElsewhere(digest, octets, key, signature)

/**
 * @param key.spki SubjectPublicKeyInfo, DER
 * @param key.thrownAway told of each signature that does not verify, before that is said
 * @param sign signs what it is given with the digest of the algorithm; ECDSA as a DER SEQUENCE
 */
export const verifiedSigner = (
  {
    id,
    algorithm,
    spki,
    thrownAway,
  }: Readonly<{ id: string; algorithm: PairAlgorithm; spki: Buffer; thrownAway: () => Promise<unknown> }>,
  sign: (tbs: Uint8Array, digest: 'sha256' | 'sha384') => Promise<Uint8Array>,
): Signer => {
  const { signs, digest } = signing[algorithm]
  const publicKey = createPublicKey({ key: spki, type: 'spki', format: 'der' })
  return {
    spki,
    algorithm: signs,
    sign: async (tbs) => {
      // A copy: nothing that happens to the caller's bytes meanwhile may be signed.
      const signed = Uint8Array.from(tbs)
      const signature = await sign(signed, digest)
      if (await verified(digest, signed, publicKey, signature)) return signature
      // Who cannot be told has died, and with it what it had reserved is uncertain.
      await thrownAway().catch(() => undefined)
      throw new SignatureUnverified(`the key ${id} gave a signature that does not verify`)
    },
  }
}
