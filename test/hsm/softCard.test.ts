import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KeyFault } from '../../hsm/keyFault.ts'
import { PinRefused, type HolderCards } from '../../hsm/holderCards.ts'
import { openSoftCards } from '../../hsm/softCard.ts'
import { wrapUnder } from '../../hsm/keyWrap.ts'
import type { CardKey, WrappedForCard } from '../../pki/custody.ts'
import { transportPair } from '../support/holderKeys.ts'
import { filesIn, removeDirectory, temporaryDirectory, whereFound } from './custody.ts'

const card = '5f0c8a51-1b7a-4f63-9f0e-5f1f0f6f7a10'
const pin = '246813'
const message = Buffer.from('Bordereau confidentiel')

let directory: string
let cards: HolderCards
const master = randomBytes(32)
const openCards = (): Promise<HolderCards> =>
  openSoftCards({ directory: join(directory, 'cards'), master, pinTries: 3, cost: 2, transportPair })

type Made = Omit<CardKey, 'key'> & Readonly<{ pkcs8: Buffer; publicKey: KeyObject }>
/** A key with a certificate of its own, made by OpenSSL. */
const make = async (serial: string): Promise<Made> => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const path = join(directory, `${serial}.pem`)
  await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const request = [
    'req',
    '-x509',
    '-key',
    path,
    '-subj',
    '/CN=Zoe Dete-Brule',
    '-days',
    '1',
    '-outform',
    'DER',
  ]
  const certificate = execFileSync('openssl', request, { stdio: ['ignore', 'pipe', 'ignore'] })
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  return { serial, label: serial, pkcs8, certificate, publicKey }
}
/** As the escrow gives it for a card. */
const wrappedFor = (transportKey: Uint8Array, { pkcs8 }: Pick<Made, 'pkcs8'>): WrappedForCard => {
  const aes = randomBytes(32)
  const key = createPublicKey({ key: Buffer.from(transportKey), format: 'der', type: 'spki' })
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return { transport: publicEncrypt({ key, padding, oaepHash: 'sha1' }, aes), blob: wrapUnder(aes, pkcs8) }
}
/** Begins the card and writes keys on it. */
const put = async (made: readonly Made[], on = cards): Promise<void> => {
  const { transportKey } = await on.begin(card)
  await on.write({ card, keys: made.map((one) => ({ ...one, key: wrappedFor(transportKey, one) })) })
}
const encipher = (key: KeyObject, oaepHash = 'sha256'): Buffer =>
  publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, message)

const a = '41'.padEnd(32, '0')
const b = '42'.padEnd(32, '0')
let one: Made
let two: Made
beforeAll(async () => {
  directory = await temporaryDirectory()
  cards = await openCards()
  one = await make(a)
  two = await make(b)
})
afterAll(() => removeDirectory(directory))
beforeEach(async () => {
  await put([one, two])
})

