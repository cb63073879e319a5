// Over HTTP with the drivers of cards: what a card cannot take is refused before the session, a card that is gone is no fault, and one
// that lies in the place of another is refused by its own code, whichever the driver.
import { randomBytes, randomUUID } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { card as cardAggregate } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import { request as requestFile } from '../../domain/request.ts'
import { openPcscCards } from '../../hsm/pcsc.ts'
import { secretsFrom } from '../../hsm/pcsc/secrets.ts'
import { CardUnreachable } from '../../pki/custody.ts'
import { openDesk } from '../hsm/virtualCard/desk.ts'
import type { VirtualCard } from '../hsm/virtualCard/card.ts'
import { newCard } from '../hsm/virtualCard/keys.ts'
import { openCardReader, type CardReader } from '../hsm/tokenCards.ts'
import { softHsmModule } from '../hsm/tokens.ts'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { desk, done, validated, verdict, type Issued } from '../support/life.ts'

let reader: CardReader
let product: Embedded
/** With the driver of PC/SC, at a desk with virtual cards. */
let atReader: Embedded
const atDesk = openDesk()
const master = randomBytes(32)
beforeAll(async () => {
  reader = await openCardReader(randomBytes(32))
  const settings = { CARD_DRIVER: 'token', CARD_TOKEN_MODULE: softHsmModule()!, CARD_TOKEN_DIR: reader.path }
  product = await openEmbedded({ api: 100_000 }, settings)
  atReader = await openEmbedded({ api: 100_000 })
  const { pinTries } = atReader.policy.card
  const driver = openPcscCards({ readers: atDesk.readers, master, pinTries, label: 'Carte' })
  Object.assign(atReader.custody.cards, driver)
}, 120_000)
afterAll(async () => {
  await product.close()
  await atReader.close()
  await reader.remove()
})

it('CGU-14, CGU-34: another model opens no session; a card pulled out is refused and recorded, and the session goes on', async () => {
  const { ra, holder, request } = await validated(product)
  const sessions = `/requests/${request}/sessions`
  const size = async (): Promise<number> => (await product.ledger.load(requestFile, request)).revision
  const before = await size()
  expect(verdict(await ra.post(sessions, desk))).toEqual([422, 'CARD_CANNOT_HOLD_KEY'])
  expect(await size()).toBe(before)
  const token = { ...desk, card: { model: 'softhsm2-token', chipNumber: '8925 4242 0001' } }
  const { card } = done(await ra.post(sessions, token)).session

  await reader.pullOut()
  expect(verdict(await ra.post(`${sessions}/current/issuance`))).toEqual([409, 'CARD_UNREACHABLE'])
  await product.run('resume')
  await reader.putBack()
  const { serial } = done(await ra.post(`${sessions}/current/issuance`))
  expect(await product.cards.read(card)).toEqual([serial])

  const pulledOut = async (ask: () => Promise<LightMyRequestResponse>): Promise<void> => {
    await reader.pullOut()
    expect(verdict(await ask())).toEqual([409, 'CARD_UNREACHABLE'])
    await product.run('resume')
    await reader.putBack()
  }
  const definePin = () => holder.post(`/cards/${card}/pin`, { pin: '246813' })
  await pulledOut(definePin)
  done(await definePin())
  const { presentedSha256, presentedAt } = done(await holder.post(`/certificates/${serial}/presentation`))
  done(await holder.post(`/certificates/${serial}/acceptance`, { presentedSha256, presentedAt }))
  done(await ra.post(`/requests/${request}/handover`, { receipt: 'PV signé' }))

  const wrong = { card, pin: '000000', serial, ciphertext: Buffer.alloc(384) }
  for (let tries = 0; tries < product.policy.card.pinTries; tries += 1)
    await expect(product.cards.decrypt(wrong)).rejects.toThrow(/wrong PIN|is blocked/)
  done(await holder.post(`/cards/${card}/incidents`, { incident: 'blocked' }))
  const uo = client(product.app, product.account('uo', ['unblockingOperator']).headers)
  const asked = { askedBy: 'holder', identityMethod: 'inPerson', documentNumber: '12AB', method: 'puk' }
  const key = randomUUID()
  const unblock = () => uo.post(`/cards/${card}/unblocking`, asked, { key })
  await pulledOut(unblock)
  expect(done(await unblock())).toMatchObject({ status: 'written' })
  done(await definePin())

  const refused = (await product.journal()).filter(
    ({ data }) => 'code' in data && data['code'] === 'CARD_UNREACHABLE',
  )
  expect(refused.map(({ data }) => data)).toMatchObject(
    Array.from({ length: 3 }, () => ({ detail: 'CardUnreachable' })),
  )
})

