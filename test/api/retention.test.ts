import { createPublicKey, randomUUID, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, requested, verdict } from '../support/life.ts'
import { approveRun, officerWithKey, type Officer } from '../support/officers.ts'

let product: Embedded
let archivist: Client, officer: Officer, security: Officer
const eightYears = 8 * 366 * 86_400

beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
  archivist = client(product.app, product.account('av', ['archivist']).headers)
  await requested(product)
  await product.pass(eightYears)
  await product.settle()
  officer = await officerWithKey(product, 'ca', 'caOfficer')
  security = await officerWithKey(product, 'so', 'securityOfficer')
})
afterAll(() => product.close())

type Due = Readonly<{ units: readonly Readonly<{ unit: string; due: string; held: boolean }>[] }>
type Run = Readonly<{
  units: readonly string[]
  listSha256: string
  status: string
  approvals: number
  actions: readonly Readonly<{ command: string; open: boolean; code?: string; reason?: string }>[]
}>
const dueJournals = async (): Promise<Due['units']> =>
  (await archivist.get('/retention/due?class=journal&limit=100')).json<Due>().units
const show = async (by: Client, id: string): Promise<Run> => (await by.get(`/destructions/${id}`)).json<Run>()

type Evidence = Readonly<{
  quorum: number
  approvers: readonly string[]
  approvals: readonly Readonly<{ signedStatement: string; signature: string; publicKey: string }>[]
}>

/** What was signed is shown to whoever keeps files, and is verified without this service. */
const expectEvidence = async (id: string): Promise<void> => {
  const shown = (await archivist.get(`/destructions/${id}/approvals`)).json<Evidence>()
  expect([shown.quorum, shown.approvers]).toEqual([2, [officer.person, security.person]])
  for (const { signedStatement, signature, publicKey } of shown.approvals) {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' })
    expect(verify('sha256', Buffer.from(signedStatement), key, Buffer.from(signature, 'base64'))).toBe(true)
  }
}

