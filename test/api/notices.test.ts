import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDays, dayOf } from '../../domain/policy/dates.ts'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, inUse, mandated, revocation, verdict } from '../support/life.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
})
afterAll(() => product.close())

type Row = Readonly<{ notice: string; kind: string; milestone: string; role: string; delivery: string }>
type Binding = Readonly<{
  binding: string
  versions: readonly Readonly<{ version: string; by: string | null }>[]
}>

describe('new conditions of use, and notices', () => {
  it('CGU-19, CGU-20, CGU-77, CGU-79: adopted, published, told, deemed accepted; a revocation is told with its date', async () => {
    const life = await inUse(product)
    const ca = client(product.app, product.account('ca-1', ['caOfficer']).headers)
    const text = 'Conditions générales d’utilisation, version 2.0\n'
    const sha256 = createHash('sha256').update(text).digest('hex')
    const adopted = { version: '2.0', sha256, effectiveFrom: '2026-06-01T00:00:00Z' }
    expect(verdict(await ca.post('/documents/cgu/versions', adopted))).toEqual([400, 'VALIDATION_FAILED'])
    expect(verdict(await ca.post('/documents/cgu/versions', { ...adopted, text: 'autre' }))[1]).toBe(
      'VALIDATION_FAILED',
    )
    done(await ca.post('/documents/cgu/versions', { ...adopted, text }))
    const fetched = await product.app.inject(`/documents/${sha256}`)
    expect([fetched.statusCode, fetched.body]).toEqual([200, text])
    expect((await product.app.inject(`/documents/${'a'.repeat(64)}`)).statusCode).toBe(404)
    const shown = (await ca.get('/documents/cgu')).json<{
      inForce: string
      actions: { command: string; open: boolean }[]
    }>()
    expect(shown.inForce).toBe('1.0')
    expect(shown.actions.map(({ command, open }) => [command, open])).toEqual([
      ['AdoptDocument', true],
      ['AdoptParameters', false],
      ['RecordPublication', false],
    ])

    await product.notify()
    await product.settle()
    const cgu = async () => (await life.holder.get(`/requests/${life.request}/cgu`)).json<Binding>()
    expect(await cgu()).toMatchObject({
      binding: '1.0',
      versions: [{ by: 'accepted' }, { version: '2.0', by: null }],
    })
    // Before the version is in force, what he does binds him to nothing new.
    done(await life.holder.post(`/cards/${life.card}/incidents`, { incident: 'blocked' }))
    await product.settle()
    expect(await cgu()).toMatchObject({ versions: [{ by: 'accepted' }, { version: '2.0', by: null }] })
    await product.pass(92 * 86_400)
    const { position } = done(await life.holder.post(`/certificates/${life.serial}/revocation`, revocation))
    expect(position).toBeDefined()
    await product.notify()
    await product.settle()
    expect(await cgu()).toMatchObject({
      binding: '2.0',
      versions: [{ by: 'accepted' }, { version: '2.0', by: 'deemed' }],
    })

    const { notices } = (await life.holder.get(`/certificates/${life.serial}/notices`)).json<{
      notices: Row[]
    }>()
    expect(notices.map(({ kind, milestone, role, delivery }) => [kind, milestone, role, delivery])).toEqual([
      ['cguUpdate', '2.0', 'holder', 'sent'],
      ['revocation', life.serial, 'holder', 'sent'],
    ])
    const messages = await product.messages()
    expect(messages).toHaveLength(2)
    expect(
      messages.some(({ text: words }) => words.includes('La révocation a pris effet le 2 juin 2026')),
    ).toBe(true)
    expect(product.logged()).not.toContain('dete-brule')

    const notice = notices[1]?.notice ?? ''
    const page = (await ca.get(`/notices/${notice}`)).json<{
      actions: { command: string; open: boolean }[]
    }>()
    expect(page.actions.map(({ command, open }) => [command, open])).toEqual([
      ['RecordBounce', false],
      ['RetryNotice', true],
      ['WaiveNotice', true],
    ])
    const support = client(product.app, product.account('support-1', ['supportAgent']).headers)
    done(await support.post(`/notices/${notice}/bounce`, { recipientIndexes: [0], fault: '5.1.1' }))
    await product.settle()
    const untold = (await support.get('/notices?untold=true')).json<{ notices: Row[] }>().notices
    expect(untold).toMatchObject([{ notice, delivery: 'undelivered' }])
    done(await life.ra.post(`/notices/${notice}/waiver`, { recipientIndexes: [0], cause: 'unreachable' }))
    await product.settle()
    expect((await support.get('/notices?untold=true')).json()).toEqual({ notices: [] })

    const stem = product.policy.publication.caCertificate[0]?.replace(/^.*\/|\.cer$/g, '') ?? ''
    expect((await product.app.inject(`/cgu-${stem}.txt`)).body).toBe(text)
  })

  it('CGU-78: the certification agents of the entity are told of a revocation too, those in force alone', async () => {
    const life = await inUse(product)
    await mandated(product, life, { id: 'noe.garcon' })
    const dayFrom = (days: number) => dayOf(addDays(product.services.now(), days))
    const leaves = async (id: string, effectiveOn: string) =>
      done(
        await life.ra.post(`/appointments/${(await mandated(product, life, { id })).mandate}/end`, {
          cause: 'departure',
          effectiveOn,
        }),
      )
    await leaves('parti', dayFrom(-1))
    await leaves('bientot.parti', dayFrom(90))
    done(await life.holder.post(`/certificates/${life.serial}/revocation`, revocation))
    await product.settle()
    const before = new Set((await product.messages()).map(({ name }) => name))
    await product.notify()
    const told = (await product.messages()).filter(({ name }) => !before.has(name))
    const recipients = told.map(({ headers }) => /^To: .*?([^\s<>]+@[^\s<>]+)/m.exec(headers)?.[1])
    expect(recipients.sort()).toEqual([
      ...['bientot.parti@douane.example', 'noe.garcon@douane.example', 'zoe.dete-brule@douane.example'],
    ])
  })
})