/** What a hand does at the desk. */
type Hand = Readonly<{
  product: () => Embedded
  model: string
  /** A blank card lies in the reader. */
  takeNew: () => void
  /** Takes the card of this id out of the reader; what was taken out can be put back. */
  takeOut: (card: string) => Promise<() => Promise<void>>
  /** Puts the other card, which was taken out, where the one of this id was. */
  putInPlace: (card: string, other: string) => Promise<() => Promise<void>>
}>

const pocketOf = (card: string): string => join(reader.directory, `${card}.pocket`)
const inReader = (card: string): string => join(reader.path, card)
const tokenHand: Hand = {
  ...{ product: () => product, model: 'softhsm2-token', takeNew: () => undefined },
  takeOut: async (card) => {
    await rename(inReader(card), pocketOf(card))
    return () => rename(pocketOf(card), inReader(card))
  },
  putInPlace: async (card, other) => {
    await rename(pocketOf(other), inReader(card))
    return () => rename(inReader(card), pocketOf(other))
  },
}
let lying: VirtualCard
const known = new Map<string, VirtualCard>()
const lay = (card: VirtualCard): void => {
  lying = card
  atDesk.insert(card)
}
const pcscHand: Hand = {
  ...{ product: () => atReader, model: 'myeid', takeNew: () => lay(newCard()) },
  takeOut: async (card) => {
    const taken = lying
    known.set(card, taken)
    atDesk.pull()
    return async () => lay(taken)
  },
  putInPlace: async (_, other) => {
    lay(known.get(other)!)
    return async () => atDesk.pull()
  },
}

let chips = 0
/** A session in which the certificate was issued and the card written. */
const written = async (hand: Hand): Promise<Issued> => {
  const life = await validated(hand.product())
  chips += 1
  const card = { model: hand.model, chipNumber: `8925 4343 ${String(chips).padStart(4, '0')}` }
  const sessions = `/requests/${life.request}/sessions`
  hand.takeNew()
  const { session } = done(await life.ra.post(sessions, { ...desk, card }))
  const { serial, position } = done(await life.ra.post(`${sessions}/current/issuance`))
  return { ...life, serial, position, card: session.card }
}
const handedOver = async (hand: Hand): Promise<Issued> => {
  const life = await written(hand)
  const { ra, holder, serial, card, request } = life
  const { presentedSha256, presentedAt } = done(await holder.post(`/certificates/${serial}/presentation`))
  done(await holder.post(`/cards/${card}/pin`, { pin: '246813' }))
  done(await holder.post(`/certificates/${serial}/acceptance`, { presentedSha256, presentedAt }))
  done(await ra.post(`/requests/${request}/handover`, { receipt: 'PV signé' }))
  return life
}
const eventsOf = async ({ ledger }: Embedded, card: string) => {
  const found: object[] = []
  for await (const { type, body } of ledger.stream(`card-${card}`)) found.push({ type, ...body.pub })
  return found
}
const statusOf = async ({ ledger }: Embedded, card: string) =>
  (await ledger.load(cardAggregate, card)).state.status
const certificateOf = async ({ ledger }: Embedded, serial: string) =>
  (await ledger.load(certificate, serial)).state.status
