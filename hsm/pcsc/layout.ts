// How this service lays out a card: sixteen keys with their certificates, the transport key, and a note of whose card it is.
import { application, type Path } from './cardFiles.ts'

/** Keys that a card holds. */
export const slots = 16
/** RSA, in bits: those that MyEID takes and OpenSC knows. */
export const keySizes: readonly number[] = [2048, 3072, 4096]
export const transportBits = 3072

const firstKey = 0x4b01
const firstCertificate = 0x4301
const transportFile = 0x4bff

export const at = (id: number): Path => [application, id]
export const keyFileOf = (slot: number): number => firstKey + slot
export const certificateFileOf = (slot: number): number => firstCertificate + slot
export const everySlot: readonly number[] = Array.from({ length: slots }, (_, slot) => slot)
export const transport = { id: transportFile, path: at(transportFile) }
export const note = at(0x4c01)

/** Ids under which keys lie, whoever put them there. */
export const isKeyFile = (id: number): boolean => id >> 8 === 0x4b

/** PINs by number: the holder's, and custody's own. */
export const custodyPin = 3

// Rules of MyEID, a nibble a right: 0 always, 1 the holder's PIN, 3 custody's, F never.
export const rules = {
  /** Read by everybody; updated and removed by custody. */
  open: Uint8Array.of(0x03, 0x3f, 0xff),
  /** Used under the holder's PIN; brought and removed by custody. */
  holderKey: Uint8Array.of(0x13, 0x3f, 0xff),
  /** Made and removed by custody, used by the card alone. */
  transportKey: Uint8Array.of(0xff, 0x33, 0xff),
  /** For the two directories: custody alone makes files, and begins anew. */
  directories: Uint8Array.of(0xff, 0xff, 0x33, 0x3f, 0xff, 0x33, 0x3f, 0xff),
}

/**
 * How far a card has come: `begun`: it takes keys; `written`: they are on it; `handed`: its PIN was defined; `unblocking`: the PUK is
 * about to be used; `unblocked`: it was, and a PIN is to be defined; `erased`: nothing else is on it, and it has no rules: a blank card
 * of which is known whose it was.
 */
export const stages = ['begun', 'written', 'handed', 'unblocking', 'unblocked', 'erased'] as const
export type Stage = (typeof stages)[number]

const magic = Buffer.from('GL1', 'latin1')
export const noteLength = magic.length + 1 + 32

/** The note on a card: whose it is, by custody's mark (secrets.ts), and its stage. One command writes it. */
export const noteOf = (mark: Uint8Array, stage: Stage): Buffer =>
  Buffer.concat([magic, Buffer.of(stages.indexOf(stage) + 1), mark])

/** The stage in a note; undefined where the note does not bear the mark. */
export const stageIn = (content: Buffer | undefined, mark: Uint8Array): Stage | undefined => {
  if (content?.length !== noteLength || !content.subarray(0, 3).equals(magic)) return undefined
  return content.subarray(4).equals(mark) ? stages[(content[3] ?? 0) - 1] : undefined
}
