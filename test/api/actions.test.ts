// What an object's page says about its commands, against what becomes of the commands themselves.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { client, type Client } from '../support/client.ts'
import { desks, openEmbedded, type Embedded } from '../support/embedded.ts'
import { desk, done, employer, inUse, mandated, requested, revocation, verdict } from '../support/life.ts'
import { approved } from '../support/recoveredLife.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
})
afterAll(() => product.close())

type Answered = Readonly<{ properties?: Readonly<Record<string, unknown>> }>
type Documented = Readonly<{
  paths: Readonly<
    Record<
      string,
      { get?: { responses: Record<string, { content?: Record<string, { schema: Answered }> } | undefined> } }
    >
  >
}>
type Action = Readonly<{
  command: string
  href: string
  open: boolean
  role?: string
  mandate?: string
  code?: string
}>
const actionsOn = async (who: Client, path: string): Promise<readonly Action[]> =>
  (await who.get(path)).json<{ actions: readonly Action[] }>().actions

/** What the page says about a command: `open`, or the code of its refusal. */
const shown = async (who: Client, path: string, command: string): Promise<string | undefined> => {
  const action = (await actionsOn(who, path)).find((one) => one.command === command)
  return action?.open === true ? 'open' : action?.code
}

/** The same of the command itself, given. */
const given = async (who: Client, path: string, body?: object): Promise<string | undefined> => {
  const answer = await who.post(path, body)
  return answer.statusCode < 300 ? 'open' : verdict(answer)[1]
}

