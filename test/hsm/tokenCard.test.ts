// A SoftHSM2 token as a card: what comes onto it comes from an escrow on another token, and never in clear; other programs than ours read it.
import { randomBytes, X509Certificate, constants, publicEncrypt } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tryWriting } from '../../commands/writeCard.ts'
import { PinRefused } from '../../hsm/holderCards.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import { openPkcs11Keys, type Pkcs11Keys } from '../../hsm/pkcs11.ts'
import type { TokenCards } from '../../hsm/tokenCard.ts'
import { makePair } from '../../hsm/wrappedKey.ts'
import type { ClearPair, EscrowKek } from '../../hsm/wrapping.ts'
import { CardUnreachable, type CardKey } from '../../pki/custody.ts'
import { command } from '../support/services/command.ts'
import { anyPair } from '../support/holderKeys.ts'
import { uuid } from '../ledger/filled.ts'
import { filesIn, sha256, whereFound } from './custody.ts'
import { openTokens, settingsOf, type Tokens } from './tokens.ts'
import { openCardReader, type CardReader } from './tokenCards.ts'

const pin = '246813'
const message = 'Bordereau confidentiel'
const master = randomBytes(32)

type Made = Readonly<{ serial: string; certificate: Buffer; pair: ClearPair; blob: Buffer }>
let [tokens, keys, kek]: [Tokens?, Pkcs11Keys?, EscrowKek?] = []
let reader: CardReader
let cards: TokenCards
let [one, two]: Made[] = []
let stolen: Buffer

/** A key in the escrow, and a certificate of it by OpenSSL. */
const make = async (serial: string): Promise<Made> => {
  const pair = anyPair() ?? (await makePair())
  const path = join(reader.directory, `${serial}.der`)
  await writeFile(path, pair.privateKey)
  const request = ['req', '-x509', '-key', path, '-keyform', 'DER', '-subj', '/CN=Zoe Dete', '-days', '1']
  const { status, output } = await command('openssl', [...request, '-outform', 'DER', '-out', `${path}.crt`])
  if (status !== 0) throw new Error(output)
  return { serial, certificate: await readFile(`${path}.crt`), pair, blob: await kek!.adopt(pair) }
}
const forCard = async (
  { serial, certificate, pair, blob }: Made,
  transportKey: Uint8Array,
): Promise<CardKey> => ({
  ...{ serial, certificate, label: `Chiffrement ${serial.slice(0, 2)}` },
  key: await kek!.releaseTo(blob, sha256(pair.publicKey), transportKey),
})
const put = async (card: string, made: readonly Made[], on = cards): Promise<void> => {
  const { transportKey } = await on.begin(card)
  const wrapped: CardKey[] = []
  for (const each of made) wrapped.push(await forCard(each, transportKey))
  await on.write({ card, keys: wrapped })
}
const encipher = ({ certificate }: Made): Buffer => {
  const key = new X509Certificate(certificate).publicKey
  return publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    Buffer.from(message),
  )
}

beforeAll(async () => {
  tokens = await openTokens()
  keys = await openPkcs11Keys(settingsOf(tokens))
  kek = await keys.escrowKek('escrow-2026')
  reader = await openCardReader(master)
  const control = join(reader.directory, 'pull')
  process.env['GRAND_LIVRE_TEST_PULL'] = control
  process.env['NODE_OPTIONS'] = `--import ${join(import.meta.dirname, 'pullCard.js')}`
  cards = await reader.open()
  ;[one, two] = [await make('41'.padEnd(32, '0')), await make('42'.padEnd(32, '0'))]
  stolen = one.pair.privateKey.subarray(800, 860)
})
afterAll(async () => {
  delete process.env['NODE_OPTIONS']
  delete process.env['GRAND_LIVRE_TEST_PULL']
  await cards.close()
  await keys!.close()
  await tokens!.remove()
  await reader.remove()
})

