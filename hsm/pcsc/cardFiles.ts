// Files of a card: ISO/IEC 7816-4 for reading and writing, MyEID's own for making them.
import { demand, send, sw, type Answer, type Channel } from './channel.ts'
import { CardFault } from '../../pki/cardFault.ts'

/** Ids from the master file down. */
export type Path = readonly number[]

export const masterFile = 0x3f00
export const application = 0x5015

const short = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff)
export const pathOctets = (path: Path): Buffer => Buffer.concat(path.map(short))

const select = (channel: Channel, path: Path): Promise<Answer> =>
  path.length === 0
    ? send(channel, { ins: 0xa4, data: short(masterFile), le: 256 })
    : send(channel, { ins: 0xa4, p1: 0x08, data: pathOctets(path), le: 256 })

/** The value of a tag in file control information (6F). */
const fieldOf = (information: Buffer, tag: number): Buffer | undefined => {
  for (let at = 2; at + 1 < information.length;) {
    const length = information[at + 1] ?? 0
    if (information[at] === tag) return information.subarray(at + 2, at + 2 + length)
    at += 2 + length
  }
  return undefined
}

/** Selects a file, by its path below the master file. @returns whether there is one */
export const isThere = async (channel: Channel, path: Path): Promise<boolean> =>
  (await select(channel, path)).sw === sw.done

const information = async (channel: Channel, path: Path): Promise<Buffer | undefined> => {
  const answer = await select(channel, path)
  if (answer.sw === sw.notFound) return undefined
  if (answer.sw === sw.done) return answer.data
  throw new CardFault('CardRefused', `the card answered ${answer.sw.toString(16)} to SELECT`)
}

/** Whether access rules hold already: a card that is being made has none. */
export const isActive = async (channel: Channel): Promise<boolean> => {
  const state = fieldOf((await information(channel, [])) ?? Buffer.alloc(0), 0x8a)?.[0]
  if (state === undefined) throw new CardFault('CardUnsupported', 'the card does not say how far it has come')
  return state !== 0x01
}

/** The first `length` octets of a file, all of it by default; undefined when there is none. */
export const readFile = async (
  channel: Channel,
  path: Path,
  length?: number,
): Promise<Buffer | undefined> => {
  const found = await information(channel, path)
  if (found === undefined) return undefined
  const size = length ?? fieldOf(found, 0x80)?.readUInt16BE() ?? 0
  const parts: Buffer[] = []
  for (let at = 0; at < size;) {
    const le = Math.min(256, size - at)
    const part = await demand(channel, { ins: 0xb0, p1: at >> 8, p2: at & 0xff, le })
    if (part.length === 0) break
    parts.push(part)
    at += part.length
  }
  return Buffer.concat(parts)
}

const mostWritten = 240

/** Writes from the beginning; what is behind stays. */
export const writeFile = async (channel: Channel, path: Path, content: Uint8Array): Promise<void> => {
  if (!(await isThere(channel, path))) throw new CardFault('CardReadBack', 'a file of the card is gone')
  for (let at = 0; at < content.length; at += mostWritten) {
    const data = content.subarray(at, at + mostWritten)
    await demand(channel, { ins: 0xd6, p1: at >> 8, p2: at & 0xff, data })
  }
}

export type NewFile = Readonly<{
  path: Path
  kind: 'ef' | 'key'
  /** Octets of an EF, bits of a key. */
  size: number
  /** Three octets: access rules of MyEID, one nibble each. */
  rules: Uint8Array
}>

/** CREATE FILE of MyEID, in the directory above it. */
export const createFile = async (channel: Channel, { path, kind, size, rules }: NewFile): Promise<void> => {
  await isThere(channel, path.slice(0, -1))
  const fields = [
    Uint8Array.of(kind === 'ef' ? 0x80 : 0x81, 2, ...short(size)),
    Uint8Array.of(0x82, 1, kind === 'ef' ? 0x01 : 0x11),
    Uint8Array.of(0x83, 2, ...short(path.at(-1) ?? 0)),
    Uint8Array.of(0x86, 3, ...rules),
    Uint8Array.of(0x85, 2, 0, 0),
    Uint8Array.of(0x8a, 1, 0),
  ]
  const content = Buffer.concat(fields)
  await demand(channel, { ins: 0xe0, data: Buffer.concat([Uint8Array.of(0x62, content.length), content]) })
}

/** Removes a file; one that is not there is gone already. */
export const deleteFile = async (channel: Channel, path: Path): Promise<void> => {
  if (await isThere(channel, path)) await demand(channel, { cla: 0xa0, ins: 0xe4 })
}

/** Ids of the files of the application. */
export const listFiles = async (channel: Channel): Promise<readonly number[]> => {
  if (!(await isThere(channel, [application]))) return []
  const ids = await demand(channel, { ins: 0xca, p1: 0x01, p2: 0xa1, le: 256 })
  return Array.from({ length: ids.length >> 1 }, (_, at) => ids.readUInt16BE(2 * at))
}

/** The modulus of the key in a file; undefined when there is no key in it, or no file. */
export const modulusIn = async (channel: Channel, path: Path): Promise<Buffer | undefined> => {
  if (!(await isThere(channel, path))) return undefined
  const answer = await send(channel, { ins: 0xca, p1: 0x01, p2: 0x01, le: 256 })
  if (answer.sw === sw.noSuchData) return undefined
  if (answer.sw === sw.done) return answer.data
  throw new CardFault('CardRefused', `the card answered ${answer.sw.toString(16)} to GET DATA`)
}
