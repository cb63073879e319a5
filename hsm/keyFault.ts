/**
 * Why custody did not do what it was asked. The codes go into the ledger with a recovery that failed, so none of them is ever renamed.
 *
 * - `custody`: out of reach, or not able to: another try may help.
 * - `keyNotHeld`: no such key is kept, or set aside, in this escrow.
 * - `keyMissing`: there is no such key of the service; what the keys are in has said so itself.
 * - `kekMissing`: the KEK that the row names is not here, or was destroyed.
 * - `blobTruncated`: the wrapped key is shorter than it was written.
 * - `blobOfAnotherVault`: the wrapped key does not open under its KEK: it was wrapped elsewhere, or changed.
 * - `blobChanged`: the wrapped key is not the one whose digest the record has.
 * - `keyMismatch`: the wrapped key opens, and is another one's.
 * - `rowSwapped`: what stands under the serial is the row of another key.
 * - `recordChanged`: the MAC of the record is not the one that the token makes.
 * - `publicKeyChanged`: the public half beside the wrapped key is not the one that the row is named after.
 * - `certificateMismatch`: the key is whole, and is not the one of the certificate.
 * - `keyTaken`: the key, or the serial, is somebody else's already.
 * - `kekNeeded`: keys still lie under the KEK that was to be destroyed.
 * - `transportKeyUnusable`: what a card gave as its transport key is none that a key may go out under.
 * - `otherStore`: the escrow of this data directory lies elsewhere.
 */
export type KeyFaultCode =
  | 'custody'
  | 'keyNotHeld'
  | 'keyMissing'
  | 'kekMissing'
  | 'blobTruncated'
  | 'blobOfAnotherVault'
  | 'blobChanged'
  | 'keyMismatch'
  | 'rowSwapped'
  | 'recordChanged'
  | 'publicKeyChanged'
  | 'certificateMismatch'
  | 'keyTaken'
  | 'kekNeeded'
  | 'transportKeyUnusable'
  | 'otherStore'

/** Custody cannot do what was asked: out of reach, damaged, tampered with, or not its key. The message names no secret. */
export class KeyFault extends Error {
  override readonly name = 'KeyFault'
  readonly code: KeyFaultCode
  constructor(message: string, { cause, code = 'custody' }: { cause?: unknown; code?: KeyFaultCode } = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
  }
}
