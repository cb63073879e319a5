import { constants, publicEncrypt, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportCard } from '../../commands/cardIncidents.ts'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, desk, done, inUse, issued, validated, verdict, type Issued } from '../support/life.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
}, 120_000)
afterAll(() => product.close())

const officer = (role: 'raOfficer' | 'unblockingOperator') =>
  client(product.app, product.account(`${role}-${randomUUID().slice(0, 8)}`, [role]).headers)

/** Tries to decrypt with the card, as its holder does at his desk. */
const decrypt = async ({ ra, card, serial }: Issued, pin: string): Promise<string> => {
  const key = (await ra.get(`/certificates/${serial}/pem`)).body
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const ciphertext = publicEncrypt({ key, padding, oaepHash: 'sha256' }, Buffer.from('message'))
  return (await product.cards.decrypt({ card, pin, serial, ciphertext })).toString()
}

const statusOf = async ({ ra, serial }: Issued): Promise<string> => {
  await product.settle()
  return done(await ra.get(`/certificates/${serial}`)).status
}

describe('a session', () => {
  it('CGU-34: a desk has one at a time, also when two are opened at once', async () => {
    const [first, second, third] = [
      await validated(product),
      await validated(product),
      await validated(product),
    ]
    const at = desk.desk
    const opening = (life: typeof first) =>
      life.ra.post(`/requests/${life.request}/sessions`, { ...desk, desk: at })
    const answers = await Promise.all([opening(first), opening(second)])
    expect(answers.map((answer) => verdict(answer).join(' ')).sort()).toEqual(['201 ', '409 DESK_BUSY'])
    await product.settle()
    expect(verdict(await opening(third))).toEqual([409, 'DESK_BUSY'])
    const [winner] = answers[0].statusCode === 201 ? [first] : [second]
    const shown = (await winner.ra.get(`/requests/${winner.request}`)).json<{ next: string }>()
    expect(shown.next).toBe('issue')
    const left = { outcome: 'holderLeft' }
    done(await winner.ra.post(`/requests/${winner.request}/sessions/current/abandonment`, left))
    await product.settle()
    done(await opening(third))
  })

  it('CGU-37: a certificate that nobody answers for is refused by the program, and revoked', async () => {
    const life = await issued(product)
    await product.run('resume')
    expect(await statusOf(life)).toBe('issued')
    await product.pass(product.policy.request.acceptanceMinutes * 60)
    await product.run('resume')
    expect(await statusOf(life)).toBe('revoked')
    const events = done(await life.ra.get(`/streams/certificate-${life.serial}/events`)).events
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['CertificateRefused', 'CertificateRevoked'])
    expect((await life.ra.get(`/requests/${life.request}`)).json()).toMatchObject({ status: 'validated' })
  })
})

