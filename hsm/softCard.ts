// A card in software, one enciphered file each: it stands in for the QSCD on the embedded profile. It has what the procedure
// asks of a card (CGU-49 to CGU-51): keys that come out of it only as what they decrypt, a PIN that nobody else knows, a counter that blocks.
//
// Keys come onto it as onto any card: wrapped for a transport key of its own, which it keeps in memory, for all cards of the store.
// The keys lie under a card key. Until the holder has used his PIN once, the desk can open the card as well: it tests the
// keys, and a PIN whose definition a crash cut off from its record may be defined anew. From the first use on, the PIN alone
// opens it — or the card's PUK, which custody derives when it is wanted and no person ever sees, to let the holder of a blocked
// card define a new PIN. The whole file lies under the master key besides, so that a stolen file does not let anybody try PINs.
import {
  constants,
  createPrivateKey,
  privateDecrypt,
  randomBytes as systemRandom,
  X509Certificate,
} from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openTurns } from '../domain/turns.ts'
import { CardFault } from '../pki/cardFault.ts'
import type { CardCapabilities, CardKey, Unblocking } from '../pki/custody.ts'
import { closeBox, openBox, subkey, type RandomBytes } from './box.ts'
import type { CardFile } from './cardFile.ts'
import { makePrivateDirectory, readIfPresent, replaceDurable, syncDirectory } from './durable.ts'
import { PinRefused, type HolderCards } from './holderCards.ts'
import { KeyFault } from './keyFault.ts'
import { openSoftTransport } from './softTransport.ts'
import { scryptCost, stretch } from './stretch.ts'
import { decrypts, type MakePair } from './wrappedKey.ts'

type PrivateKeys = Readonly<Record<string, string>>

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const octets = (text: string): Buffer => Buffer.from(text, 'base64')
const cardId = /^[A-Za-z0-9-]{1,64}$/

export const softCardCapabilities: CardCapabilities = {
  model: 'software-qscd',
  keySizes: [2048, 3072, 4096],
  slots: 99,
  pinDigits: 16,
}

/** Wrong PUKs in a row after which a card is good for nothing any more. */
const pukTries = 5

export type SoftCardParts = Readonly<{
  directory: string
  /** 32 octets (passphrase.ts). */
  master: Uint8Array
  /** Wrong PINs in a row that block a card (policy `card.pinTries`). */
  pinTries: number
  /** The PUK of a card; by default custody derives it from the master key. */
  puks?: (card: string) => Uint8Array
  /** scrypt's N for PINs. */
  cost?: number
  /** Where the transport key comes from, if it is not made: tests have a stock. */
  transportPair?: MakePair
  randomBytes?: RandomBytes
}>

