// Over HTTP with the driver of token cards: what a card cannot take is refused before the session, and a card that is gone is no fault.
import { randomBytes, randomUUID } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { request as requestFile } from '../../domain/request.ts'
import { openCardReader, type CardReader } from '../hsm/tokenCards.ts'
import { softHsmModule } from '../hsm/tokens.ts'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { desk, done, validated, verdict } from '../support/life.ts'

let reader: CardReader
let product: Embedded
beforeAll(async () => {
  reader = await openCardReader(randomBytes(32))
  const settings = { CARD_DRIVER: 'token', CARD_TOKEN_MODULE: softHsmModule()!, CARD_TOKEN_DIR: reader.path }
  product = await openEmbedded({ api: 100_000 }, settings)
}, 120_000)
afterAll(async () => {
  await product.close()
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
