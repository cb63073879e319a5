// The keys of a card: brought to it wrapped, named in its directories, read back.
import { constants, createHash, publicEncrypt, randomBytes, X509Certificate } from 'node:crypto'
import { primitive } from '../../pki/der.ts'
import type { CardKey } from '../../pki/custody.ts'
import { demand, send, sw, type Channel } from './channel.ts'
import {
  createFile,
  deleteFile,
  isThere,
  listFiles,
  modulusIn,
  readFile,
  writeFile,
  type Path,
} from './cardFiles.ts'
import { CardFault } from '../../pki/cardFault.ts'
import { at, certificateFileOf, everySlot, keyFileOf, keySizes, rules, slots, transport } from './layout.ts'
import { certificateDirectory, files, filesIn, keyDirectory, type Entry } from './pkcs15.ts'

/** A key that is to be on the card, with what its certificate says of it. */
export type Wanted = Readonly<{ key: CardKey; modulus: Buffer; bits: number }>

/** @throws CardFault when the card cannot take them all */
export const wantedOf = (keys: readonly CardKey[]): readonly Wanted[] => {
  if (keys.length > slots) throw new CardFault('CardFull', `${keys.length} keys, and the card holds ${slots}`)
  return keys.map((key) => {
    const { publicKey } = new X509Certificate(key.certificate)
    const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url')
    const bits = modulus.length * 8
    if (!keySizes.includes(bits)) throw new CardFault('CardKeySize', `the card takes no key of ${bits} bits`)
    return { key, modulus, bits }
  })
}

type Held = Readonly<{ slot: number; modulus: Buffer | undefined }>

/** What is in each slot. A slot whose key has not come yet is free. */
const survey = async (channel: Channel): Promise<readonly Held[]> => {
  const there = new Set(await listFiles(channel))
  const held: Held[] = []
  for (const slot of everySlot) {
    const file = keyFileOf(slot)
    held.push({ slot, modulus: there.has(file) ? await modulusIn(channel, at(file)) : undefined })
  }
  return held
}

/** IMPORT WRAPPED KEY: the one command of these cards that is not MyEID's (docs/adr/0024). */
const importKey = async (channel: Channel, file: Path, { key: { key } }: Wanted): Promise<void> => {
  if (!(await isThere(channel, file))) throw new CardFault('CardReadBack', 'the file of a key is gone')
  const data = Buffer.concat([
    primitive(3, Uint8Array.of(transport.id >> 8, transport.id & 0xff)),
    primitive(0, key.transport),
    primitive(1, key.blob),
  ])
  const { sw: status } = await send(channel, { cla: 0x80, ins: 0x5a, data })
  if (status === sw.done) return
  if (status === sw.wrongData) throw new CardFault('CardKeyRefused', 'the card cannot open a wrapped key')
  const isGone = status === sw.noSuchData
  throw new CardFault(
    isGone ? 'CardNotBegun' : 'CardRefused',
    `status ${status.toString(16)} to a wrapped key`,
  )
}

const removeSlot = async (channel: Channel, slot: number): Promise<void> => {
  await deleteFile(channel, at(certificateFileOf(slot)))
  await deleteFile(channel, at(keyFileOf(slot)))
}

const load = async (channel: Channel, slot: number, wanted: Wanted): Promise<void> => {
  await removeSlot(channel, slot)
  const path = at(keyFileOf(slot))
  await createFile(channel, { path, kind: 'key', size: wanted.bits, rules: rules.holderKey })
  await importKey(channel, path, wanted)
  if ((await modulusIn(channel, path))?.equals(wanted.modulus) === true) return
  await removeSlot(channel, slot)
  throw new CardFault('CardKeyRefused', 'a wrapped key is not the one of its certificate')
}

