import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, verdict } from '../support/life.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded()
})
afterAll(() => product.close())

const digest = 'd'.repeat(64)
let counted = 0
const as = (...roles: Parameters<Embedded['account']>[1]): Client => {
  counted += 1
  return client(product.app, product.account(`controls-${counted}`, roles).headers)
}

type Page = Readonly<{
  id: string
  status: string
  controls: readonly Readonly<Record<string, unknown>>[]
  actions: readonly Readonly<{
    command: string
    href: string
    open: boolean
    code?: string
    clause?: string
  }>[]
}>
type Due = Readonly<{ due: readonly Readonly<Record<string, unknown>>[] }>

describe('components and their controls', () => {
  it('CGU-124, CGU-125: declared, controlled, in service, changed, controlled anew; GET says what is open and why not', async () => {
    const [ca, auditor, comite, sy] = [as('caOfficer'), as('auditor'), as('supervisor'), as('systemOperator')]
    const { id } = done(
      await ca.post('/components', { kind: 'desk', ra: 'dgddi', configurationSha256: digest }),
    )
    const page = async (reader: Client): Promise<Page> => {
      await product.settle()
      return (await reader.get(`/components/${id}`)).json<Page>()
    }
    const actionOf = async (reader: Client, command: string) => {
      const { open, code, clause, href } = (await page(reader)).actions.find(
        (one) => one.command === command,
      )!
      return { open, ...(code === undefined ? {} : { code, clause }), href }
    }
    const path = `/api/v1/components/${id}`
    expect(await actionOf(ca, 'CommissionComponent')).toEqual({
      ...{ open: false, code: 'COMPONENT_NOT_CONTROLLED', clause: 'CGU-124' },
      href: `${path}/commissioning`,
    })
    expect(await actionOf(auditor, 'CompleteControl')).toMatchObject({ open: false, code: 'OUT_OF_ORDER' })
    expect(verdict(await ca.post(`/components/${id}/commissioning`))).toEqual([
      409,
      'COMPONENT_NOT_CONTROLLED',
    ])

    const control = done(
      await comite.post(`/components/${id}/controls`, { scope: 'commissioning', dueOn: '2026-04-01' }),
    ).id
    expect(await actionOf(auditor, 'CompleteControl')).toEqual({
      open: true,
      href: `${path}/controls/completion`,
    })
    expect(await actionOf(sy, 'CompleteControl')).toMatchObject({ open: false, code: 'ROLE_NOT_HELD' })
    const found = { verdict: 'passed', completedOn: '2026-03-02', findingCount: 1, reportSha256: digest }
    done(await auditor.post(`/components/${id}/controls/completion`, { control, ...found }))
    done(await ca.post(`/components/${id}/commissioning`))
    const { status, controls } = await page(sy)
    expect([status, controls]).toEqual([
      'inService',
      [expect.objectContaining({ id: control, scope: 'commissioning', orderedBy: 'supervisor', ...found })],
    ])

    done(
      await sy.post(`/components/${id}/modifications`, {
        significant: true,
        release: '2.0.0',
        configurationSha256: digest,
      }),
    )
    expect(await actionOf(ca, 'CommissionComponent')).toMatchObject({ open: false, clause: 'CGU-125' })
    expect((await page(ca)).status).toBe('declared')
    done(await ca.post(`/components/${id}/retirement`, { cause: 'replaced' }))
    expect(
      verdict(
        await sy.post(`/components/${id}/modifications`, { significant: false, configurationSha256: digest }),
      ),
    ).toEqual([409, 'OUT_OF_ORDER'])
    await product.settle()
    const { components } = (await as('auditor').get('/components?limit=100')).json<{ components: Page[] }>()
    expect(components.find((one) => one.id === id)?.status).toBe('retired')
  })

  it('CGU-123: the next control of the policy is due two years after the last, and is ordered from the list', async () => {
    const both = as('caOfficer')
    const auditor = as('auditor')
    const { id } = done(await both.post('/components', { kind: 'service', configurationSha256: digest }))
    const complete = async (control: string, completedOn: string) =>
      done(
        await auditor.post(`/components/${id}/controls/completion`, {
          ...{ control, verdict: 'passed', completedOn, findingCount: 0, reportSha256: digest },
        }),
      )
    const order = async (scope: string) =>
      done(await both.post(`/components/${id}/controls`, { scope, dueOn: '2026-04-01' })).id
    await complete(await order('commissioning'), '2026-03-01')
    done(await both.post(`/components/${id}/commissioning`))
    const due = async (by = ''): Promise<Due['due']> => {
      await product.settle()
      const all = (await both.get(`/controls/due${by}`)).json<Due>().due
      return all.filter(({ component }) => component === id)
    }
    const row = {
      component: id,
      kind: 'service',
      scope: 'policy',
      lastOn: null,
      dueOn: '2028-03-02',
      overdue: false,
      ordered: null,
    }
    expect([await due(), await due('?by=2028-03-01')]).toEqual([[], []])
    expect(await due('?by=2028-03-02')).toEqual([row])

    const control = await order('policy')
    expect(await due('?by=2028-03-02')).toEqual([{ ...row, ordered: control }])
    await complete(control, '2026-03-02')
    expect(await due('?by=2028-03-02')).toEqual([{ ...row, lastOn: '2026-03-02', dueOn: '2028-03-02' }])
    // What a control leaves to confirm is due by the day that it named, and then is over.
    const doubtful = await order('modification')
    const left = { verdict: 'toConfirm', completedOn: '2026-03-02', findingCount: 1, reportSha256: digest }
    done(
      await auditor.post(`/components/${id}/controls/completion`, {
        ...{ ...left, control: doubtful, confirmBy: '2026-05-31' },
      }),
    )
    const toConfirm = { ...row, scope: 'confirmation', lastOn: '2026-03-02', dueOn: '2026-05-31' }
    expect(await due()).toEqual([toConfirm])
    const confirmation = await order('confirmation')
    expect(await due()).toEqual([{ ...toConfirm, ordered: confirmation }])
    await complete(confirmation, '2026-03-02')
    expect(await due()).toEqual([])
    expect(verdict(await as('raOfficer').get('/controls/due'))).toEqual([200, undefined])
    expect(verdict(await as('holder').get('/controls/due'))).toEqual([403, 'ROLE_NOT_HELD'])
  })
})