const refusalsOf = async (of: Embedded) =>
  (await of.journal()).filter(({ type }) => type === 'CommandRefused')

describe.each([
  ['a SoftHSM2 token', tokenHand],
  ['PC/SC', pcscHand],
] as const)('another card in the place of the one that is meant: %s', (_, hand) => {
  it('CGU-34, CGU-50, CGU-53: PIN and unblocking are refused and recorded, and nothing has changed', async () => {
    const of = hand.product()
    const stranger = await written(hand)
    await hand.takeOut(stranger.card)
    const life = await written(hand)
    const { ra, holder, card, serial, request } = life
    const definePin = () => holder.post(`/cards/${card}/pin`, { pin: '246813' })
    const withStranger = async (
      ask: () => Promise<LightMyRequestResponse>,
      status: string,
    ): Promise<void> => {
      const before = (await refusalsOf(of)).length
      const putBack = await hand.takeOut(card)
      const takeAway = await hand.putInPlace(card, stranger.card)
      expect(verdict(await ask())).toEqual([409, 'CARD_FOREIGN'])
      const recorded = (await refusalsOf(of)).slice(before)
      expect(recorded.map(({ data }) => data)).toMatchObject([
        { code: 'CARD_FOREIGN', clause: 'CGU-34', detail: 'CardForeign' },
      ])
      await of.run('resume')
      expect(await statusOf(of, card)).toBe(status)
      await takeAway()
      await putBack()
    }
    await withStranger(definePin, 'written')
    done(await definePin())
    const { presentedSha256, presentedAt } = done(await holder.post(`/certificates/${serial}/presentation`))
    done(await holder.post(`/certificates/${serial}/acceptance`, { presentedSha256, presentedAt }))
    done(await ra.post(`/requests/${request}/handover`, { receipt: 'PV signé' }))
    done(await holder.post(`/cards/${card}/incidents`, { incident: 'blocked' }))
    const uo = client(of.app, of.account('uo-foreign', ['unblockingOperator']).headers)
    const asked = { askedBy: 'holder', identityMethod: 'inPerson', documentNumber: '12AB', method: 'puk' }
    const key = randomUUID()
    const unblock = () => uo.post(`/cards/${card}/unblocking`, asked, { key })
    await withStranger(unblock, 'unblocking')
    expect((await eventsOf(of, card)).at(-1)).toMatchObject({ type: 'CardUnblockingStarted' })
    // The same order, with the right card. It is not blocked at all, which it says itself once it is asked.
    expect(done(await unblock())).toMatchObject({ status: 'blocked' })
    expect((await eventsOf(of, card)).slice(-2)).toMatchObject([
      { type: 'CardUnblockingStarted' },
      { type: 'CardUnblockFailed', fault: 'notBlocked' },
    ])
  })

  it('CGU-34: an issuance is refused and recorded, spoils nothing, and goes on with the right card', async () => {
    const of = hand.product()
    const stranger = await written(hand)
    await hand.takeOut(stranger.card)
    const { ra, request } = await validated(of)
    hand.takeNew()
    chips += 1
    const card = { model: hand.model, chipNumber: `8925 4545 ${String(chips).padStart(4, '0')}` }
    const sessions = `/requests/${request}/sessions`
    const { session } = done(await ra.post(sessions, { ...desk, card }))
    await of.custody.cards.begin(session.card)
    const putBack = await hand.takeOut(session.card)
    const takeAway = await hand.putInPlace(session.card, stranger.card)
    const issue = () => ra.post(`${sessions}/current/issuance`)
    for (let times = 0; times < 2; times += 1) expect(verdict(await issue())).toEqual([409, 'CARD_FOREIGN'])
    await of.run('resume')
    expect((await eventsOf(of, session.card)).map((event) => 'type' in event && event.type)).toEqual([
      'CardAllotted',
    ])
    await takeAway()
    await putBack()
    const { serial } = done(await issue())
    expect(await of.custody.cards.read(session.card)).toEqual([serial])
    expect(await statusOf(of, session.card)).toBe('written')
  })

  it('CGU-34, CGU-99: a session is given up: revoked, closed, and of the card is said that it was not erased', async () => {
    const of = hand.product()
    const stranger = await written(hand)
    await hand.takeOut(stranger.card)
    const life = await written(hand)
    const { ra, card, serial, request } = life
    const giveUp = (id: string) =>
      ra.post(`/requests/${id}/sessions/current/abandonment`, { outcome: 'holderLeft' })
    const putBack = await hand.takeOut(card)
    const takeAway = await hand.putInPlace(card, stranger.card)
    expect(done(await giveUp(request))).toMatchObject({ revoked: serial })
    expect((await of.ledger.load(requestFile, request)).state.status).toBe('validated')
    expect((await eventsOf(of, card)).at(-1)).toMatchObject({
      ...{ type: 'CardScrapped', cause: 'spoiled', method: 'notErased' },
    })
    await takeAway()
    await putBack()
    expect(await of.custody.cards.read(card)).toEqual([serial])
    // Its holder has no use of it, and the RA ends it when it is found: once.
    expect(verdict(await life.holder.post(`/cards/${card}/pin`, { pin: '246813' }))).toEqual([
      409,
      'OUT_OF_ORDER',
    ])
    for (let times = 0; times < 2; times += 1)
      expect(done(await ra.post(`/cards/${card}/scrap`, { cause: 'found', method: 'erased' }))).toMatchObject(
        { status: 'scrapped', method: 'erased' },
      )
    const scraps = (await eventsOf(of, card)).slice(-2)
    expect(scraps).toMatchObject([
      { type: 'CardScrapped', method: 'notErased' },
      { type: 'CardScrapped', cause: 'spoiled', method: 'erased' },
    ])
    expect(await of.custody.cards.read(card)).toEqual([])

    // Before the card is written: it is never allotted again.
    const { ra: officer, request: next } = await validated(of)
    hand.takeNew()
    const model = { model: hand.model, chipNumber: `8925 4444 ${String((chips += 1)).padStart(4, '0')}` }
    const { session } = done(await officer.post(`/requests/${next}/sessions`, { ...desk, card: model }))
    const { begin: begun } = of.custody.cards
    Object.assign(of.custody.cards, { begin: () => Promise.reject(new CardUnreachable('pulled out')) })
    const issuing = await officer.post(`/requests/${next}/sessions/current/issuance`)
    Object.assign(of.custody.cards, { begin: begun })
    expect(verdict(issuing)).toEqual([409, 'CARD_UNREACHABLE'])
    const takeAgain = await hand.putInPlace(session.card, stranger.card)
    done(await officer.post(`/requests/${next}/sessions/current/abandonment`, { outcome: 'holderLeft' }))
    expect((await of.ledger.load(requestFile, next)).state.status).toBe('validated')
    expect((await eventsOf(of, session.card)).at(-1)).toMatchObject({
      ...{ type: 'CardWriteFailed', stage: 'undo', fault: 'CardForeign' },
    })
    await takeAgain()
  })

  it('CGU-99: a shredded card is in no reader: its certificate is revoked all the same, and the look of a job finds nothing left', async () => {
    const of = hand.product()
    const { ra, holder, card, serial } = await handedOver(hand)
    done(await holder.post(`/cards/${card}/incidents`, { incident: 'faulty', function: 'other' }))
    await hand.takeOut(card)
    const scrap = { cause: 'faulty', method: 'shredded', minutes: 'PV 12' }
    expect(done(await ra.post(`/cards/${card}/scrap`, scrap))).toMatchObject({ status: 'scrapped' })
    expect(await certificateOf(of, serial)).toBe('revoked')
    await of.run('resume')
    expect((await eventsOf(of, card)).at(-1)).toMatchObject({ type: 'CardScrapped', method: 'shredded' })
  })

  it('CGU-99: one to be erased that was pulled out is scrapped and revoked, and not said to be erased until it is', async () => {
    const of = hand.product()
    const { ra, holder, card, serial } = await handedOver(hand)
    done(await holder.post(`/cards/${card}/incidents`, { incident: 'faulty', function: 'other' }))
    const putBack = await hand.takeOut(card)
    hand.takeNew()
    const key = randomUUID()
    const scrap = () => ra.post(`/cards/${card}/scrap`, { cause: 'faulty', method: 'erased' }, { key })
    expect(done(await scrap())).toMatchObject({ status: 'scrapped', method: 'notErased' })
    expect(await certificateOf(of, serial)).toBe('revoked')
    await putBack()
    expect(await of.custody.cards.read(card)).toEqual([serial])
    for (let times = 0; times < 2; times += 1)
      expect(done(await scrap())).toMatchObject({ status: 'scrapped', method: 'erased' })
    expect(await of.custody.cards.read(card)).toEqual([])
    expect((await eventsOf(of, card)).slice(-2)).toMatchObject([
      { type: 'CardScrapped', method: 'notErased' },
      { type: 'CardScrapped', method: 'erased' },
    ])
  })
})