describe('the card', () => {
  it('CGU-42: it holds the keys that were written on it, and each decrypts before the PIN is set', async () => {
    expect(await cards.read(card)).toEqual([a, b])
    expect(await cards.testDecryption(card)).toBe(true)
    expect(await cards.read('absent')).toEqual([])
    await cards.erase(card)
    await cards.erase(card)
    expect(await cards.read(card)).toEqual([])
  })

  it('CGU-34: a key that is not the one of its certificate, or not for this card, is not taken; what was there stays', async () => {
    await expect(put([one, { ...two, certificate: one.certificate }])).rejects.toThrow(KeyFault)
    const { transportKey } = await cards.begin(card)
    const wrapped = { ...one, key: wrappedFor(transportKey, one) }
    const stranger = await openCards()
    await expect(stranger.write({ card, keys: [wrapped] })).rejects.toThrow('was not begun')
    for (const key of [
      wrappedFor(two.publicKey.export({ type: 'spki', format: 'der' }), one),
      { ...wrapped.key, blob: wrapped.key.blob.subarray(8) },
      { ...wrapped.key, transport: wrapped.key.transport.subarray(1) },
    ])
      await expect(cards.write({ card, keys: [{ ...one, key }] })).rejects.toThrow(KeyFault)
    expect(await cards.read(card)).toEqual([a, b])
    expect(await cards.testDecryption(card)).toBe(true)
  })

  it('CGU-49: with the PIN it decrypts with each key; from then on the desk cannot open it', async () => {
    await cards.definePin({ card, pin: '111111' })
    await cards.definePin({ card, pin })
    const reopened = await openCards()
    expect(await reopened.decrypt({ card, pin, serial: a, ciphertext: encipher(one.publicKey) })).toEqual(
      message,
    )
    const sha1 = { card, pin, serial: b, ciphertext: encipher(two.publicKey, 'sha1'), hash: 'sha1' } as const
    expect(await reopened.decrypt(sha1)).toEqual(message)
    await expect(cards.definePin({ card, pin: '999999' })).rejects.toThrow(KeyFault)
    await expect(cards.testDecryption(card)).rejects.toThrow(KeyFault)
  })

  it('CGU-51: wrong PINs in a row block it, on disk, at once or not; a right one in between starts anew', async () => {
    await cards.definePin({ card, pin })
    const ask = (tried: string, on = cards) =>
      on.decrypt({ card, pin: tried, serial: a, ciphertext: encipher(one.publicKey) })
    await expect(ask('000000')).rejects.toMatchObject({ name: 'PinRefused', triesLeft: 2 })
    await expect(ask('000000', await openCards())).rejects.toMatchObject({ triesLeft: 1 })
    expect(await ask(pin)).toEqual(message)
    expect(await cards.triesLeft(card)).toBe(3)
    const tries = await Promise.allSettled(['000000', '000001', '000002', pin].map((tried) => ask(tried)))
    expect(tries.map((tried) => tried.status)).toEqual(Array(4).fill('rejected'))
    await expect(ask(pin, await openCards())).rejects.toThrow(PinRefused)
    expect(await cards.triesLeft(card)).toBe(0)
  })

  const block = async (): Promise<void> => {
    for (const tried of ['000000', '000001', '000002'])
      await expect(
        cards.decrypt({ card, pin: tried, serial: a, ciphertext: encipher(one.publicKey) }),
      ).rejects.toThrow(PinRefused)
  }

  it('CGU-51, CGU-53: blocked before its PIN was ever used, it takes no other but after its PUK', async () => {
    await cards.definePin({ card, pin })
    await block()
    await expect(cards.definePin({ card, pin })).rejects.toMatchObject({ name: 'CardBlocked' })
    expect(await cards.triesLeft(card)).toBe(0)
    expect(await cards.unblock(card)).toEqual({ unblocked: true })
    await cards.definePin({ card, pin })
    expect(await cards.triesLeft(card)).toBe(3)
  })

  it('CGU-53: blocked, it is opened by its PUK: no PIN, old or new, is known, and its holder defines another', async () => {
    await cards.definePin({ card, pin })
    const ask = (tried: string) =>
      cards.decrypt({ card, pin: tried, serial: b, ciphertext: encipher(two.publicKey) })
    expect(await ask(pin)).toEqual(message)
    expect(await cards.unblock(card)).toEqual({ unblocked: false, fault: 'notBlocked' })
    await block()
    await expect(cards.definePin({ card, pin: '135790' })).rejects.toMatchObject({ name: 'CardBlocked' })
    expect(await cards.unblock(card)).toEqual({ unblocked: true })
    expect(await (await openCards()).unblock(card)).toEqual({ unblocked: true })
    await expect(ask(pin)).rejects.toThrow(KeyFault)
    await cards.definePin({ card, pin: '135790' })
    await expect(ask(pin)).rejects.toMatchObject({ triesLeft: 2 })
    expect(await ask('135790')).toEqual(message)
    await expect(cards.definePin({ card, pin })).rejects.toThrow(KeyFault)
    expect(await cards.unblock('absent')).toEqual({ unblocked: false, fault: 'cardAbsent' })
  })

  it('CGU-53: wrong PUKs in a row end it for good', async () => {
    await cards.definePin({ card, pin })
    await block()
    const stranger = await openSoftCards({
      ...{ directory: join(directory, 'cards'), master, pinTries: 3, cost: 2, transportPair },
      puks: () => Buffer.alloc(32, 7),
    })
    for (const triesLeft of [4, 3, 2, 1, 0])
      expect(await stranger.unblock(card)).toEqual({ unblocked: false, fault: 'pukWrong', triesLeft })
    expect(await cards.unblock(card)).toEqual({ unblocked: false, fault: 'pukBlocked', triesLeft: 0 })
  })

  it('what does not decrypt, and a key that is not there, are refused alike whatever the cause', async () => {
    await cards.definePin({ card, pin })
    const asks = [randomBytes(256), encipher(two.publicKey), Buffer.alloc(3)]
    for (const ciphertext of asks)
      await expect(cards.decrypt({ card, pin, serial: a, ciphertext })).rejects.toThrow(
        'that does not decrypt',
      )
    const absent = { card, pin, serial: '43'.padEnd(32, '0'), ciphertext: encipher(one.publicKey) }
    await expect(cards.decrypt(absent)).rejects.toThrow(KeyFault)
    await expect(cards.decrypt({ ...absent, card: '../cards' })).rejects.toThrow(KeyFault)
  })

  it('CGU-50: its file has no key, name, serial or PIN in clear, and nobody else can read it', async () => {
    await cards.definePin({ card, pin })
    const files = await filesIn(join(directory, 'cards'))
    const secrets = [
      Buffer.from(one.pkcs8).subarray(300, 360),
      Buffer.from('Zoe Dete'),
      Buffer.from(a),
      Buffer.from(pin),
    ]
    for (const secret of secrets) expect(whereFound(files, secret)).toEqual([])
    expect(files.map(({ mode }) => mode)).toEqual([0o600])
  })

  it('a file that was changed, or is another card’s, does not open', async () => {
    const path = join(directory, 'cards', `${card}.card`)
    const bytes = await readFile(path)
    await writeFile(join(directory, 'cards', 'other.card'), bytes)
    await expect(cards.read('other')).rejects.toThrow(KeyFault)
    await cards.erase('other')
    bytes[bytes.length - 1]! ^= 1
    await writeFile(path, bytes)
    await expect(cards.read(card)).rejects.toThrow(KeyFault)
  })
})