/** The slot of each wanted key. Those that are not wanted any more are gone, those that were missing are loaded. */
const placed = async (channel: Channel, wanted: readonly Wanted[]): Promise<readonly number[]> => {
  const held = await survey(channel)
  const slotOf = ({ modulus }: Wanted): number | undefined =>
    held.find((one) => one.modulus?.equals(modulus))?.slot
  const isLoading = wanted.some((one) => slotOf(one) === undefined)
  if (isLoading && (await modulusIn(channel, transport.path)) === undefined)
    throw new CardFault('CardNotBegun', 'the card has no transport key')
  const kept = new Set(wanted.map(slotOf))
  const free = held.filter(({ slot }) => !kept.has(slot))
  for (const { slot, modulus } of free) if (modulus !== undefined) await removeSlot(channel, slot)
  const result: number[] = []
  for (const one of wanted) {
    const slot = slotOf(one) ?? free.shift()?.slot
    if (slot === undefined) throw new CardFault('CardFull', 'the card has no slot left')
    if (slotOf(one) === undefined) await load(channel, slot, one)
    result.push(slot)
  }
  return result
}

const isWritten = async (channel: Channel, path: Path, content: Uint8Array): Promise<boolean> =>
  (await readFile(channel, path, content.length))?.equals(content) === true

/** Writes a file unless it is so already, and reads it back. */
const ensure = async (channel: Channel, path: Path, content: Uint8Array): Promise<void> => {
  if (await isWritten(channel, path, content)) return
  await writeFile(channel, path, content)
  if (!(await isWritten(channel, path, content)))
    throw new CardFault('CardReadBack', 'a file of the card is not what was written')
}

const ensureCertificate = async (channel: Channel, file: number, der: Uint8Array): Promise<void> => {
  const there = await readFile(channel, at(file))
  if (there?.length !== der.length) {
    await deleteFile(channel, at(file))
    await createFile(channel, { path: at(file), kind: 'ef', size: der.length, rules: rules.open })
  }
  await ensure(channel, at(file), der)
}

const entryOf = ({ key, modulus, bits }: Wanted, slot: number): Entry => ({
  label: key.label,
  id: createHash('sha1').update(modulus).digest(),
  keyFile: keyFileOf(slot),
  certificateFile: certificateFileOf(slot),
  size: bits,
})

/** The end of a directory is a zero: what an older, longer one has left behind is not read. */
const closed = (content: Uint8Array): Buffer => Buffer.concat([content, Uint8Array.of(0, 0)])

/** Brings the keys that are missing, and makes the directories name these and no others, in this order. */
export const writeKeys = async (channel: Channel, wanted: readonly Wanted[]): Promise<void> => {
  const chosen = await placed(channel, wanted)
  const entries = wanted.map((one, index) => entryOf(one, chosen[index] ?? 0))
  for (const [index, { key }] of wanted.entries())
    await ensureCertificate(channel, entries[index]?.certificateFile ?? 0, key.certificate)
  await ensure(channel, at(files.keys), closed(keyDirectory(entries)))
  await ensure(channel, at(files.certificates), closed(certificateDirectory(entries)))
}

export type OnCard = Readonly<{ certificate: X509Certificate; keyFile: number }>

/** The certificates on the card in their order, each with the file of its key. @throws DerFault; TypeError */
export const readCertificates = async (channel: Channel): Promise<readonly OnCard[]> => {
  const content = await readFile(channel, at(files.certificates))
  const found: OnCard[] = []
  for (const file of filesIn(content ?? Buffer.alloc(0))) {
    const der = await readFile(channel, at(file))
    const keyFile = keyFileOf(file - certificateFileOf(0))
    if (der !== undefined) found.push({ certificate: new X509Certificate(der), keyFile })
  }
  return found
}

/** Whether the card decrypts with the key what was enciphered to the certificate. The holder's PIN was verified. */
export const decrypts = async (channel: Channel, { certificate, keyFile }: OnCard): Promise<boolean> => {
  const challenge = randomBytes(32)
  const ciphertext = publicEncrypt(
    { key: certificate.publicKey, padding: constants.RSA_PKCS1_PADDING },
    challenge,
  )
  await isThere(channel, at(keyFile))
  const environment = Uint8Array.of(0x80, 1, 0x02, 0x81, 2, keyFile >> 8, keyFile & 0xff)
  await demand(channel, { ins: 0x22, p1: 0x41, p2: 0xb8, data: environment })
  const data = Buffer.concat([Uint8Array.of(0), ciphertext])
  const { sw: status, data: answer } = await send(channel, { ins: 0x2a, p1: 0x80, p2: 0x86, data, le: 256 })
  return status === sw.done && answer.equals(challenge)
}
