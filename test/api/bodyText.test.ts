import { afterAll, beforeAll, expect, it } from 'vitest'
import { entity } from '../../domain/entity.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, employer } from '../support/life.ts'

let product: Embedded
let ra: Client
beforeAll(async () => {
  product = await openEmbedded()
  ra = client(product.app, product.account('ra', ['raOfficer']).headers)
})
afterAll(() => product.close())

it('proofs 1.1: a name whose accents were composed by the keyboard is stored in normal form C', async () => {
  const name = 'De\u0301partement de l\u2019Ho\u0302tel des impo\u0302ts'
  const made = done(await ra.post('/entities', { ...employer, name }))
  const { state } = await product.services.load(entity, made.id)
  expect(state).toMatchObject({ status: 'verified', name: name.normalize('NFC') })
})

it('RFC 8259 8.2: half of a character is no text', async () => {
  const answer = await ra.post('/entities', { ...employer, name: 'half \ud83d of one' })
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'MALFORMED_JSON'])
})
