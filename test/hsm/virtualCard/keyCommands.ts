// Keys of the card: made on it, brought to it wrapped, used.
import { refuse, status, type Command } from './apdu.ts'
import { keyOfPkcs8, rawPrivate, unwrap, withoutPadding, withPadding, type RsaKey } from './rsa.ts'
import { demandRight, directoryOf, selectedKey, type Card } from './state.ts'

/** Simple TLV of this card's own commands: tag, then a length as in BER. */
const fieldsOf = (data: Buffer): ReadonlyMap<number, Buffer> => {
  const fields = new Map<number, Buffer>()
  for (let at = 0; at + 1 < data.length;) {
    const more = (data[at + 1] ?? 0) > 0x80 ? (data[at + 1] ?? 0) & 0x7f : 0
    if (more > 2 || at + 2 + more > data.length) refuse(status.wrongData)
    const length = more === 0 ? (data[at + 1] ?? 0) : data.readUIntBE(at + 2, more)
    const from = at + 2 + more
    fields.set(data[at] ?? 0, data.subarray(from, from + length))
    at = from + length
  }
  return fields
}

/** GENERATE (INS 46): a pair in the selected key file, of its size. */
export const generateKey = async (card: Card): Promise<void> => {
  const file = selectedKey(card)
  demandRight(card, file, 'generate')
  file.key = keyOfPkcs8(await card.generate(file.size), file.size)
  card.memory.changes += 1
}

/**
 * IMPORT WRAPPED KEY (CLA 80, INS 5A), this card's own: a private key for the selected key file. Data: 83 the id of the transport
 * key's file, 80 an AES-256 key under RSA-OAEP (SHA-1) to it, 81 the PKCS#8 under that (RFC 5649).
 */
export const importWrapped = (card: Card, { data }: Command): void => {
  const file = selectedKey(card)
  demandRight(card, file, 'update')
  const fields = fieldsOf(data)
  const [id, wrapped, blob] = [fields.get(0x83), fields.get(0x80), fields.get(0x81)]
  if (id?.length !== 2 || wrapped === undefined || blob === undefined) return refuse(status.wrongData)
  const transport = directoryOf(card).children.get(id.readUInt16BE())?.key ?? refuse(status.noSuchData)
  file.key = unwrap(transport, wrapped, blob, file.size)
  card.memory.changes += 1
}

/** MANAGE SECURITY ENVIRONMENT, SET: 80 the algorithm, 81 the file of the key. */
export const setEnvironment = (card: Card, { p1, data }: Command): void => {
  if ((p1 & 0x0f) !== 1) refuse(status.wrongParameters)
  const fields = fieldsOf(data)
  const file = fields.get(0x81)
  if (file?.length !== 2) return refuse(status.wrongData)
  card.session.environment = { algorithm: fields.get(0x80)?.[0] ?? 0, file: file.readUInt16BE() }
}

const usable = (card: Card): Readonly<{ key: RsaKey; isPadded: boolean }> => {
  const { environment } = card.session
  if (environment === undefined) return refuse(status.conditionsNotSatisfied)
  const file = directoryOf(card).children.get(environment.file) ?? refuse(status.noSuchData)
  demandRight(card, file, 'use')
  return { key: file.key ?? refuse(status.noSuchData), isPadded: (environment.algorithm & 0x02) !== 0 }
}

const decipher = (card: Card, data: Buffer): Buffer => {
  const { key, isPadded } = usable(card)
  if (data[0] !== 0) refuse(status.wrongData)
  const block = rawPrivate(key, data.subarray(1))
  return isPadded ? withoutPadding(block) : block
}

const sign = (card: Card, data: Buffer): Buffer => {
  const { key, isPadded } = usable(card)
  return rawPrivate(key, isPadded ? withPadding(data, key) : data)
}

/** PERFORM SECURITY OPERATION: DECIPHER (80 86) and COMPUTE DIGITAL SIGNATURE (9E 9A). */
export const performOperation = (card: Card, { p1, p2, data }: Command): Buffer => {
  if (p1 === 0x80 && p2 === 0x86) return decipher(card, data)
  if (p1 === 0x9e && p2 === 0x9a) return sign(card, data)
  return refuse(status.wrongParameters)
}