describe('retention over HTTP', () => {
  it('CGU-114, CGU-116: journals of eight years ago are due; one on hold is spared; two persons and a visa stand before the act', async () => {
    const due = await dueJournals()
    expect(due.length).toBeGreaterThan(1)
    const [kept] = due.map(({ unit }) => unit)
    const { id: hold } = done(await officer.post('/holds', { units: [kept!], reference: 'réquisition' }))
    await product.settle()
    expect((await dueJournals()).find(({ unit }) => unit === kept)?.held).toBe(true)
    expect(verdict(await archivist.post('/destructions', { class: 'journal', units: [kept] }))).toEqual([
      409,
      'UNIT_ON_HOLD',
    ])

    const { id } = done(await archivist.post('/destructions', { class: 'journal' }))
    const { units, listSha256 } = await show(archivist, id)
    expect(units).not.toContain(kept)
    expect(units).toHaveLength(due.length - 1)
    const approve = (by: Officer, list = listSha256) => approveRun(by, id, list)
    expect(verdict(await officer.get(`/destructions/${id}/approval-statement`))).toEqual([
      409,
      'VISA_MISSING',
    ])
    const bare = { listSha256, statement: 'Liste vue.' }
    expect(verdict(await officer.post(`/destructions/${id}/approvals`, bare))).toEqual([409, 'VISA_MISSING'])
    const visa = { visaSha256: 'a'.repeat(64), grantedOn: '2034-01-02', reference: 'bordereau 12' }
    done(await archivist.post(`/destructions/${id}/visa`, visa))
    expect(verdict(await approve(officer, 'b'.repeat(64)))).toEqual([409, 'OUT_OF_ORDER'])
    const unsigned = await officer.post(`/destructions/${id}/approvals`, bare)
    expect(verdict(unsigned)).toEqual([unsigned.statusCode, 'APPROVAL_NOT_SIGNED'])
    const nobody = client(product.app, product.account('ca-3', ['caOfficer']).headers)
    const keyless = await nobody.get(`/destructions/${id}/approval-statement`)
    expect(verdict(keyless)).toEqual([keyless.statusCode, 'APPROVAL_KEY_UNKNOWN'])
    done(await approve(officer))
    expect(verdict(await approve(officer))).toEqual([409, 'APPROVER_ALREADY_COUNTED'])
    const open = async (by: Client) =>
      (await show(by, id)).actions.filter((action) => action.open).map(({ command }) => command)
    expect(await open(security)).toEqual(['ApproveDestruction', 'CancelDestruction'])
    expect(await open(officer)).toEqual(['CancelDestruction'])
    const { actions } = await show(officer, id)
    expect(actions.find(({ command }) => command === 'ApproveDestruction')).toMatchObject({
      open: false,
      code: 'APPROVER_ALREADY_COUNTED',
      reason: "Cette personne s'est déjà prononcée.",
    })
    done(await approve(security))
    expect(await show(archivist, id)).toMatchObject({ status: 'proposed', approvals: 2 })
    await expectEvidence(id)

    done(await officer.post(`/holds/${hold}/lifting`, { reference: 'mainlevée' }))
    done(await archivist.post(`/destructions/${id}/cancellation`, { cause: 'wrong-list' }))
    await product.settle()
    expect((await dueJournals()).map(({ unit }) => unit)).toEqual(due.map(({ unit }) => unit))
  })

  it('CGU-114, CGU-116: an approved run is carried out by its job: what is on hold by then is spared, the rest is gone and attested', async () => {
    const before = await dueJournals()
    const [kept = ''] = before.map(({ unit }) => unit)
    const { id } = done(await archivist.post('/destructions', { class: 'journal' }))
    const { listSha256 } = await show(archivist, id)
    await product.run('destructions')
    expect(await show(archivist, id)).toMatchObject({ status: 'proposed' })
    const visa = { visaSha256: 'a'.repeat(64), grantedOn: '2034-01-02', reference: 'bordereau 13' }
    done(await archivist.post(`/destructions/${id}/visa`, visa))
    for (const by of [officer, security]) {
      await product.run('destructions')
      done(await approveRun(by, id, listSha256))
    }
    const { id: hold } = done(await officer.post('/holds', { units: [kept], reference: 'réquisition' }))
    for (const _ of [1, 2]) await product.run('destructions')
    await product.settle()
    expect(await show(archivist, id)).toMatchObject({ status: 'done' })
    expect((await dueJournals()).map(({ unit }) => unit)).toEqual([kept])
    done(await officer.post(`/holds/${hold}/lifting`, { reference: 'mainlevée' }))
    // Who acted is known to nobody any more: what the journals sealed is closed for good.
    const sealed = (await product.journal()).map(({ data }) => JSON.stringify(data))
    expect(sealed.filter((data) => data.includes('"destroyed":true')).length).toBeGreaterThan(0)
  })

  it('CGU-113, CGU-115: what is not due is not proposed; the table says how long everything is kept', async () => {
    expect(
      verdict(
        await archivist.post('/destructions', {
          class: 'reg',
          units: ['reg/00000000-0000-4000-8000-000000000001'],
        }),
      ),
    ).toEqual([409, 'RETENTION_RUNNING'])
    expect(verdict(await archivist.post('/holds', { units: ['escrow/4f'], reference: 'x' }))).toEqual([
      422,
      'HOLD_NOT_ON_KEY',
    ])
    expect(
      verdict(await archivist.post('/holds', { units: [`reg/${randomUUID()}`], reference: 'x' })),
    ).toEqual([404, 'UNIT_UNKNOWN'])
    const { classes } = (await officer.get('/retention')).json<{
      classes: readonly { class: string; kept: number }[]
    }>()
    expect(classes.map((one) => one.class)).toEqual(['status', 'reg', 'escrow', 'recovery', 'journal'])
    expect(classes.find((one) => one.class === 'journal')!.kept).toBeGreaterThan(1)
  })

  it('CGU-116: a holder, or a registration officer, sees nothing of it', async () => {
    const ra = client(product.app, product.account('ra-x', ['raOfficer']).headers)
    expect(verdict(await ra.get('/retention/due?class=reg'))).toEqual([403, 'ROLE_NOT_HELD'])
  })

  it('CGU-06, CGU-112: personal data leave by two persons, and are on record until they are back', async () => {
    const data = {
      ...{ fields: ['surname'], unitCount: 1, returnBy: '2034-12-31', packageSha256: 'a'.repeat(64) },
      ...{ recipient: 'juge d’instruction', ground: 'ordonnance n° 26/118' },
    }
    expect(verdict(await officer.post('/disclosures', data))).toEqual([403, 'SECOND_PERSON_REQUIRED'])
    const alike = product.account('ca-2', ['caOfficer'])
    const same = { headers: { 'second-person': alike.headers.authorization } }
    expect(verdict(await officer.post('/disclosures', data, same))).toEqual([403, 'SECOND_PERSON_REQUIRED'])
    const other = product.account('so-2', ['securityOfficer'])
    const both = { headers: { 'second-person': other.headers.authorization } }
    const { id } = done(await officer.post('/disclosures', data, both))
    const shown = async () =>
      (await officer.get(`/disclosures/${id}`)).json<Pick<Run, 'status' | 'actions'>>()
    expect(await shown()).toMatchObject({
      status: 'held',
      actions: [{ command: 'EndDisclosure', open: true }],
    })
    done(await officer.post(`/disclosures/${id}/ending`, { outcome: 'returned' }))
    expect((await shown()).status).toBe('ended')
  })
})
