/** Custody cannot do what was asked: out of reach, damaged, tampered with, or not its key. The message names no secret. */
export class KeyFault extends Error {
  override readonly name = 'KeyFault'
}
