// ISO/IEC 7816-4 5.1: what a reader sends to a card, and the two octets that close every answer.

/** One command. `le`: the octets it wants back at most; 0: none. */
export type Command = Readonly<{
  cla: number
  ins: number
  p1: number
  p2: number
  data: Buffer
  le: number
}>

/** Status words (ISO/IEC 7816-4 table 5 and 6) that this card answers. */
export const status = {
  done: 0x9000,
  wrongLength: 0x6700,
  securityNotSatisfied: 0x6982,
  blocked: 0x6983,
  conditionsNotSatisfied: 0x6985,
  wrongData: 0x6a80,
  notFound: 0x6a82,
  full: 0x6a84,
  wrongParameters: 0x6a86,
  noSuchData: 0x6a88,
  exists: 0x6a89,
  beyondTheEnd: 0x6b00,
  unknownInstruction: 0x6d00,
  wrongClass: 0x6e00,
} as const

/** The command is not carried out; the card answers this status. */
export class StatusFault extends Error {
  override readonly name = 'StatusFault'
  readonly sw: number
  constructor(sw: number) {
    super(`status ${sw.toString(16)}`)
    this.sw = sw
  }
}

/** @throws StatusFault: by whoever returns a value and cannot */
export const refuse = (sw: number): never => {
  throw new StatusFault(sw)
}

export const withStatus = (sw: number, data: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([data, Buffer.of(sw >> 8, sw & 0xff)])

const shortLe = (octet = -1): number => (octet === 0 ? 256 : Math.max(0, octet))

/** @throws StatusFault where the lengths do not add up; extended lengths are not spoken */
export const parseCommand = (bytes: Buffer): Command => {
  if (bytes.length < 4) refuse(status.wrongLength)
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = bytes
  const head = { cla, ins, p1, p2 }
  if (bytes.length <= 5) return { ...head, data: Buffer.alloc(0), le: shortLe(bytes[4]) }
  const end = 5 + bytes.readUInt8(4)
  if (end === 5 || bytes.length < end || bytes.length > end + 1) refuse(status.wrongLength)
  return { ...head, data: bytes.subarray(5, end), le: shortLe(bytes[end]) }
}
