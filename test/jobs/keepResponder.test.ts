// Which responder signs.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { notBeforeOf } from '../../pki/fields.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded()
}, 120_000)
afterAll(() => product.close())

it('RFC 6960 4.2.2.2: a responder that was certified while the clock was ahead signs until it is put back; then the next one does, and no other', async () => {
  const { policy, now, authority } = product.services
  const ahead = (policy.ocsp.certificateDays + 1) * 86_400
  await product.pass(ahead)
  await product.run('renewResponder')
  const early = await authority.responder()
  expect(notBeforeOf(early.certificate)).toBe(now())
  await product.pass(-ahead)
  await product.run('renewResponder')
  const next = await authority.responder()
  expect([next.generation, notBeforeOf(next.certificate)]).toEqual([early.generation + 1, now()])
  await product.run('renewResponder')
  expect((await authority.responder()).generation).toBe(next.generation)
})
