// When a list of revoked certificates is due.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { latestCrl } from '../../readmodels/crls.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded()
}, 120_000)
afterAll(() => product.close())

it('RFC 5280 5.1.2.4: a list that a clock which was ahead has dated is followed by one that is in force, and by no more', async () => {
  const ahead = 30 * 86_400
  await product.pass(ahead)
  const future = await product.publish()
  await product.pass(-ahead)
  expect(await product.publish()).toBe(future + 1)
  const { db, now, authority } = product.services
  expect(await latestCrl(db, authority.ca.id)).toMatchObject({ number: future + 1, this_update: now() })
  expect(await product.publish()).toBe(future + 1)
})
