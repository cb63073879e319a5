import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openPcscCards } from '../../hsm/pcsc.ts'
import type { Cards } from '../../pki/custody.ts'
import { removeDirectory, temporaryDirectory } from './custody.ts'
import { virtualCard, type VirtualCard } from './virtualCard/card.ts'
import { openDesk, type Desk } from './virtualCard/desk.ts'
import { holderKey, newCard, smallPair, wrapFor, wrapped, type HolderKey } from './virtualCard/keys.ts'

const id = '5f0c8a51-1b7a-4f63-9f0e-5f1f0f6f7a10'
const other = '6a0c8a51-1b7a-4f63-9f0e-5f1f0f6f7a11'
const master = randomBytes(32)
const pin = '246813'

let directory: string
/** Newest first. */
let held: readonly HolderKey[]
let later: HolderKey
beforeAll(async () => {
  directory = await temporaryDirectory()
  const make = (serial: string, days: number) =>
    holderKey(directory, serial.padEnd(32, '0'), smallPair(), days)
  held = [make('43', 30), make('42', 20), make('41', 1)]
  later = make('44', 40)
})
afterAll(() => removeDirectory(directory))

const open = (desk: Desk, key: Uint8Array = master): Cards =>
  openPcscCards({
    readers: desk.readers,
    master: key,
    pinTries: 3,
    label: 'Confidentialité'.normalize('NFD').replace(/[^ -~]/g, ''),
  })

let desk: Desk
let card: VirtualCard
let cards: Cards
beforeEach(() => {
  desk = openDesk()
  card = newCard()
  desk.insert(card)
  cards = open(desk)
})

const personalise = async (keys: readonly HolderKey[] = held, driver = cards, of = id): Promise<void> => {
  const { transportKey } = await driver.begin(of)
  await driver.write({ card: of, keys: wrapped(transportKey, keys) })
}
const serialsOf = (keys: readonly HolderKey[]): readonly string[] => keys.map(({ serial }) => serial)

/** What a program at the holder's own reader sends. */
const verify = async (value: string, reference = 1): Promise<number> => {
  card.reset()
  const data = Buffer.alloc(8, 0xff).fill(value, 0, value.length)
  return (await card.transmit(Buffer.concat([Buffer.of(0, 0x20, 0, reference, 8), data]))).readUInt16BE()
}
const block = async (): Promise<readonly number[]> => [
  await verify('999999'),
  await verify('999999'),
  await verify('999999'),
]

/** A card that is pulled while it is looked for is absent. */
const reached = expect.stringMatching(/^Card(Removed|Absent)$/) as unknown

/** Instructions that change the card: make, write and remove files, PINs and keys. */
const writing = new Set([0x2c, 0x44, 0x46, 0x5a, 0xd6, 0xda, 0xe0, 0xe4])

const openDeskWith = (inserted: VirtualCard): Desk => {
  const made = openDesk()
  made.insert(inserted)
  return made
}

