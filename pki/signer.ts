// The port through which everything is signed: implemented by hsm/, the private key never comes out.

/** Signature algorithms of the profiles (regulation.md 2.6). ECDSA results are DER SEQUENCEs, as X.509 wants them. */
export type SignatureAlgorithm = 'sha256WithRSA' | 'sha384WithRSA' | 'ecdsaWithSHA256' | 'ecdsaWithSHA384'

export type Signer = Readonly<{
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array
  algorithm: SignatureAlgorithm
  /** Signs `tbs`; the implementation verifies the result with the public key before it answers. @throws KeyFault */
  sign: (tbs: Uint8Array) => Promise<Uint8Array>
}>
