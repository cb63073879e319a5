// What a request may not say, found out before the holder stands at the desk.
import { randomUUID } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { client } from '../support/client.ts'
import { agent, desk, done, employer, issued, validated, verdict } from '../support/life.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
})
afterAll(() => product.close())

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
    ]) {
      // Whoever he is, the referential knows him so: it is the earlier file that tells.
      await product.enrol(asked.holder)
      expect(verdict(await ra.post('/requests', { ...demand, ...asked }))).toEqual([422, 'PERSON_MISMATCH'])
    }
    await product.enrol(other)
    expect(verdict(await life.holder.post('/requests', { ...demand, holder: other }))).toEqual([
      422,
      'PERSON_MISMATCH',
    ])
    await product.enrol(agent)
    const again = done(await ra.post('/requests', { ...demand, person, holder: agent }))
    expect(again.person).toBe(person)
    const facts: unknown[] = []
    for await (const { body } of product.ledger.stream(`request-${again.id}`)) facts.push(body.pub)
    expect(facts).toMatchObject([{ person, reliesOn: life.request }])
  })
})

describe('a name', () => {
  const letters = (count: number): string => 'É'.repeat(count)
  const invisible = 'must have no invisible character, no line separator, no blank at either end'
  const kinds = [
    ['64 characters', letters(64), undefined],
    ['65 characters', letters(65), 'must NOT have more than 64 characters'],
    ['a line separator', 'Zoë\u2028Dupont', invisible],
    ['a paragraph separator', 'Zoë\u2029Dupont', invisible],
    ['a change of direction', 'Zoë \u202Etnopud', invisible],
    ['a zero-width joiner', 'Zoë\u200DDupont', invisible],
    ['a tabulator', 'Zoë\tDupont', invisible],
    ['the sign of what could not be read', 'Zo\uFFFD', invisible],
    ['a blank before it', ' Zoë', invisible],
    ['a no-break space after it', 'Zoë\u00A0', invisible],
  ] as const

  const faultsOf = (response: LightMyRequestResponse) =>
    response
      .json<{ errors?: { pointer: string; message: string }[] }>()
      .errors?.map((fault) => [fault.pointer, fault.message])

  it.each(kinds)('CGU-24, RFC 5280 A.1: of an entity, with %s', async (_, name, message) => {
    const ra = client(product.app, product.account(randomUUID(), ['raOfficer']).headers)
    const answer = await ra.post('/entities', { ...employer, name })
    expect([answer.statusCode, faultsOf(answer)]).toEqual(
      message === undefined ? [201, undefined] : [400, [['/name', message]]],
    )
  })

  it.each(kinds)('CGU-31, RFC 5280 A.1, RGS A4 II.4: of a holder, with %s', async (_, text, message) => {
    const ra = client(product.app, product.account(randomUUID(), ['raOfficer']).headers)
    const entity = done(await ra.post('/entities', employer)).id
    const asked = async (holder: object) => {
      await product.enrol({ ...agent, ...holder })
      return ra.post('/requests', {
        ...{ entity, cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true },
        holder: { ...agent, ...holder },
      })
    }
    // `TEST ` comes before it.
    const nameInCertificate = text.startsWith('É') ? text.slice(5) : text
    const answer = await asked({ nameInCertificate })
    expect([answer.statusCode, faultsOf(answer)]).toEqual(
      message === undefined
        ? [201, undefined]
        : [400, [['/holder/nameInCertificate', message.replace('64', '59')]]],
    )
    for (const field of ['surname', 'givenNames'])
      expect([field, (await asked({ [field]: text })).statusCode]).toEqual([
        field,
        message === invisible ? 400 : 201,
      ])
  })

  it('CGU-31: what is taken at its longest is certified', async () => {
    const holder = {
      ...agent,
      surname: letters(200),
      givenNames: letters(200),
      nameInCertificate: letters(59),
    }
    const life = await validated(product, holder)
    done(await life.ra.post(`/requests/${life.request}/sessions`, desk))
    expect(
      done(await life.ra.post(`/requests/${life.request}/sessions/current/issuance`)).serial,
    ).toBeTruthy()
  })
})

it.each(['"zoe"@douane.example', 'zoe,ana@douane.example', 'zoe[1]@douane.example', 'zoe@douane_x.example'])(
  'CGU-31, RFC 9598 3: the mailbox %s is none that a certificate takes',
  async (email) => {
    const ra = client(product.app, product.account(randomUUID(), ['raOfficer']).headers)
    const answer = await ra.post('/requests', {
      ...{ entity: randomUUID(), cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true },
      holder: { ...agent, email },
    })
    expect(answer.json()).toMatchObject({ errors: [{ pointer: '/holder/email' }] })
  },
)