describe('a token as a card', () => {
  const card = uuid(1)

  it('CGU-42, CGU-43: keys come from the escrow onto it wrapped; OpenSSL decrypts with each by its PIN', async () => {
    expect(await cards.read(card)).toEqual([])
    await put(card, [one!, two!])
    expect(await cards.read(card)).toEqual([one!.serial, two!.serial])
    expect(await cards.testDecryption(card)).toBe(true)
    await cards.definePin({ card, pin: '111111' })
    await cards.definePin({ card, pin })
    await expect(cards.testDecryption(card)).rejects.toMatchObject({ name: 'CardNotWritten' })
    await writeFile(join(reader.directory, 'message'), message)
    for (const { serial } of [one!, two!]) {
      const [crt, label] = [`${serial}.der.crt`, `Chiffrement%20${serial.slice(0, 2)}`]
      const sealed = [
        'cms',
        '-encrypt',
        '-aes256',
        '-in',
        'message',
        '-out',
        'message.cms',
        '-outform',
        'DER',
      ]
      // Whoever enciphers has no card.
      const to = [...sealed, '-recip', crt, '-keyopt', 'rsa_padding_mode:oaep']
      const done = await command('openssl', to, { cwd: reader.directory })
      expect(done).toEqual({ status: 0, output: '' })
      const key = `pkcs11:object=${label};type=private;pin-value=${pin}`
      const opening = ['cms', '-decrypt', '-inform', 'DER', '-in', 'message.cms', '-recip', crt, '-binary']
      const opened = await reader.run(
        card,
        'openssl',
        ...opening,
        '-engine',
        'pkcs11',
        '-keyform',
        'engine',
        '-inkey',
        key,
      )
      expect(opened.output).toContain(message)
    }
  })

  it('CGU-50: OpenSC finds keys that decrypt, do not sign and do not come out, certificates, and no transport key', async () => {
    const listed = await reader.run(card, 'pkcs11-tool', '--login', '--pin', pin, '--list-objects')
    const count = (what: RegExp): number => [...listed.output.matchAll(what)].length
    expect([count(/^Private Key Object; RSA/gm), count(/^Public Key Object; RSA/gm)]).toEqual([2, 2])
    expect(count(/^Certificate Object; type = X.509/gm)).toBe(2)
    expect(count(/Usage: +decrypt$/gm)).toBe(2)
    expect(count(/Access: +sensitive$/gm)).toBe(2)
    const wrong = await reader.run(card, 'pkcs11-tool', '--login', '--pin', '999999', '--list-objects')
    expect(wrong.output).toContain('CKR_PIN_INCORRECT')
    expect(whereFound(await filesIn(reader.path), stolen)).toEqual([])
  })

  it('CGU-51, CGU-53: wrong PINs block it on disk, its PUK opens it to a new PIN, wrong PUKs end it', async () => {
    const ask = (tried: string, on = cards) =>
      on.decrypt({ card, pin: tried, serial: two!.serial, ciphertext: encipher(two!) })
    expect((await ask(pin)).toString()).toBe(message)
    await expect(cards.definePin({ card, pin: '999999' })).rejects.toMatchObject({ name: 'CardNotWritten' })
    expect(await cards.unblock(card)).toEqual({ unblocked: false, fault: 'notBlocked' })
    await expect(ask('000000')).rejects.toMatchObject({ triesLeft: 2 })
    // Another process, which does not have its PUK either.
    const stranger = await reader.open({ puks: () => '0'.repeat(64) })
    await expect(ask('000000', stranger)).rejects.toMatchObject({ triesLeft: 1 })
    const tries = await Promise.allSettled(['000001', pin, pin].map((tried) => ask(tried)))
    expect(tries.map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
    expect(await cards.triesLeft(card)).toBe(0)
    await expect(cards.definePin({ card, pin: '999999' })).rejects.toMatchObject({ name: 'CardBlocked' })
    // Blocked, its PIN is gone: who goes past the driver is refused as well.
    const past = await reader.run(card, 'pkcs11-tool', '--login', '--pin', pin, '--list-objects')
    expect(past.output).toContain('CKR_PIN_INCORRECT')
    for (const triesLeft of [4, 3])
      expect(await stranger.unblock(card)).toEqual({ unblocked: false, fault: 'pukWrong', triesLeft })
    expect(await cards.unblock(card)).toEqual({ unblocked: true })
    expect(await cards.unblock(card)).toEqual({ unblocked: true })
    await expect(ask(pin)).rejects.toThrow('no PIN yet')
    await cards.definePin({ card, pin: '135790' })
    await expect(ask(pin)).rejects.toThrow(PinRefused)
    expect((await ask('135790')).toString()).toBe(message)
    for (const tried of ['1', '22222', '33333']) await expect(ask(tried)).rejects.toThrow(PinRefused)
    for (const triesLeft of [4, 3, 2, 1, 0])
      expect(await stranger.unblock(card)).toEqual({ unblocked: false, fault: 'pukWrong', triesLeft })
    expect(await cards.unblock(card)).toEqual({ unblocked: false, fault: 'pukBlocked', triesLeft: 0 })
    await stranger.close()
  })

  it('CGU-58: written anew it is as it was until that is finished, and then has the new keys alone', async () => {
    const { transportKey } = await cards.begin(card)
    const wrapped = await forCard(two!, transportKey)
    const others = [
      { ...wrapped, certificate: one!.certificate },
      { ...wrapped, key: { ...wrapped.key, blob: wrapped.key.blob.slice(8) } },
      { ...wrapped, key: (await forCard(two!, one!.pair.publicKey)).key },
    ]
    for (const other of others)
      await expect(cards.write({ card, keys: [other] })).rejects.toMatchObject({ name: 'CardKeyRefused' })
    // The key is another one's, and so is the place that it would have.
    const both = [await forCard(one!, transportKey), others[0]!]
    await expect(cards.write({ card, keys: both })).rejects.toThrow('one and the same')
    expect(await cards.read(card)).toEqual([one!.serial, two!.serial])
    expect((await cards.begin(card)).transportKey).toEqual(transportKey)
    await cards.write({ card, keys: [wrapped] })
    expect(await cards.read(card)).toEqual([two!.serial])
    expect(await cards.testDecryption(card)).toBe(true)
    expect(await cards.triesLeft(card)).toBe(3)
  })

  it('CGU-99: erased, nothing of it is left', async () => {
    expect(await cards.erase(card)).toBe(true)
    // Given again, as after a crash: of this card it is known, and of no blank one that lies in its place.
    expect(await cards.erase(card)).toBe(true)
    expect(await readdir(join(reader.path, card))).toEqual(['erased'])
    const other = uuid(9)
    await rename(join(reader.path, card), join(reader.path, other))
    expect(await cards.erase(other)).toBe(false)
    // What is in no reader any more may be anywhere.
    await expect(cards.erase(card)).rejects.toMatchObject({ name: 'CardAbsent' })
    await rename(join(reader.path, other), join(reader.path, card))
    // Cut off in the middle, with the note and a part of it there.
    await mkdir(join(reader.path, card, 'old'))
    expect(await cards.erase(card)).toBe(true)
    expect(await readdir(join(reader.path, card))).toEqual(['erased'])
    expect(await cards.read(card)).toEqual([])
    await expect(cards.write({ card, keys: [] })).rejects.toThrow('was not begun')
    for (const act of ['read', 'begin', 'erase'] as const)
      await expect(cards[act]('../cards')).rejects.toThrow(KeyFault)
  })
})

it('CGU-51, CGU-53: a card that cannot be reached has refused no PUK: back again, it is opened', async () => {
  const card = uuid(5)
  await put(card, [one!])
  await cards.definePin({ card, pin })
  const ask = { card, serial: one!.serial, ciphertext: encipher(one!) }
  for (const tried of ['1', '22222', '33333'])
    await expect(cards.decrypt({ ...ask, pin: tried })).rejects.toThrow(PinRefused)
  const [token, away] = [join(reader.path, card, 'current', 'tokens'), join(reader.directory, 'away')]
  await rename(token, away)
  // More often than a PUK may be wrong: what is to be done is asked for again until it is.
  for (let turn = 0; turn < 6; turn += 1) await expect(cards.unblock(card)).rejects.toThrow(CardUnreachable)
  await rename(away, token)
  const stranger = await reader.open({ puks: () => '0'.repeat(64) })
  expect(await stranger.unblock(card)).toEqual({ unblocked: false, fault: 'pukWrong', triesLeft: 4 })
  await stranger.close()
  expect(await cards.unblock(card)).toEqual({ unblocked: true })
})

it('CGU-43: a card that lies in the place of another one is refused by its own name, and stays as it is', async () => {
  const [mine, theirs] = [uuid(3), uuid(4)]
  await put(mine, [one!])
  await put(theirs, [two!])
  await rename(join(reader.path, mine), join(reader.directory, 'pocket'))
  await rename(join(reader.path, theirs), join(reader.path, mine))
  for (const act of ['read', 'begin', 'testDecryption', 'unblock', 'erase'] as const)
    await expect(cards[act](mine), act).rejects.toMatchObject({ name: 'CardForeign' })
  await expect(cards.definePin({ card: mine, pin })).rejects.toMatchObject({ name: 'CardForeign' })
  await expect(cards.write({ card: mine, keys: [] })).rejects.toMatchObject({ name: 'CardForeign' })
  for (const act of ['testDecryption', 'unblock'] as const)
    await expect(cards[act](theirs), act).rejects.toMatchObject({ name: 'CardAbsent' })
  await rename(join(reader.path, mine), join(reader.path, theirs))
  await rename(join(reader.directory, 'pocket'), join(reader.path, mine))
  expect(await cards.testDecryption(theirs)).toBe(true)
  expect(await cards.read(mine)).toEqual([one!.serial])
})

describe('CGU-34: a card pulled out', () => {
  const card = uuid(2)
  const transportKeys = new Set<string>()
  const writing = () =>
    tryWriting(cards, {
      ...{ card, serials: [one!.serial, two!.serial] },
      keysFor: async (transportKey) => {
        transportKeys.add(sha256(transportKey))
        return [await forCard(one!, transportKey), await forCard(two!, transportKey)]
      },
    })

  it('at each of its steps in turn: nothing is delivered, nothing is lost, and it is resumed', async () => {
    const control = join(reader.directory, 'pull')
    let pulls = 0
    for (let done = false; !done;) {
      await writeFile(control, JSON.stringify({ left: pulls + 1, reader: reader.path }))
      const outcome = await writing().catch((error: unknown) => error)
      done = !reader.isOut()
      if (done) expect(outcome).toMatchObject({ written: true, decryptionTested: true })
      else {
        expect(outcome).toBeInstanceOf(CardUnreachable)
        for (const act of ['read', 'begin', 'testDecryption', 'unblock', 'erase'] as const)
          await expect(cards[act](card)).rejects.toThrow(CardUnreachable)
        await expect(cards.definePin({ card, pin })).rejects.toThrow(CardUnreachable)
        await reader.putBack()
        expect(await cards.read(card)).toEqual([])
        pulls += 1
      }
    }
    expect(pulls).toBeGreaterThan(4)
    // All of it takes fifteen calls: what is on the card is not loaded again.
    expect(pulls).toBeLessThan(12)
    expect(transportKeys.size).toBe(1)
    expect(await cards.read(card)).toEqual([one!.serial, two!.serial])
  })

  it('and its process killed meanwhile: another one goes on', async () => {
    const again = writing()
    const pid = cards.pid()
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    expect(await again).toMatchObject({ written: true })
    await cards.definePin({ card, pin })
    const asked = { card, pin, serial: one!.serial, ciphertext: encipher(one!) }
    expect((await cards.decrypt(asked)).toString()).toBe(message)
  })

  it('and cut off between the old token and the new one: there is one, and it is whole', async () => {
    const part = (name: string): string => join(reader.path, card, name)
    const asked = { card, pin, serial: two!.serial, ciphertext: encipher(two!) }
    const whole = async (): Promise<void> => {
      expect((await cards.decrypt(asked)).toString()).toBe(message)
      expect(await readdir(join(reader.path, card))).toEqual(['current'])
    }
    await cp(part('current'), part('next'), { recursive: true })
    await rename(part('current'), part('old'))
    await whole()
    await cp(part('current'), part('old'), { recursive: true })
    await whole()
    await rename(part('current'), part('old'))
    await whole()
  })

  it('without its reader, a card is not reachable and the driver says so', async () => {
    expect(await cards.health()).toBe(true)
    await rename(reader.path, `${reader.path}.away`)
    expect(await cards.health()).toBe('no reader')
    await rename(`${reader.path}.away`, reader.path)
    expect(await cards.health()).toBe(true)
  })

  it('without a module there are no cards', async () => {
    await expect(reader.open({ module: '/nowhere/module.so' })).rejects.toThrow('cannot be loaded')
  })
})
