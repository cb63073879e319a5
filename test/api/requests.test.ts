// What a request may not say, found out before the holder stands at the desk.
import { randomUUID } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, done, issued } from '../support/life.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
})
afterAll(() => product.close())

const verdict = (response: LightMyRequestResponse): readonly [number, string | undefined] => [
  response.statusCode,
  response.json<{ code?: string }>().code,
]

describe('a person number', () => {
  it('CGU-04, events.md 1: is used again for its own person alone, and its keys with it', async () => {
    const life = await issued(product)
    const { ra, person, entity } = life
    const demand = { entity, cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true }
    const other = { ...agent, surname: 'Toutautre', givenNames: 'Jean', nameInCertificate: 'Jean TOUTAUTRE' }
    for (const asked of [
      { person, holder: other },
      { person, holder: { ...agent, matricule: '0012345679' } },
      { person, holder: other, earlier: life.request },
      { person: randomUUID(), holder: agent },
      { person: randomUUID(), holder: agent, earlier: life.request },
      { holder: agent, earlier: life.request },
    ])
      expect(verdict(await ra.post('/requests', { ...demand, ...asked }))).toEqual([422, 'PERSON_MISMATCH'])
    expect(verdict(await life.holder.post('/requests', { ...demand, holder: other }))).toEqual([
      422,
      'PERSON_MISMATCH',
    ])
    const again = done(await ra.post('/requests', { ...demand, person, holder: agent }))
    expect(again.person).toBe(person)
    const facts: unknown[] = []
    for await (const { body } of product.ledger.stream(`request-${again.id}`)) facts.push(body.pub)
    expect(facts).toMatchObject([{ person, reliesOn: life.request }])
  })
})