describe('a card in a reader', () => {
  it('CGU-43: takes the new key and the old ones, newest first, tested before the PIN is the holder’s', async () => {
    await personalise()
    expect(await cards.read(id)).toEqual(serialsOf(held))
    expect(await cards.testDecryption(id)).toBe(true)
    await cards.definePin({ card: id, pin })
    expect([await verify('123456'), await verify(pin)]).toEqual([0x63c2, 0x9000])
    await expect(cards.testDecryption(id)).rejects.toMatchObject({ name: 'CardNotWritten' })
  })

  it('CGU-38: sees no key in clear on the way to it, and keeps no transport key', async () => {
    await personalise()
    const said = Buffer.concat(desk.sent.map((command) => command.subarray(5)))
    for (const { pkcs8 } of held) expect(said.indexOf(pkcs8.subarray(300, 340))).toBe(-1)
    const [missing] = wrapped((await cards.begin(id)).transportKey, [later])
    await personalise()
    if (missing === undefined) throw new Error('no key')
    await expect(cards.write({ card: id, keys: [missing] })).rejects.toMatchObject({ name: 'CardNotBegun' })
  })

  it('CGU-50: pulled out at every step, refuses with its own code, and loses nothing and doubles nothing', async () => {
    const two = held.slice(0, 2)
    const whole = async (): Promise<void> => {
      await personalise(two)
      expect(await cards.testDecryption(id)).toBe(true)
      await cards.definePin({ card: id, pin })
    }
    await whole()
    const sent = [...desk.sent]
    for (const [index, command] of sent.entries()) {
      // Behind a command that only reads, the card is as it was before: of those, some.
      if (!writing.has(command[1] ?? 0) && index % 9 !== 0) continue
      card = newCard()
      desk.insert(card)
      desk.pullAfter(index + 1)
      await expect(whole(), `step ${index}`).rejects.toMatchObject({ name: reached })
      desk.insert(card)
      await whole()
      expect(await cards.read(id)).toEqual(serialsOf(two))
      expect(await verify(pin)).toBe(0x9000)
      await card.transmit(Buffer.from('00a40800025015', 'hex'))
      const files = (await card.transmit(Buffer.from('00ca01a100', 'hex'))).toString('hex')
      expect(files.match(/4b../g)).toEqual(['4b01', '4b02'])
    }
  })

  it('CGU-34: is taken by one desk alone', async () => {
    const desks = [cards, open(desk)] as const
    await desks[0].begin(id)
    await expect(desks[1].begin(other)).rejects.toMatchObject({ name: 'CardForeign' })
    await expect(desks[1].write({ card: other, keys: [] })).rejects.toMatchObject({ name: 'CardForeign' })
    const both = await Promise.allSettled(desks.map((driver) => personalise(held, driver)))
    expect(both).toContainEqual(expect.objectContaining({ status: 'fulfilled' }))
    expect(both).toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining({ name: 'CardBusy' }) as unknown,
    })
    expect(await cards.read(id)).toEqual(serialsOf(held))
  })

  it('CGU-34: is found in whichever reader it lies, and never guessed among blank ones', async () => {
    desk.insert(newCard(), 'Desk 2')
    await expect(cards.begin(id)).rejects.toMatchObject({ name: 'CardAmbiguous' })
    desk.pull('Desk 2')
    await personalise()
    desk.pull()
    await expect(cards.testDecryption(id)).rejects.toMatchObject({ name: 'CardAbsent' })
    expect(await cards.read(id)).toEqual([])
    desk.insert(newCard())
    desk.insert(card, 'Desk 2')
    expect(await cards.read(id)).toEqual(serialsOf(held))
  })

  it('CGU-34: desks at one machine are each bound to a reader: none takes what lies in the other’s, and one that is gone is said', async () => {
    const second = newCard()
    desk.insert(second, 'Desk 2 00 00')
    desk.insert(newCard(), 'Desk 20')
    const at = (reader: string): Cards =>
      openPcscCards({ readers: desk.readers, reader, master, pinTries: 3, label: 'x' })
    const [one, two] = [at('Desk 1'), at('Desk 2')]
    await personalise(held, one)
    await personalise([later], two, other)
    expect(await one.read(id)).toEqual(serialsOf(held))
    expect(await two.read(other)).toEqual([later.serial])
    await expect(two.begin(id)).rejects.toMatchObject({ name: 'CardForeign' })
    expect([await one.health(), await two.health()]).toEqual([true, true])
    desk.pull('Desk 2 00 00')
    expect(await two.health()).toBe('no reader')
    await expect(two.begin(other)).rejects.toMatchObject({ name: 'CardAbsent' })
  })

  it('CGU-34: says what it takes before a session begins, and refuses what does not fit', async () => {
    expect(cards.capabilities).toMatchObject({ keySizes: [2048, 3072, 4096], slots: 16 })
    const { transportKey } = await cards.begin(id)
    const [first] = wrapped(transportKey, held)
    if (first === undefined) throw new Error('no key')
    const many = Array.from({ length: 17 }, () => first)
    await expect(cards.write({ card: id, keys: many })).rejects.toMatchObject({ name: 'CardFull' })
    const weak = wrapped(transportKey, [holderKey(directory, '45'.padEnd(32, '0'), smallPair(1024))])
    await expect(cards.write({ card: id, keys: weak })).rejects.toMatchObject({ name: 'CardKeySize' })
    await expect(cards.definePin({ card: id, pin })).rejects.toMatchObject({ name: 'CardNotWritten' })
    for (const unsuitable of ['123', '123456789', '12a456', ''])
      await expect(cards.definePin({ card: id, pin: unsuitable })).rejects.toMatchObject({
        name: 'CardPinUnsuitable',
      })
  })

  it('CGU-38: refuses a wrapped key that was made for another card, cut, changed or exchanged', async () => {
    const { transportKey } = await cards.begin(id)
    const [first, second] = wrapped(transportKey, held)
    if (first === undefined || second === undefined) throw new Error('no keys')
    const elsewhere = open(openDeskWith(newCard()))
    const foreign = wrapFor((await elsewhere.begin(id)).transportKey, held[0]?.pkcs8 ?? Buffer.alloc(0))
    const changed = Buffer.from(first.key.blob)
    changed[40] = (changed[40] ?? 0) ^ 1
    const bad = {
      'of another card': foreign,
      cut: { ...first.key, blob: first.key.blob.subarray(0, -8) },
      changed: { ...first.key, blob: changed },
      empty: { ...first.key, blob: Buffer.alloc(0) },
      'under another key': { ...first.key, transport: second.key.transport },
      'of another certificate': second.key,
    }
    for (const [what, key] of Object.entries(bad)) {
      const writing = cards.write({ card: id, keys: [{ ...first, key }] })
      await expect(writing, what).rejects.toMatchObject({ name: 'CardKeyRefused' })
      expect(await cards.read(id)).toEqual([])
    }
    const zeros = {
      ...first,
      key: wrapFor(transportKey, Buffer.concat([held[0]?.pkcs8 ?? [], Buffer.alloc(7)] as Buffer[])),
    }
    await cards.write({ card: id, keys: [zeros, second] })
    expect(await cards.testDecryption(id)).toBe(true)
  })

  it('CGU-43: gets a new key beside its old ones on the same card, and gives up one that is not wanted', async () => {
    await personalise()
    await cards.definePin({ card: id, pin })
    const next = [later, ...held.slice(0, 2)]
    await personalise(next)
    expect(await cards.read(id)).toEqual(serialsOf(next))
    expect(await cards.testDecryption(id)).toBe(true)
    expect(await verify(pin)).toBe(0x63c2)
  })

  it('CGU-53: is unblocked by its PUK, which nobody sees, and its holder defines a new PIN', async () => {
    await personalise()
    await cards.definePin({ card: id, pin })
    expect(await cards.unblock(id)).toEqual({ unblocked: false, fault: 'notBlocked' })
    expect(await block()).toEqual([0x63c2, 0x63c1, 0x63c0])
    expect(await verify(pin)).toBe(0x6983)
    await expect(cards.definePin({ card: id, pin: '1357' })).rejects.toMatchObject({ name: 'CardBlocked' })
    desk.pullAfter(1)
    const before = desk.sent.length
    await expect(cards.unblock(id)).rejects.toMatchObject({ name: reached })
    for (let steps = 2; ; steps += 1) {
      desk.insert(card)
      desk.pullAfter(steps)
      const outcome = await cards.unblock(id).catch((error: unknown) => (error as Error).name)
      if (typeof outcome !== 'string') break
      expect(outcome).toMatch(/^Card(Removed|Absent)$/)
    }
    expect(desk.sent.length).toBeGreaterThan(before)
    desk.insert(card)
    expect(await cards.unblock(id)).toEqual({ unblocked: true })
    expect(await verify(pin)).toBe(0x63c2)
    await cards.definePin({ card: id, pin: '13572468' })
    expect(await verify('13572468')).toBe(0x9000)
    expect(await cards.read(id)).toEqual(serialsOf(held))
  })

  it('CGU-53: is not blocked by a service that has another master key', async () => {
    await personalise()
    await cards.definePin({ card: id, pin })
    const stranger = open(desk, randomBytes(32))
    for (let tries = 0; tries < 5; tries += 1)
      await expect(stranger.begin(id)).rejects.toMatchObject({ name: 'CardForeign' })
    await block()
    expect(await cards.unblock(id)).toEqual({ unblocked: true })
    // Nor by somebody who tries custody's own PIN.
    for (let tries = 0; tries < 3; tries += 1) await verify('00000000', 3)
    expect(await verify('00000000', 3)).toBe(0x6983)
    await cards.definePin({ card: id, pin: '1357' })
    expect(await verify('1357')).toBe(0x9000)
  })

  it('CGU-99: is blank again once it is erased, however it stood, and belongs to nobody', async () => {
    await personalise()
    await block()
    expect(await cards.erase(id)).toBe(true)
    expect(await cards.erase(id)).toBe(true)
    expect(await cards.read(id)).toEqual([])
    expect(await cards.erase(other)).toBe(false)
    await personalise(held, cards, other)
    expect(await cards.read(other)).toEqual(serialsOf(held))
    await expect(cards.erase(id)).rejects.toMatchObject({ name: 'CardForeign' })
  })

  it('CGU-99: is not said to be erased by the blank card that lies in its place, nor after it was pulled out', async () => {
    await personalise()
    desk.pull()
    const blank = newCard()
    desk.insert(blank)
    const before = await blank.transmit(Buffer.from('00ca01a100', 'hex'))
    expect(await cards.erase(id)).toBe(false)
    expect(await blank.transmit(Buffer.from('00ca01a100', 'hex'))).toEqual(before)
    desk.insert(card)
    expect(await cards.testDecryption(id)).toBe(true)
    let pulls = 0
    for (let steps = 1; ; steps += 1) {
      desk.pullAfter(steps)
      const outcome = await cards.erase(id).catch((error: unknown) => error)
      if (!(outcome instanceof Error)) break
      expect(outcome).toMatchObject({ name: reached })
      pulls += 1
      desk.insert(card)
      // Whatever it says: it says so of a card with no key on it only.
      if (await cards.erase(id)) expect(await cards.read(id)).toEqual([])
      else expect(await cards.erase(other)).toBe(false)
      await personalise()
    }
    desk.insert(card)
    expect(pulls).toBeGreaterThan(8)
    expect(await cards.erase(id)).toBe(true)
    // One of its own again, whatever other blank ones lie there.
    desk.insert(newCard(), 'Desk 2')
    await personalise()
    expect(await cards.read(id)).toEqual(serialsOf(held))
  })

  it('CGU-50: a card of somebody else’s, or of another kind, is left as it is', async () => {
    // A key file on a card that has no rules yet.
    for (const command of [
      '00a40800025015',
      '00e0000019621781020800820111830' + '24b01860300000085020000' + '8a0100',
    ])
      await card.transmit(Buffer.from(command, 'hex'))
    await expect(cards.begin(id)).rejects.toMatchObject({ name: 'CardForeign' })
    const dumb: VirtualCard = { ...card, transmit: async () => Buffer.from('6d00', 'hex') }
    desk.insert(dumb)
    await expect(cards.begin(id)).rejects.toMatchObject({ name: 'CardUnsupported' })
    desk.insert({ ...card, transmit: async () => Buffer.alloc(0) })
    await expect(cards.begin(id)).rejects.toMatchObject({ name: 'CardAbsent' })
  })
})

describe('the virtual card', () => {
  it('ISO/IEC 7816-4: answers whatever it is sent with a status', async () => {
    const one = virtualCard({ generate: async () => held[0]?.pkcs8 ?? Buffer.alloc(0) })
    const instruction = fc.constantFrom(
      0x20,
      0x22,
      0x24,
      0x2a,
      0x2c,
      0x44,
      0x46,
      0x5a,
      0x84,
      0xa4,
      0xb0,
      0xc0,
      0xca,
      0xd6,
      0xda,
      0xe0,
      0xe4,
    )
    const command = fc
      .tuple(
        fc.constantFrom(0, 0x10, 0x80, 0xa0),
        instruction,
        fc.uint8Array({ minLength: 0, maxLength: 40 }),
      )
      .map(([cla, ins, rest]) => Buffer.of(cla, ins, ...rest))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          command,
          fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        ),
        async (bytes) => {
          expect((await one.transmit(bytes)).length).toBeGreaterThanOrEqual(2)
        },
      ),
      { numRuns: 500 },
    )
  })
})
