// What goes to who takes the escrow over (CGU-82, docs/adr/0031).

/** A key as it goes to who takes the escrow over; or why it does not. */
export type HandedOver = Readonly<{ spkiSha256: string; serial: string }> &
  (
    | Readonly<{
        /** SubjectPublicKeyInfo, DER. */
        spki: Uint8Array
        /** The holder's pseudonym, as the ledger has it. */
        person: string
        generatedAt: string
        testedAt: string
        from: string
        until: string
        /** The KEK that it lay under, and the digest of its wrapping there, as the ledger has them. */
        kek: string
        keptSha256: string
        /** As PKCS#8 under the key of this part (RFC 5649); a module may have put up to seven zero octets behind the DER. */
        blob: Uint8Array
      }>
    | Readonly<{ refused: string }>
  )

/** Keys that go out together, under an AES-256 key of their own. */
export type HandedPart = Readonly<{
  /** That key, under the successor's (RSAES-OAEP with SHA-256, RFC 8017 7.1). */
  transport: Uint8Array
  /**
   * SHA-256 of HMAC-SHA256 over `label` by that key: who shows the HMAC has opened the part. In hex.
   */
  proofSha256: string
  keys: readonly HandedOver[]
}>