describe('the page of an object', () => {
  it('CGU-06: each says which commands are open to the caller', async () => {
    const { paths } = (await product.app.inject('/openapi.json')).json<Documented>()
    const pages = Object.entries(paths).flatMap(([path, { get }]) => {
      const { properties } = get?.responses['200']?.content?.['application/json']?.schema ?? {}
      return path.endsWith('}') && properties !== undefined && 'revision' in properties
        ? [[path, 'actions' in properties] as const]
        : []
    })
    expect(pages.length).toBeGreaterThan(10)
    expect(pages.filter(([, hasActions]) => !hasActions)).toEqual([])
  })

  it('CGU-06: each lists every command that its address leads to', async () => {
    const life = await inUse(product)
    const { id: recovery } = await approved(product, life)
    const { mandate } = await mandated(product, life, { id: 'mc-all' })
    const reader = client(product.app, product.account('reader', ['auditor']).headers)
    const { authorities } = (await reader.get('/authorities')).json<{
      authorities: readonly { id: string }[]
    }>()
    const pages: Readonly<Record<string, string>> = {
      '/requests/{id}': life.request,
      '/certificates/{serial}': life.serial,
      '/cards/{id}': life.card,
      '/entities/{id}': life.entity,
      '/recovery-requests/{id}': recovery,
      '/appointments/{id}': mandate,
      '/authorities/{id}': authorities[0]?.id ?? '',
      '/components/{id}': desks[0] ?? '',
      '/documents/{kind}': 'cgu',
    }
    const commands = product
      .routes()
      .flatMap((route) => (route.startsWith('POST /api/v1') ? [route.slice('POST /api/v1'.length)] : []))
    const missing: string[] = []
    for (const [page, id] of Object.entries(pages)) {
      const known = new Set((await actionsOn(reader, page.replace(/{\w+}/, id))).map(({ href }) => href))
      for (const command of commands.filter((one) => one.startsWith(`${page}/`)))
        if (!known.has(`/api/v1${command.replace(/{\w+}/, id)}`)) missing.push(command)
    }
    // The program hands over what a holder has had issued alone, as soon as nothing is left to be done.
    expect(missing).toEqual(['/requests/{id}/self-service/handover'])
  })

  it('CGU-08, CGU-23, CGU-62: an agent is told under which of his mandates, and is refused without one', async () => {
    const life = await inUse(product)
    const at = `/certificates/${life.serial}`
    const elsewhere = done(await life.ra.post('/entities', employer)).id
    const asked = { ...revocation, requesterName: 'Noé Garçon', channel: 'signedIn' }
    const byHim = async (agent: Client) =>
      (await actionsOn(agent, at)).find(({ command }) => command === 'RequestRevocation')

    const powerless = await mandated(product, life, { id: 'mc-powerless', powers: ['request'] })
    expect((await byHim(powerless.agent))?.code).toBe('REVOKER_NOT_ENTITLED')
    expect(await given(powerless.agent, `${at}/revocation`, { ...asked, mandate: powerless.mandate })).toBe(
      'REVOKER_NOT_ENTITLED',
    )
    const reaching = await mandated(product, life, { id: 'mc-both' })
    await mandated(product, { ...life, entity: elsewhere }, { id: 'mc-both', also: reaching.account })
    const shownToHim = await byHim(reaching.agent)
    expect(shownToHim).toMatchObject({ open: true, role: 'mc', mandate: reaching.mandate })
    expect(await given(reaching.agent, `${at}/revocation`, { ...asked, mandate: shownToHim?.mandate })).toBe(
      'open',
    )
  })

  it('CGU-16, CGU-24, CGU-26: of a request, before and after the conditions are accepted', async () => {
    const { ra, holder, request } = await requested(product)
    const at = `/requests/${request}`
    const cgu = { cguVersion: product.policy.cgu.version, means: 'portal', directoryAgreed: true }
    const identity = {
      method: 'inPerson',
      documentKind: 'passport',
      documentNumber: '12AB34567',
      entityTieChecked: true,
    }
    const validation = () => given(ra, `${at}/validation`)

    expect(await shown(ra, at, 'AcceptCgu')).toBe(await given(ra, `${at}/cgu-acceptance`, cgu))
    expect(await shown(ra, at, 'ValidateRequest')).toBe('CGU_NOT_ACCEPTED')
    expect(await validation()).toBe('CGU_NOT_ACCEPTED')
    expect(await shown(holder, at, 'AcceptCgu')).toBe('open')
    expect(await given(holder, `${at}/cgu-acceptance`, cgu)).toBe('open')
    expect(await shown(ra, at, 'ValidateRequest')).toBe('IDENTITY_NOT_VERIFIED')
    expect(await validation()).toBe('IDENTITY_NOT_VERIFIED')
    expect(await shown(ra, at, 'VerifyIdentity')).toBe('open')
    expect(await given(ra, `${at}/identity-verification`, identity)).toBe('open')
    expect(await shown(ra, at, 'ValidateRequest')).toBe('open')
    expect(await validation()).toBe('open')
    expect(await shown(ra, at, 'ValidateRequest')).toBe(await validation())
    expect(await shown(ra, at, 'OpenSession')).toBe('open')
    expect(await given(ra, `${at}/sessions`, desk)).toBe('open')
    expect(await shown(ra, at, 'OpenSession')).toBe(await given(ra, `${at}/sessions`, desk))
  })

  it('CGU-46, CGU-50, CGU-54, CGU-61: of a card, its certificate and the recovery of its key', async () => {
    const life = await inUse(product)
    const { ra, holder, serial } = life
    const [card, signed] = [`/cards/${life.card}`, `/certificates/${serial}`]
    expect(await shown(holder, card, 'DefinePin')).toBe(await given(holder, `${card}/pin`, { pin: '864213' }))
    const renewal = { cguVersion: product.policy.cgu.version, directoryAgreed: true }
    for (const who of [holder, ra])
      expect(await shown(who, signed, 'RequestRenewal')).toBe(await given(who, `${signed}/renewal`, renewal))

    const { id, officer } = await approved(product, life)
    const recovery = `/recovery-requests/${id}`
    const statement = { statement: 'Pièces vues.' }
    expect(await shown(officer, recovery, 'ApproveRecovery')).toBe(
      await given(officer, `${recovery}/approvals`, statement),
    )
    expect(await shown(holder, recovery, 'ApproveRecovery')).toBe(
      await given(holder, `${recovery}/approvals`, statement),
    )

    expect(await shown(holder, signed, 'RequestRevocation')).toBe('open')
    expect(await given(holder, `${signed}/revocation`, revocation)).toBe('open')
    expect(await shown(holder, signed, 'RequestRenewal')).toBe('RENEWAL_AFTER_REVOCATION')
    expect(await given(holder, `${signed}/renewal`, renewal)).toBe('RENEWAL_AFTER_REVOCATION')
  })
})