describe('disputes', () => {
  it('CGU-119, CGU-120: opened through the support, followed by its ticket, closed; the holder sees his own', async () => {
    const [support, comite, stranger] = [as('supportAgent'), as('supervisor'), as('holder')]
    const person = randomUUID()
    const holder = client(product.app, product.account('disputes-holder', ['holder'], { person }).headers)
    const opening = { holder: person, channel: 'web', tool: 'assistance', ticket: 'TK-2026-0017' }
    const { id } = done(await support.post('/disputes', opening))
    expect(done(await holder.get(`/disputes/${id}`))).toMatchObject({
      ticket: 'TK-2026-0017',
      holder: person,
    })
    expect(verdict(await stranger.get(`/disputes/${id}`))).toEqual([403, 'ROLE_NOT_HELD'])
    const page = (await support.get(`/disputes/${id}`)).json<Page>()
    expect(page.actions).toMatchObject([{ command: 'CloseDispute', open: true }])
    done(await support.post(`/disputes/${id}/closing`, { outcome: 'settled', note: 'carte remplacée' }))

    await product.settle()
    const listed = (await comite.get('/disputes?status=closed')).json<{ disputes: readonly object[] }>()
    expect(listed.disputes).toMatchObject([{ id, status: 'closed', outcome: 'settled', channel: 'web' }])
    expect(JSON.stringify(listed)).not.toMatch(/TK-2026|remplacée/)
    expect((await comite.get('/disputes?status=open')).json()).toMatchObject({ disputes: [] })
    expect(verdict(await as('raOfficer').get('/disputes'))).toEqual([403, 'ROLE_NOT_HELD'])
  })
})
