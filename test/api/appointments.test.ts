// Appointments over HTTP: what an account holds follows them, from one request to the next.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resetProjection } from '../../projections/checkpoint.ts'
import { readModels } from '../../projections/readModels.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded, type Person } from '../support/embedded.ts'
import { done, employer, verdict } from '../support/life.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
})
afterAll(() => product.close())

const sign = (person: Person): Client => client(product.app, person.headers)
const term = { fromOn: '2026-01-01', untilOn: '2027-12-31' }
const who = {
  surname: 'L’Hermitte',
  givenNames: 'Noël',
  email: 'n.lhermitte@douane.example',
  mandate: 'réf. 12',
}
const undertaking = { undertakingSha256: 'a'.repeat(64), means: 'portal' }

/** Proposed and checked; the appointee has still to accept. */
const checked = async (by: Client, checker: Client, person: string, more: object): Promise<string> => {
  const { id } = done(await by.post('/appointments', { ...term, ...who, person, ...more }))
  done(
    await checker.post(`/appointments/${id}/check`, {
      method: 'inPerson',
      documentKind: 'passport',
      documentNumber: '12AB34567',
    }),
  )
  return id
}

type Shown = Readonly<{
  status: string
  acts: boolean
  lastDay: string
  actions: readonly Readonly<{ command: string; open: boolean; code?: string }>[]
}>
const shown = async (by: Client, id: string): Promise<Shown> => {
  const answer = await by.get(`/appointments/${id}`)
  done(answer)
  return answer.json<Shown>()
}

it('CGU-53, CGU-06: a post is held from its acceptance on, and no longer than until it is withdrawn', async () => {
  const security = sign(product.account('so-1', ['securityOfficer']))
  const account = product.account('new-officer', ['holder'])
  const officer = sign(account)
  const id = await checked(security, security, account.person, { role: 'raOfficer' })
  expect(verdict(await officer.post('/entities', employer))).toEqual([403, 'ROLE_NOT_HELD'])
  const before = await shown(officer, id)
  expect(before.actions.filter(({ open }) => open).map(({ command }) => command)).toEqual([
    'AcceptAppointment',
  ])
  done(await officer.post(`/appointments/${id}/acceptance`, undertaking))
  const { id: entity } = done(await officer.post('/entities', employer))
  expect(await shown(security, id)).toMatchObject({ status: 'inForce', acts: true, lastDay: term.untilOn })
  const listed = (await security.get('/appointments?role=raOfficer&limit=1')).json<object>()
  expect(listed).toMatchObject({ appointments: [{ id, role: 'raOfficer', status: 'inForce' }] })
  done(await security.post(`/appointments/${id}/end`, { cause: 'withdrawn', effectiveOn: '2026-03-02' }))
  expect(verdict(await officer.post(`/entities/${entity}/verification`, employer))).toEqual([
    403,
    'ROLE_NOT_HELD',
  ])
  expect(await shown(officer, id)).toMatchObject({ status: 'ended', acts: false, lastDay: '2026-03-01' })
})

it('CGU-23, CGU-97: an MC proposed by his legal representative acts until his entity is closed', async () => {
  const ra = sign(product.account('ra-97', ['raOfficer']))
  const { id: entity } = done(await ra.post('/entities', employer))
  const [boss, agent] = [product.account('boss', ['holder']), product.account('agent', ['holder'])]
  const more = { entity, mandateSignedOn: '2026-02-01' }
  const first = await checked(ra, ra, boss.person, { ...more, role: 'legalRepresentative' })
  done(await sign(boss).post(`/appointments/${first}/acceptance`, undertaking))
  const id = await checked(sign(boss), ra, agent.person, { ...more, role: 'mc' })
  done(await sign(agent).post(`/appointments/${id}/acceptance`, undertaking))
  expect((await sign(agent).get(`/entities/${entity}`)).statusCode).toBe(200)
  expect((await shown(sign(boss), id)).actions).toContainEqual(
    expect.objectContaining({ command: 'EndAppointment', open: true, role: 'legalRepresentative' }),
  )
  done(await ra.post(`/entities/${entity}/closure`, { cause: 'closed', effectiveOn: '2026-03-02' }))
  expect(verdict(await sign(agent).get(`/entities/${entity}`))).toEqual([403, 'ROLE_NOT_HELD'])
  expect(await shown(ra, id)).toMatchObject({ status: 'ended', acts: false })
  const again = { ...term, ...who, ...more, person: agent.person, role: 'mc' }
  expect(verdict(await ra.post('/appointments', again))[1]).toBe('ENTITY_NOT_VERIFIED')
})

it('CGU-06: an auditor may not become an officer; of two acceptances that cross, one stands', async () => {
  const security = sign(product.account('so-2', ['securityOfficer']))
  const account = product.account('both', ['holder'])
  const person = sign(account)
  const propose = (role: string) => checked(security, security, account.person, { role })
  const [auditor, officer] = [await propose('auditor'), await propose('raOfficer')]
  const answers = await Promise.all(
    [auditor, officer].map((id) => person.post(`/appointments/${id}/acceptance`, undertaking)),
  )
  await product.services.posts.lookBack()
  const states = [await shown(security, auditor), await shown(security, officer)]
  expect(states.filter(({ acts }) => acts)).toHaveLength(1)
  expect(answers.some(({ statusCode }) => statusCode === 200)).toBe(true)
  const third = await propose('supervisor')
  expect(verdict(await person.post(`/appointments/${third}/acceptance`, undertaking))[1]).toBe(
    'ROLES_INCOMPATIBLE',
  )
})

it('CGU-06: while appointments are built anew, whoever was relieved of a post has not got it back by the accounts file', async () => {
  const own = await openEmbedded({ api: 100_000 })
  const security = client(own.app, own.account('so-9', ['securityOfficer']).headers)
  const account = own.account('relieved', ['raOfficer'])
  const officer = client(own.app, account.headers)
  const { id } = done(
    await security.post('/appointments', { ...term, ...who, person: account.person, role: 'raOfficer' }),
  )
  const documents = { method: 'inPerson', documentKind: 'passport', documentNumber: '12AB34567' }
  done(await security.post(`/appointments/${id}/check`, documents))
  done(await officer.post(`/appointments/${id}/acceptance`, undertaking))
  done(await security.post(`/appointments/${id}/end`, { cause: 'withdrawn', effectiveOn: '2026-03-02' }))
  await own.settle()
  expect(verdict(await officer.post('/entities', employer))).toEqual([403, 'ROLE_NOT_HELD'])

  const { db, reads } = own.services
  const appointments = readModels(reads.blind).find(({ name }) => name === 'appointments')!
  await resetProjection(db, appointments)
  const answer = await officer.post('/entities', employer)
  expect([...verdict(answer), answer.headers['retry-after']]).toEqual([503, 'PROJECTION_LAGGING', '1'])
  await own.close()
})
