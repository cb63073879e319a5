// What binds a row of the escrow together, and what is wrong with one that does not hold (CGU-38, CGU-41). The MACs are made on the
// token: who can write the vault can change a row, and gets nothing for it.
import { timingSafeEqual } from 'node:crypto'
import { sha256 } from './digest.ts'
import type { EscrowRow, KeptRecord } from './escrowStore.ts'
import { KeyFault, type KeyFaultCode } from './keyFault.ts'
import type { RecordMac, WrappingKeys } from './wrapping.ts'

/** A row with what it is kept with. */
export type KeptRow = EscrowRow & Readonly<{ serial: string; kept: KeptRecord }>

export const isKept = (row: EscrowRow): row is KeptRow => row.serial !== undefined && row.kept !== undefined

const messages = {
  blobTruncated: 'the escrowed key is shorter than it was written',
  blobOfAnotherVault: 'the escrowed key was wrapped in another vault, or changed',
  blobChanged: 'the escrowed key is not the one that was recorded',
  keyMismatch: 'the escrowed key was exchanged for another one',
  rowSwapped: 'the escrow record under this serial is that of another key',
  recordChanged: 'the escrow record was changed',
  publicKeyChanged: 'the public half of an escrowed key was exchanged',
  certificateMismatch: 'the escrowed key is not the one of the certificate',
} as const satisfies Partial<Record<KeyFaultCode, string>>

const fault = (code: keyof typeof messages): KeyFault => new KeyFault(messages[code], { code })

export type Records = Readonly<{
  /** MAC over a row that is kept; `recordMac` itself is not part of it. */
  keptMac: (row: EscrowRow, serial: string, kept: Omit<KeptRecord, 'recordMac'>) => Promise<string>
  /** MAC over a key that was shown to be recoverable, before it is anybody's. */
  testedMac: (
    row: Pick<EscrowRow, 'spkiSha256' | 'kek' | 'blob' | 'generatedAt'>,
    at: string,
  ) => Promise<string>
  /** What is certified is the public half that is written beside the blob. @throws KeyFault `publicKeyChanged` */
  requirePublicHalf: (row: EscrowRow) => void
  /** Whether there is a KEK of this id: not where it was destroyed, or is on another copy of the token alone. */
  hasKek: (kek: string) => Promise<boolean>
  /** The blob is the one that was shown to be recoverable, and its KEK is there. @throws KeyFault */
  requireTested: (row: EscrowRow) => Promise<void>
  /**
   * The record is the one that was made, for this serial, this key and this blob.
   * @param of SHA-256 of the public key of the certificate, as the ledger has it
   * @throws KeyFault
   */
  requireKept: (row: KeptRow, of: string | undefined) => Promise<void>
}>

const same = (found: string, expected: string): boolean => {
  const [one, other] = [Buffer.from(found, 'hex'), Buffer.from(expected, 'hex')]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** @param mac whose key is on the token of the escrow */
export const openRecords = (keys: WrappingKeys, mac: RecordMac): Records => {
  const macOf = async (fields: readonly unknown[]): Promise<string> =>
    (await mac.compute(JSON.stringify(fields))).toString('hex')

  const keptMac: Records['keptMac'] = ({ spkiSha256, kek, generatedAt }, serial, kept) => {
    const { person, blobSha256, testedAt, from, until } = kept
    const record = [serial, spkiSha256, person, kek, blobSha256, generatedAt, testedAt, from, until]
    return macOf(['grand-livre/escrow/v1', ...record])
  }
  const testedMac: Records['testedMac'] = ({ spkiSha256, kek, blob, generatedAt }, at) =>
    macOf(['grand-livre/escrow-tested/v1', spkiSha256, kek, sha256(blob), generatedAt, at])

  const requirePublicHalf = ({ spki, spkiSha256 }: EscrowRow): void => {
    if (sha256(spki) !== spkiSha256) throw fault('publicKeyChanged')
  }
  const requireWhole = (row: EscrowRow): void => {
    requirePublicHalf(row)
    if (row.blob.length < (row.octets ?? 1)) throw fault('blobTruncated')
  }

  const hasKek = (kek: string): Promise<boolean> =>
    keys.escrowKekById(kek).then(
      () => true,
      (error: unknown) => {
        if (error instanceof KeyFault && error.code === 'kekMissing') return false
        throw error
      },
    )

  /** Of a blob that is not the recorded one: the token tries it, and says no more than whose it is not. */
  const exchanged = async ({ kek, blob, spkiSha256 }: EscrowRow): Promise<KeyFault> => {
    if (!(await hasKek(kek))) return fault('blobOfAnotherVault')
    try {
      await (await keys.escrowKekById(kek)).prove(blob, spkiSha256)
    } catch (error) {
      if (error instanceof KeyFault && (error.code === 'blobOfAnotherVault' || error.code === 'keyMismatch'))
        return fault(error.code)
      throw error
    }
    return fault('blobChanged')
  }

  return {
    ...{ keptMac, testedMac, requirePublicHalf, hasKek },
    requireTested: async (row) => {
      requireWhole(row)
      const { tested, kek, blob, spkiSha256 } = row
      // A row of an earlier release was not tested when it was made.
      if (tested !== undefined && !same(tested.mac, await testedMac(row, tested.at)))
        throw await exchanged(row)
      // What was proved then is worth nothing where the KEK has gone since, as with a token that was restored from before it.
      const held = await keys.escrowKekById(kek)
      if (tested === undefined) await held.prove(blob, spkiSha256)
    },
    requireKept: async (row, of) => {
      const { serial, kept, kek, blob, spkiSha256 } = row
      const expected = await keptMac(row, serial, kept)
      if (!same(kept.recordMac, expected)) {
        if (of !== undefined && of !== spkiSha256) throw fault('rowSwapped')
        throw fault((await hasKek(kek)) ? 'recordChanged' : 'blobOfAnotherVault')
      }
      requireWhole(row)
      if (of !== undefined && of !== spkiSha256) throw fault('certificateMismatch')
      if (sha256(blob) !== kept.blobSha256) throw await exchanged(row)
    },
  }
}