it('CGU-14, CGU-49, CGU-51, CGU-53, CGU-99: each fault of a card in a reader is refused with a code of its own, and recorded', async () => {
  const { holder, card } = await written(pcscHand)
  const { cards } = atReader.custody
  const mine = lying
  const send = async (...octets: readonly Uint8Array[]): Promise<void> => {
    mine.reset()
    await mine.transmit(Buffer.concat(octets))
  }
  const refused: (readonly [number, string | undefined])[] = []
  const ask = async (pin = '246813'): Promise<void> => {
    refused.push(verdict(await holder.post(`/cards/${card}/pin`, { pin })))
    expect(await statusOf(atReader, card)).toBe('written')
  }
  const before = (await refusalsOf(atReader)).length
  await ask('2468135791')
  // Two blank cards, one of another kind, one that answers nonsense to the command that sets a PIN.
  lay(newCard())
  atDesk.insert(newCard(), 'Desk 2')
  await ask()
  atDesk.pull('Desk 2')
  lay({ ...mine, transmit: async () => Buffer.from('6d00', 'hex') })
  await ask()
  const transmit: VirtualCard['transmit'] = async (apdu) =>
    apdu[1] === 0x2c ? Buffer.from('6f00', 'hex') : mine.transmit(apdu)
  lay({ ...mine, transmit })
  await ask()
  // Custody's own PIN is another one, set by whoever had the PUK.
  lay(mine)
  const { puk, custody } = secretsFrom(master)(card)
  const setCustody = (pin: Uint8Array) => send(Buffer.of(0, 0x2c, 0, 3, puk.length + pin.length), puk, pin)
  await setCustody(Buffer.from('87654321'))
  await ask()
  await setCustody(custody)
  // Its holder has set his PIN before the ledger heard of it, and blocks it.
  await cards.definePin({ card, pin: '246813' })
  const wrong = Buffer.from('999999ffff', 'latin1').subarray(0, 8)
  for (let tries = 0; tries < 3; tries += 1) await send(Buffer.of(0, 0x20, 0, 1, 8), wrong)
  await ask()
  // Begun anew, without a key.
  expect(await cards.erase(card)).toBe(true)
  await cards.begin(card)
  await ask()
  expect(refused).toEqual([
    [422, 'CARD_PIN_UNSUITABLE'],
    [409, 'CARD_AMBIGUOUS'],
    [422, 'CARD_UNSUPPORTED'],
    [409, 'CARD_FAULTY'],
    [409, 'CARD_SECRET_REFUSED'],
    [409, 'CARD_BLOCKED'],
    [409, 'CARD_NOT_READY'],
  ])
  const recorded = (await refusalsOf(atReader)).slice(before).map(({ data }) => data['code'])
  expect(recorded).toEqual(refused.map(([, code]) => code))
})
