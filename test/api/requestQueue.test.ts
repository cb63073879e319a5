// Requests over HTTP: the queue, what may be done with one, files sent back, corrections, and requests that lapse.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, done, employer, inUse, issued, requested, validated, verdict } from '../support/life.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded()
})
afterAll(() => product.close())

type Action = Readonly<{ command: string; href: string; open: boolean; code?: string }>
type Queue = Readonly<{ requests: readonly Readonly<{ id: string; status: string; returned: boolean }>[] }>

const terms = { cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true }

describe('a request', () => {
  it('CGU-21, CGU-22: the queue has it by status and RA; a holder sees his own, an MC those of his entities', async () => {
    const [one, other] = [await requested(product), await validated(product)]
    await product.settle()
    const ids = async (who: typeof one.ra, query: string) =>
      (await who.get(`/requests?${query}`)).json<Queue>().requests.map(({ id }) => id)
    expect(await ids(one.ra, 'status=open&ra=dgddi&limit=100')).toContain(one.request)
    expect(await ids(one.ra, 'status=open&ra=centrale')).toEqual([])
    expect(await ids(one.ra, 'status=validated&limit=100')).toEqual([other.request])
    expect(await ids(one.holder, 'limit=100')).toEqual([one.request])
    const mc = client(product.app, product.account('mc-queue', ['mc'], { entities: [other.entity] }).headers)
    expect(await ids(mc, 'limit=1')).toEqual([other.request])
    const first = await one.ra.get('/requests?limit=1')
    expect(first.headers['link']).toMatch(/rel="next"/)
  })

  it('CGU-04, CGU-21: GET says which commands are open to the caller, and why the others are not', async () => {
    const life = await requested(product)
    const actions = async (who: typeof life.ra) => {
      const listed = (await who.get(`/requests/${life.request}`)).json<{ actions: Action[] }>().actions
      // The check in full and the light one of a renewal are one command in two forms, each with its address.
      const keyed = listed.map(({ command, href, open, code }) => [
        href.endsWith('/identity-confirmation') ? 'confirmation' : command,
        open ? 'open' : code,
      ])
      return Object.fromEntries(keyed) as Record<string, string>
    }
    expect(await actions(life.ra)).toMatchObject({
      ...{ VerifyIdentity: 'open', ReturnRequest: 'open', RejectRequest: 'open', CloseRequest: 'open' },
      ...{ CorrectRegistration: 'open', ValidateRequest: 'CGU_NOT_ACCEPTED', AcceptCgu: 'ROLE_NOT_HELD' },
      ...{ CompleteDossier: 'OUT_OF_ORDER', HandOverCard: 'OUT_OF_ORDER' },
      confirmation: 'FULL_IDENTIFICATION_REQUIRED',
    })
    expect(await actions(life.holder)).toMatchObject({
      ...{ AcceptCgu: 'open', CloseRequest: 'open', CorrectRegistration: 'open' },
      ...{ RejectRequest: 'ROLE_NOT_HELD', VerifyIdentity: 'ROLE_NOT_HELD' },
    })
  })

  it('CGU-27: without a referential there is no agent card, and the refusal says so', async () => {
    const { ra, entity } = await requested(product)
    await product.referential([])
    const answer = await ra.post('/requests', { ...terms, entity, holder: agent })
    expect(answer.json()).toMatchObject({
      ...{ status: 422, code: 'AGENT_CARD_NOT_ALLOWED', clause: 'CGU-27' },
      detail: 'no referential has been imported',
    })
    await product.enrol(agent)
    done(await ra.post('/requests', { ...terms, entity, holder: agent }))
  })

  it('CGU-31, CGU-33: what is missing is refused with its clause', async () => {
    const { ra, entity } = await requested(product)
    const { nameInCertificate: _, ...nameless } = agent
    const refused = async (demand: object) =>
      (await ra.post('/requests', { ...terms, ...demand })).json<object>()
    const incomplete = { code: 'REQUEST_INCOMPLETE' }
    expect(await refused({ entity, holder: nameless })).toMatchObject({ ...incomplete, clause: 'CGU-31' })
    expect(await refused({ holder: agent })).toMatchObject({ ...incomplete, clause: 'CGU-33' })
    expect(await refused({ holder: agent, entity: randomUUID() })).toMatchObject({
      ...{ ...incomplete, clause: 'CGU-33' },
      detail: 'entity',
    })
  })

  it('CGU-04: the name of an issued certificate is bound, once, to its person', async () => {
    const life = await issued(product)
    const bound = []
    for await (const { stream, type, body } of product.ledger.entries())
      if (stream.startsWith('subject-') && body.pub['person'] === life.person)
        bound.push([type, body.pub['request'], Object.keys(body.sealed)])
    expect(bound).toEqual([['SubjectNameBound', life.request, []]])
  })

  it('CGU-97: a correction of certified data says that the certificate has to go', async () => {
    const life = await inUse(product)
    const path = `/requests/${life.request}/registration`
    const correct = async (values: object) => (await life.holder.post(path, values)).json<object>()
    expect(await correct({ service: 'Bureau M2' })).toMatchObject({ consequence: 'none' })
    expect(await correct({ email: 'z.martin@douane.example' })).toMatchObject({
      consequence: 'revokeAndRequestAnew',
    })
    await correct({ surname: 'Nouveau-Nom' })
    await product.settle()
    const found = await life.ra.get(`/certificates?q=${encodeURIComponent('nouveau nom')}`)
    expect(found.json()).toMatchObject({ certificates: [{ serial: life.serial }] })
  })

  it('CGU-21: rejected by the RA; closed by the holder; and the program closes what nobody came for', async () => {
    const [one, two, three] = [await requested(product), await requested(product), await validated(product)]
    done(await one.ra.post(`/requests/${one.request}/rejection`, { cause: 'IDENTITY_NOT_VERIFIED' }))
    done(await two.holder.post(`/requests/${two.request}/closing`, { cause: 'withdrawn' }))
    expect(verdict(await one.ra.post(`/requests/${one.request}/validation`))).toEqual([409, 'OUT_OF_ORDER'])
    await product.settle()
    await product.run('lapseRequests')
    expect((await three.ra.get(`/requests/${three.request}`)).json()).toMatchObject({ status: 'validated' })
    await product.pass((product.policy.request.lapseDays + 1) * 86_400)
    await product.run('lapseRequests')
    expect((await three.ra.get(`/requests/${three.request}`)).json()).toMatchObject({ status: 'closed' })
    await product.settle()
    const closed = (await one.ra.get('/requests?status=closed&limit=100')).json<Queue>()
    expect(closed.requests.map(({ id }) => id)).toEqual(expect.arrayContaining([two.request, three.request]))
  })

  it('CGU-29: an entity is needed all the same, and the employer of the referential is meant', async () => {
    const { ra } = await requested(product)
    const other = done(await ra.post('/entities', { ...employer, siren: '130020014' })).id
    await product.referential([
      {
        ...{ matricule: '0012345678', surname: agent.surname, givenNames: agent.givenNames },
        siren: '110020013',
        active: true,
      },
    ])
    expect(verdict(await ra.post('/requests', { ...terms, entity: other, holder: agent }))).toEqual([
      422,
      'PERSON_MISMATCH',
    ])
  })
})
