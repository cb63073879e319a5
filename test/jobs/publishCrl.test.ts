// When a list of revoked certificates is due.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Service } from '../../commands/program.ts'
import { openCrls } from '../../jobs/crls.ts'
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

it('CGU-76: a list that the read models kept waiting is looked for again at once, and no other is', async () => {
  await product.publish()
  const { db, now, authority } = product.services
  const { crl } = product.policy
  const asked: boolean[] = []
  for (const inTime of [true, false]) {
    const due = openCrls({
      // Nothing is due: nothing is issued.
      ...{ service: { now } as unknown as Service, db, size: async () => 0, settled: async () => undefined },
      ...{ statusRows: () => Promise.reject(new Error('no list is made')), listed: () => undefined },
      soon: async () => inTime,
    })
    let isAsked = false
    await due.publish(authority.ca, crl, () => {
      isAsked = true
    })
    asked.push(isAsked)
  }
  expect(asked).toEqual([false, true])
})
