// A signature whose outcome could not be recorded is not made a second time: whoever tries again gets the first one. So each signature of
// the module is the one that the ledger tells of (RGS A2 V.4); what a stop cuts off is understood by the time that it took
// (projections/signatureReplay.ts).
import { verifySignedBy } from '../pki/fields.ts'
import type { Signer } from '../pki/signer.ts'

/** Signatures of a signer that are kept: more are never under way at once. */
const kept = 64

/** What has been signed and is not recorded yet, by the digest of what was signed. */
const unrecorded = new WeakMap<Signer, Map<string, Promise<Uint8Array>>>()

/** What was signed is looked at before it is anything. @param spki of the key that should have signed @throws Error */
export const requireVerified = (der: Uint8Array, spki: Uint8Array): void => {
  if (!verifySignedBy(der, spki)) throw new Error('the signer gave a signature that does not verify')
}

/**
 * Signs `tbs` and has the signature recorded; the same octets get the same signature until one who asked for it has recorded it.
 * @param record makes the signature a fact of the ledger
 * @throws KeyFault; whatever `record` throws
 */
export const signAndRecord = async <T>(
  signer: Signer,
  { tbs, tbsSha256 }: Readonly<{ tbs: Uint8Array; tbsSha256: string }>,
  record: (signature: Uint8Array) => Promise<T>,
): Promise<T> => {
  const signatures = unrecorded.get(signer) ?? new Map<string, Promise<Uint8Array>>()
  unrecorded.set(signer, signatures)
  const signing = signatures.get(tbsSha256) ?? signer.sign(tbs)
  signatures.set(tbsSha256, signing)
  const [oldest] = signatures.keys()
  if (signatures.size > kept && oldest !== undefined) signatures.delete(oldest)
  const signature = await signing.catch((error: unknown) => {
    signatures.delete(tbsSha256)
    throw error
  })
  const recorded = await record(signature)
  signatures.delete(tbsSha256)
  return recorded
}
