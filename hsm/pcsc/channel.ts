// Commands and answers of ISO/IEC 7816-4: what is long goes in parts, and comes in parts.
import { CardFault } from '../../pki/cardFault.ts'
import { CardRemoved } from './fault.ts'

/** A card in a reader, for one caller alone. */
export type Channel = Readonly<{
  /** @throws CardRemoved, ReaderFailed */
  transmit: (command: Uint8Array) => Promise<Uint8Array>
  /** Lets go of the card, which forgets the PINs that were verified. */
  close: () => Promise<void>
}>

/** Where cards lie. */
export type Readers = Readonly<{
  /** Names of the readers, with a card in them or without. @throws ReaderFailed */
  list: () => Promise<readonly string[]>
  /** @throws CardAbsent, CardBusy, ReaderFailed */
  connect: (reader: string) => Promise<Channel>
}>

export type Command = Readonly<{
  cla?: number
  ins: number
  p1?: number
  p2?: number
  data?: Uint8Array
  /** Octets that are wanted back, up to 256. */
  le?: number
}>

export type Answer = Readonly<{ sw: number; data: Buffer }>

/** Status words that mean something to the driver. */
export const sw = {
  done: 0x9000,
  blocked: 0x6983,
  notFound: 0x6a82,
  noSuchData: 0x6a88,
  wrongData: 0x6a80,
} as const

const chained = 0x10
const mostData = 255

const encode = (command: Command, data: Uint8Array, isLast: boolean): Uint8Array => {
  const { cla = 0, ins, p1 = 0, p2 = 0, le } = command
  const head = Uint8Array.of(isLast ? cla : cla | chained, ins, p1, p2)
  const body = data.length === 0 ? [] : [Uint8Array.of(data.length), data]
  const end = isLast && le !== undefined ? [Uint8Array.of(le & 0xff)] : []
  return Buffer.concat([head, ...body, ...end])
}

const once = async (channel: Channel, command: Uint8Array): Promise<Answer> => {
  const answer = Buffer.from(await channel.transmit(command))
  // What some readers answer for a card that has just gone.
  if (answer.length < 2) throw new CardRemoved('the card gave no status')
  return { sw: answer.readUInt16BE(answer.length - 2), data: answer.subarray(0, -2) }
}

/** Sends a command, in a chain where it is long, and fetches what the card still has to say (61xx). */
export const send = async (channel: Channel, command: Command): Promise<Answer> => {
  let left = command.data ?? new Uint8Array(0)
  for (; left.length > mostData; left = left.subarray(mostData)) {
    const answer = await once(channel, encode(command, left.subarray(0, mostData), false))
    if (answer.sw !== sw.done) return answer
  }
  let answer = await once(channel, encode(command, left, true))
  const parts = [answer.data]
  while (answer.sw >> 8 === 0x61) {
    answer = await once(channel, encode({ ins: 0xc0, le: answer.sw & 0xff }, new Uint8Array(0), true))
    parts.push(answer.data)
  }
  return { sw: answer.sw, data: Buffer.concat(parts) }
}

/** As `send`, where any other status than 9000 is a fault. @throws CardFault */
export const demand = async (channel: Channel, command: Command): Promise<Buffer> => {
  const answer = await send(channel, command)
  if (answer.sw === sw.done) return answer.data
  const [ins, status] = [command.ins, answer.sw].map((value) => value.toString(16).padStart(2, '0'))
  throw new CardFault('CardRefused', `the card answered ${status ?? ''} to instruction ${ins ?? ''}`)
}
