// A signature whose outcome could not be recorded is not made a second time: whoever tries again gets the first one. So each signature of
// the module is the one that the ledger tells of (RGS A2 V.4); what a stop cuts off is understood by the time that it took
// (projections/signatureReplay.ts).
import type { Signer } from '../pki/signer.ts'
import { sha256 } from './issuing.ts'

/** Contents whose signature is kept: more are never under way at once. */
const kept = 64

/** A signer that signs the same octets once, while it remembers them. */
export const signedOnce = (signer: Signer): Signer => {
  const signatures = new Map<string, Promise<Uint8Array>>()
  return {
    ...signer,
    sign: async (tbs) => {
      const content = sha256(tbs)
      const before = signatures.get(content)
      if (before !== undefined) return await before
      const signature = signer.sign(tbs)
      signatures.set(content, signature)
      const [oldest] = signatures.keys()
      if (signatures.size > kept && oldest !== undefined) signatures.delete(oldest)
      try {
        return await signature
      } catch (error) {
        signatures.delete(content)
        throw error
      }
    },
  }
}