describe('a card', () => {
  it('CGU-14: of the stock is found by its chip, allotted, and comes back unwritten', async () => {
    const { ra, request } = await validated(product)
    const chip = { model: 'software-qscd', chipNumber: '8925 7777 0001' }
    const stock = { ...chip, kind: 'agent', ra: 'dgddi' }
    const { id } = done(await ra.post('/cards', stock))
    await product.settle()
    expect(verdict(await ra.post('/cards', stock))).toEqual([409, 'OUT_OF_ORDER'])
    const wrong = { ...desk, card: { id, ...chip, chipNumber: '8925 7777 0002' } }
    expect(verdict(await ra.post(`/requests/${request}/sessions`, wrong))).toEqual([
      422,
      'CARD_NOT_QUALIFIED',
    ])
    const opened = done(await ra.post(`/requests/${request}/sessions`, { ...desk, card: chip }))
    expect(opened.session.card).toBe(id)
    const other = await validated(product)
    expect(
      verdict(await other.ra.post(`/requests/${other.request}/sessions`, { ...desk, card: { id, ...chip } })),
    ).toEqual([409, 'CARD_BUSY'])
    done(await ra.post(`/requests/${request}/sessions/current/abandonment`, { outcome: 'holderLeft' }))
    await product.settle()
    expect((await ra.get(`/cards/${id}`)).json()).toMatchObject({ status: 'inStock', serials: [] })
    const listed = (await ra.get('/cards?status=inStock&kind=agent')).json<{ cards: { id: string }[] }>()
    expect(listed.cards.map((row) => row.id)).toEqual([id])
    expect((await ra.get('/cards/inventory')).json()).toMatchObject({
      counts: expect.arrayContaining([
        { model: 'software-qscd', kind: 'agent', status: 'inStock', count: 1 },
      ]) as unknown,
    })
    const rows = await product.services.db.selectFrom('card').selectAll().execute()
    expect(JSON.stringify(rows)).not.toMatch(/8925 ?0000/)
  })

  it('CGU-51, CGU-52, CGU-53: blocks, is unblocked for its holder by the operator, and takes a new PIN', async () => {
    const life = await inUse(product)
    expect(await decrypt(life, '246813')).toBe('message')
    for (let n = 0; n < product.policy.card.pinTries; n += 1)
      await expect(decrypt(life, '000000')).rejects.toThrow()
    const uo = officer('unblockingOperator')
    done(await life.holder.post(`/cards/${life.card}/incidents`, { incident: 'blocked' }))
    const asked = {
      ...{ askedBy: 'holder', identityMethod: 'inPerson', documentNumber: '12AB' },
      method: 'puk',
    }
    const unblock = (more: object) => uo.post(`/cards/${life.card}/unblocking`, { ...asked, ...more })
    expect(verdict(await unblock({ askedBy: 'mc' }))).toEqual([403, 'UNBLOCKING_HOLDER_ONLY'])
    expect(done(await unblock({}))).toMatchObject({ status: 'written' })
    await expect(decrypt(life, '246813')).rejects.toThrow()
    done(await life.holder.post(`/cards/${life.card}/pin`, { pin: '975310' }))
    expect(await decrypt(life, '975310')).toBe('message')
    const shown = (await uo.get(`/cards/${life.card}`)).json<{
      actions: { command: string; code?: string }[]
    }>()
    expect(shown.actions.map(({ command, code }) => [command, code])).toContainEqual([
      'StartUnblocking',
      'OUT_OF_ORDER',
    ])
  })

  it('CGU-43, CGU-99: a malfunction, even of a side function, ends in scrap and revocation; the next card has the key', async () => {
    const life = await inUse(product)
    const { ra, holder, card, serial, person, entity } = life
    const report = { incident: 'faulty', function: 'other' }
    done(await holder.post(`/cards/${card}/incidents`, report))
    expect(await statusOf(life)).toBe('accepted')
    const faulty = (await ra.get('/cards?status=faulty')).json<{ cards: { id: string }[] }>()
    expect(faulty.cards.map(({ id }) => id)).toContain(card)
    const scrap = { cause: 'faulty', method: 'shredded', minutes: 'PV 12' }
    expect(done(await ra.post(`/cards/${card}/scrap`, scrap))).toMatchObject({ status: 'scrapped' })
    expect(await statusOf(life)).toBe('revoked')
    expect(await product.cards.read(card)).toEqual([])
    const demand = { entity, cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true }
    const { id: request } = done(await ra.post('/requests', { ...demand, person, holder: agent }))
    const cgu = { cguVersion: product.policy.cgu.version, means: 'portal', directoryAgreed: true }
    done(await holder.post(`/requests/${request}/cgu-acceptance`, cgu))
    const seen = {
      method: 'inPerson',
      documentKind: 'passport',
      documentNumber: '12AB34567',
      entityTieChecked: true,
    }
    done(await ra.post(`/requests/${request}/identity-verification`, seen))
    done(await ra.post(`/requests/${request}/validation`))
    const { session } = done(await ra.post(`/requests/${request}/sessions`, desk))
    done(await ra.post(`/requests/${request}/sessions/current/issuance`))
    expect(await product.cards.read(session.card)).toEqual([session.serial, serial])
  })

  it('CGU-98: a theft that its holder reports revokes at once, and what a stop left is revoked at the next look', async () => {
    const life = await inUse(product)
    done(await life.holder.post(`/cards/${life.card}/incidents`, { incident: 'stolen' }))
    expect(await statusOf(life)).toBe('revoked')
    expect(verdict(await life.holder.post(`/cards/${life.card}/incidents`, { incident: 'faulty' }))).toEqual([
      409,
      'OUT_OF_ORDER',
    ])
    const cut = await inUse(product)
    await product.services.handle(reportCard, {
      ...{ type: 'ReportCard', id: randomUUID(), data: { card: cut.card, incident: 'lost' } },
      ...{
        by: await product.services.actors(product.services.program, 'raOfficer'),
        at: product.services.now(),
      },
    })
    expect(await statusOf(cut)).toBe('accepted')
    await product.run('resume')
    expect(await statusOf(cut)).toBe('revoked')
  })
})