/** Opens the cards of a directory. */
export const openSoftCards = async (parts: SoftCardParts): Promise<HolderCards> => {
  const { directory, master, pinTries, cost = scryptCost, randomBytes = systemRandom } = parts
  const transport = openSoftTransport(parts.transportPair)
  await makePrivateDirectory(directory)
  const fileKey = subkey(master, 'cards')
  const pukKey = subkey(master, 'puks')
  const { puks = (card: string) => subkey(pukKey, `puk|${card}`) } = parts
  // One act a card at a time: two tries at once must count as two.
  const turn = openTurns()

  const pathOf = (card: string): string => {
    if (!cardId.test(card)) throw new KeyFault('that is not the id of a card')
    return join(directory, `${card}.card`)
  }
  const boundTo = (card: string, part: string): string => `grand-livre/card|${card}|${part}`

  const load = async (card: string): Promise<CardFile | undefined> => {
    const bytes = await readIfPresent(pathOf(card))
    if (bytes === undefined) return undefined
    return JSON.parse(openBox(fileKey, boundTo(card, 'file'), bytes).toString('utf8')) as CardFile
  }
  const loadPresent = async (card: string): Promise<CardFile> => {
    const file = await load(card)
    if (file === undefined) throw new KeyFault(`there is no card ${card}`)
    return file
  }
  const save = (card: string, file: CardFile): Promise<void> =>
    replaceDurable(
      pathOf(card),
      closeBox(fileKey, boundTo(card, 'file'), Buffer.from(JSON.stringify(file)), randomBytes),
    )

  const keysOf = (card: string, file: CardFile, cardKey: Uint8Array): PrivateKeys =>
    JSON.parse(openBox(cardKey, boundTo(card, 'keys'), octets(file.keys)).toString('utf8')) as PrivateKeys

  const deskKey = (card: string, { atDesk }: CardFile): Buffer => {
    if (atDesk === undefined) throw new KeyFault(`the card ${card} is its holder's alone`)
    return octets(atDesk)
  }

  const write = async (card: string, keys: readonly CardKey[]): Promise<void> => {
    const cardKey = randomBytes(32)
    const puk = closeBox(puks(card), boundTo(card, 'puk'), cardKey, randomBytes)
    const privateKeys: Record<string, string> = {}
    for (const one of keys) {
      const pkcs8 = await transport.opened(one)
      privateKeys[one.serial] = base64(pkcs8)
      pkcs8.fill(0)
    }
    const box = closeBox(
      cardKey,
      boundTo(card, 'keys'),
      Buffer.from(JSON.stringify(privateKeys)),
      randomBytes,
    )
    await save(card, {
      v: 1,
      certificates: keys.map(({ serial, certificate }) => ({ serial, der: base64(certificate) })),
      ...{ keys: base64(box), triesLeft: pinTries, atDesk: base64(cardKey) },
      puk: { box: base64(puk), triesLeft: pukTries },
    })
  }

  const testDecryption = async (card: string): Promise<boolean> => {
    const file = await loadPresent(card)
    const keys = keysOf(card, file, deskKey(card, file))
    return file.certificates.every(({ serial, der }) => {
      const pkcs8 = octets(keys[serial] ?? '')
      try {
        const key = createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
        return new X509Certificate(octets(der)).checkPrivateKey(key) && decrypts(pkcs8, randomBytes(32))
      } finally {
        pkcs8.fill(0)
      }
    })
  }

  /** @throws KeyFault where the PUK is not the card's */
  const keyUnderPuk = (card: string, { puk }: CardFile): Buffer => {
    if (puk === undefined) throw new KeyFault(`the card ${card} has no PUK`)
    return openBox(puks(card), boundTo(card, 'puk'), octets(puk.box))
  }

  /** Takes the PUK. The old PIN is gone with it; a try is counted on disk before it is made. */
  const unblock = async (card: string): Promise<Unblocking> => {
    const file = await load(card)
    if (file === undefined) return { unblocked: false, fault: 'cardAbsent' }
    if (file.unblocked === true) return { unblocked: true }
    const { puk, ...rest } = file
    if (file.triesLeft > 0) return { unblocked: false, fault: 'notBlocked' }
    if (puk === undefined) return { unblocked: false, fault: 'noPuk' }
    if (puk.triesLeft === 0) return { unblocked: false, fault: 'pukBlocked', triesLeft: 0 }
    const triesLeft = puk.triesLeft - 1
    await save(card, { ...rest, puk: { ...puk, triesLeft } })
    try {
      keyUnderPuk(card, file)
    } catch {
      return { unblocked: false, fault: 'pukWrong', triesLeft }
    }
    const { pin: _, ...opened } = rest
    await save(card, { ...opened, puk: { ...puk, triesLeft: pukTries }, unblocked: true })
    return { unblocked: true }
  }

  const definePin = async (card: string, pin: string): Promise<void> => {
    const file = await loadPresent(card)
    if (file.triesLeft === 0 && file.unblocked !== true)
      throw new CardFault('CardBlocked', `the card ${card} is blocked`)
    const salt = randomBytes(16)
    const key = await stretch(pin, { n: cost, salt })
    const cardKey = file.unblocked === true ? keyUnderPuk(card, file) : deskKey(card, file)
    const box = closeBox(key, boundTo(card, 'pin'), cardKey, randomBytes)
    await save(card, { ...file, triesLeft: pinTries, pin: { salt: base64(salt), n: cost, box: base64(box) } })
  }

  /** The card key. The try is counted on disk before it is made: pulling the plug does not give it back. */
  const unlock = async (card: string, file: CardFile, pin: string): Promise<Buffer> => {
    if (file.pin === undefined) throw new KeyFault(`the card ${card} has no PIN yet`)
    if (file.triesLeft === 0) throw new PinRefused(0)
    const triesLeft = file.triesLeft - 1
    await save(card, { ...file, triesLeft })
    const { salt, n, box } = file.pin
    const key = await stretch(pin, { n, salt: octets(salt) })
    try {
      return openBox(key, boundTo(card, 'pin'), octets(box))
    } catch {
      throw new PinRefused(triesLeft)
    }
  }

  const decrypt: HolderCards['decrypt'] = async ({ card, pin, serial, ciphertext, hash = 'sha256' }) => {
    const file = await loadPresent(card)
    const cardKey = await unlock(card, file, pin)
    const { atDesk: _, unblocked: __, ...used } = file
    await save(card, { ...used, triesLeft: pinTries })
    const pkcs8 = octets(keysOf(card, file, cardKey)[serial] ?? '')
    if (pkcs8.length === 0) throw new KeyFault(`the card has no key of ${serial}`)
    try {
      const key = createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
      const padding = constants.RSA_PKCS1_OAEP_PADDING
      return privateDecrypt({ key, padding, oaepHash: hash }, ciphertext)
    } catch {
      // One answer for every cause: what differs would tell the sender of a ciphertext about the key.
      throw new KeyFault('that does not decrypt')
    } finally {
      pkcs8.fill(0)
    }
  }

  /** A card of this kind is not carried away: what is not in the store has been erased, or was never written. */
  const erase = async (card: string): Promise<true> => {
    const path = pathOf(card)
    const bytes = await readIfPresent(path)
    if (bytes === undefined) return true
    const file = await open(path, 'r+')
    try {
      await file.write(Buffer.alloc(bytes.length), 0, bytes.length, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await rm(path)
    await syncDirectory(directory)
    return true
  }

  return {
    capabilities: softCardCapabilities,
    health: async () => true,
    begin: (card) =>
      turn(card, async () => {
        pathOf(card)
        return { transportKey: await transport.publicKey() }
      }),
    write: ({ card, keys }) => turn(card, () => write(card, keys)),
    read: (card) =>
      turn(card, async () => (await load(card))?.certificates.map(({ serial }) => serial) ?? []),
    testDecryption: (card) => turn(card, () => testDecryption(card)),
    unblock: (card) => turn(card, () => unblock(card)),
    definePin: ({ card, pin }) => turn(card, () => definePin(card, pin)),
    decrypt: (asked) => turn(asked.card, () => decrypt(asked)),
    triesLeft: (card) => turn(card, async () => (await loadPresent(card)).triesLeft),
    erase: (card) => turn(card, () => erase(card)),
  }
}
