// The keys of officers by HTTP, where the policy names the key of a security officer: each other one is confirmed by a signature, and what
// somebody writes into the ledger makes none count.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openssl } from '../../cli/demo/openssl.ts'
import { keyStatement } from '../../commands/approvalStatement.ts'
import { createHandle } from '../../commands/handle.ts'
import { appointment, type AppointmentEvent } from '../../domain/appointment.ts'
import { document } from '../../domain/document.ts'
import { recovery, type RecoveryEvent } from '../../domain/recovery.ts'
import { uuid } from '../ledger/filled.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { on } from '../support/given.ts'
import { done, inUse, verdict, type Issued } from '../support/life.ts'
import { officerKey } from '../support/officerKeys.ts'
import {
  appointOfficer,
  approvalBy,
  approve,
  confirmationBy,
  offerKey,
  officerWithKey,
  type Officer,
} from '../support/officers.ts'

const directory = mkdtempSync(join(tmpdir(), 'grand-livre-anchors-'))
const anchorKey = officerKey('p384')

let product: Embedded
let life: Issued
/** Signed in by the accounts file alone, with no key of his own. */
let keyless: Client
let anchor: Officer
beforeAll(async () => {
  const shipped = new URL('../../domain/policy/ac-confidentialite-mef-qualifiee.json', import.meta.url)
  const policy = JSON.parse(readFileSync(shipped, 'utf8')) as { escrow: object }
  const escrow = { ...policy.escrow, approvalAnchors: [anchorKey.keySha256] }
  const file = join(directory, 'policy.json')
  writeFileSync(file, JSON.stringify({ ...policy, escrow }))
  product = await openEmbedded({ api: 100_000 }, { POLICY_FILE: file })
  life = await inUse(product)
  keyless = client(product.app, product.account('so-keyless', ['securityOfficer']).headers)
  anchor = await officerOf('so-anchor', 'securityOfficer', anchorKey)
  const confirmation = `/appointments/${anchor.appointment}/approval-key/confirmation`
  done(await keyless.post(confirmation, { keySha256: anchorKey.keySha256 }))
})
afterAll(async () => {
  await product.close()
  rmSync(directory, { recursive: true })
})

/** Somebody in office, whose key waits for its confirmation. */
const officerOf = async (
  id: string,
  role: 'recoveryOfficer' | 'securityOfficer' = 'recoveryOfficer',
  own = officerKey(),
): Promise<Officer> => {
  const account = product.account(id, [role])
  const officer = client(product.app, account.headers)
  const appointed = await appointOfficer(product, { account, security: keyless, role })
  const key = await offerKey(product, { officer, appointment: appointed }, own)
  return { ...officer, person: account.person, appointment: appointed, key }
}

const pathOf = ({ appointment: id }: Officer): string => `/appointments/${id}/approval-key`
const confirm = async (by: Officer, officer: Officer) =>
  by.post(`${pathOf(officer)}/confirmation`, await confirmationBy(by, officer.appointment))

const ask = async (): Promise<string> =>
  done(
    await life.holder.post('/recovery-requests', {
      ...{ serial: life.serial, name: 'Zoë Maëlle D’Été-Brûlé', ground: 'holderRequest' },
      ...{ evidence: 'carte perdue', holderNotice: true },
    }),
  ).id

let forgeries = 0
const handle = () => createHandle({ ledger: product.ledger, policy: 2, release: 'test' })
/** Writes into the ledger what nobody has done, as somebody who holds the server might. */
const forgeKey = (id: string, ...events: readonly AppointmentEvent[]) =>
  on(appointment, id, ...events)(handle(), uuid(7000 + (forgeries += 1)))
const forgeApproval = (id: string, event: RecoveryEvent) =>
  on(recovery, id, event)(handle(), uuid(7000 + (forgeries += 1)))

const shownOf = async ({ appointment: id }: Officer) =>
  (await anchor.get(`/appointments/${id}`)).json<{
    approvalKey: string | null
    approvalKeyCounts: boolean
    keyOffered: string | null
    actions: readonly { command: string; open: boolean; code?: string }[]
  }>()
const confirmAction = async (officer: Officer) =>
  (await shownOf(officer)).actions.find(({ command }) => command === 'ConfirmApprovalKey')

type Shown = Readonly<{ keySha256: string; publicKey: string; text: string; signature: string }>
type Evidence = Readonly<{
  approvals: readonly Readonly<{
    keySha256: string
    confirmations: readonly (Shown & Readonly<{ appointment: string }>)[]
  }>[]
}>

/** What somebody without this service does with a confirmation: the fingerprint of its key, and its signature. */
const verifiedByOpenssl = async ({ keySha256, publicKey, text, signature }: Shown): Promise<string> => {
  const spki = Buffer.from(publicKey, 'base64')
  expect(createHash('sha256').update(spki).digest('hex')).toBe(keySha256)
  writeFileSync(join(directory, 'key.der'), spki)
  writeFileSync(join(directory, 'text'), text)
  writeFileSync(join(directory, 'signature'), Buffer.from(signature, 'base64'))
  const key = ['-verify', 'key.der', '-keyform', 'DER']
  return openssl(directory, 'dgst', '-sha256', ...key, '-signature', 'signature', 'text')
}

describe('the confirmation of a key by HTTP', () => {
  /** An execution, and the end of the request, so that the next one may be asked for. */
  const carriedOut = async (id: string) => {
    const executor = await officerOf(`ro-${id}`)
    done(await executor.post(`/recovery-requests/${id}/execution`))
    return executor.post(`/recovery-requests/${id}/rejection`, { cause: 'test' })
  }

  it('CGU-46: is signed by the security officer over the text that he is shown', async () => {
    const officer = await officerOf('ro-confirmed')
    const shown = await anchor.get(`${pathOf(officer)}/confirmation-statement`)
    const { text, ...rest } = shown.json<{ text: string }>()
    expect(rest).toEqual({
      ...{ id: officer.appointment, keySha256: officer.key.keySha256 },
      confirmer: { appointment: anchor.appointment, keySha256: anchorKey.keySha256 },
    })
    expect(JSON.parse(text)).toEqual({
      ...{ form: 'grand-livre/approval-key-confirmation/1', log: product.policy.log, environment: 'test' },
      ...{ appointment: officer.appointment, person: officer.person, role: 'recoveryOfficer', nth: 1 },
      ...{ keySha256: officer.key.keySha256 },
      confirmer: { appointment: anchor.appointment, keySha256: anchorKey.keySha256 },
    })
    expect(await confirmAction(officer)).toMatchObject({ open: true })
    const give = (body: object, by: Client = anchor) => by.post(`${pathOf(officer)}/confirmation`, body)
    const { keySha256 } = officer.key
    expect(verdict(await give({ keySha256 }))).toEqual([422, 'APPROVAL_KEY_CONFIRMATION_UNSIGNED'])
    const byAnother = { keySha256, signature: officer.key.sign(text) }
    expect(verdict(await give(byAnother))).toEqual([422, 'APPROVAL_KEY_CONFIRMATION_UNVERIFIED'])
    const own = { keySha256, signature: anchorKey.sign(text) }
    expect(verdict(await give(own, keyless))).toEqual([409, 'APPROVAL_KEY_UNKNOWN'])
    expect(await shownOf(officer)).toMatchObject({ approvalKey: null, keyOffered: keySha256 })
    done(await give(own))
    expect(await shownOf(officer)).toMatchObject({ approvalKey: keySha256, approvalKeyCounts: true })
    expect(await confirmAction(officer)).toMatchObject({ open: false, code: 'OUT_OF_ORDER' })
    // Whom the anchor has confirmed as a security officer confirms in turn.
    const [second, next] = [await officerOf('so-second', 'securityOfficer'), await officerOf('ro-next')]
    const early = await second.get(`${pathOf(next)}/confirmation-statement`)
    expect(verdict(early)).toEqual([409, 'APPROVAL_KEY_UNKNOWN'])
    done(await confirm(anchor, second))
    done(await confirm(second, next))
    const id = await ask()
    for (const one of [officer, next]) done(await approve(one, id))
    const evidence = (await next.get(`/recovery-requests/${id}/approvals`)).json<Evidence>().approvals
    expect(
      evidence.map(({ confirmations }) =>
        confirmations.map(({ appointment: of, keySha256: by }) => [of, by]),
      ),
    ).toEqual([
      [[anchor.appointment, anchorKey.keySha256]],
      [
        [second.appointment, second.key.keySha256],
        [anchor.appointment, anchorKey.keySha256],
      ],
    ])
    for (const { keySha256: approvedBy, confirmations } of evidence) {
      let confirmed = approvedBy
      for (const one of confirmations) {
        expect(JSON.parse(one.text)).toMatchObject({ keySha256: confirmed })
        expect(await verifiedByOpenssl(one)).toContain('Verified OK')
        confirmed = one.keySha256
      }
    }
    done(await carriedOut(id))
  })

  it('CGU-46: an officer who is appointed anew, from next year on, approves by the key of the appointment that acts', async () => {
    const [security, first] = [await officerOf('so-again', 'securityOfficer'), await officerOf('ro-again')]
    done(await confirm(anchor, security))
    for (const [{ person }, role] of [
      [security, 'securityOfficer'],
      [first, 'recoveryOfficer'],
    ] as const) {
      const account = product.account(`again-${role}`, [role], { person })
      await appointOfficer(product, { account, security: keyless, role, later: 1 })
    }
    done(await confirm(security, first))
    const [second, id] = [await officerOf('ro-beside'), await ask()]
    done(await confirm(anchor, second))
    for (const one of [first, second]) done(await approve(one, id))
    done(await carriedOut(id))
  })

  it('CGU-04, CGU-06: its text is shown to a security officer, and to nobody about his own', async () => {
    const officer = await officerOf('ro-shown')
    const path = `${pathOf(officer)}/confirmation-statement`
    expect(verdict(await officer.get(path))).toEqual([403, 'ROLE_NOT_HELD'])
    expect(verdict(await keyless.get(path))).toEqual([409, 'APPROVAL_KEY_UNKNOWN'])
    const own = await anchor.get(`${pathOf(anchor)}/confirmation-statement`)
    expect(verdict(own)).toEqual([403, 'SELF_APPROVAL'])
    const nobody = `/appointments/${uuid(1)}/approval-key/confirmation-statement`
    expect(verdict(await anchor.get(nobody))).toEqual([404, 'NOT_FOUND'])
  })
})

describe('a key that the ledger alone says was confirmed', () => {
  it('CGU-46: approves nothing, neither when it is given nor when it is carried out, until it is confirmed by a signature', async () => {
    const [a, b] = [await officerOf('ro-forged-a'), await officerOf('ro-forged-b')]
    const id = await ask()
    const path = `/recovery-requests/${id}`
    const forgedBy = { confirmer: anchor.person, confirmerAppointment: anchor.appointment }
    const unsigned: AppointmentEvent = {
      type: 'ApprovalKeyConfirmed',
      data: { nth: 1, confirmer: anchor.person },
    }
    const signature = officerKey().sign('whatever')
    const confirmerKey = anchorKey.keySha256
    await forgeKey(a.appointment, unsigned)
    await forgeKey(b.appointment, {
      type: 'ApprovalKeyConfirmed',
      data: { nth: 1, ...forgedBy, confirmerKey, signature },
    })
    // A key of the ledger's writer, on the appointment of an officer who has none of it.
    const [victim, writers] = [await officerOf('ro-victim'), officerKey()]
    const proof = writers.sign(keyStatement(product.policy, victim.appointment, writers.keySha256))
    await forgeKey(
      victim.appointment,
      { type: 'ApprovalKeyRegistered', data: { nth: 2, publicKey: writers.publicKey, proof } },
      { type: 'ApprovalKeyConfirmed', data: { nth: 2, confirmer: anchor.person } },
    )
    const helper = await officerOf('ro-helper')
    done(await confirm(anchor, helper))
    const { signedStatement } = await approvalBy(helper, id)
    const { expiresAt } = JSON.parse(signedStatement) as { expiresAt: string }
    for (const [officer, key] of [
      [a, a.key],
      [b, b.key],
      [victim, writers],
    ] as const) {
      expect(await shownOf(officer)).toMatchObject({ approvalKey: key.keySha256, approvalKeyCounts: false })
      expect(verdict(await officer.get(`${path}/approval-statement`))).toEqual([
        409,
        'APPROVAL_KEY_UNANCHORED',
      ])
      const text = signedStatement.replace(helper.key.keySha256, key.keySha256)
      const body = { statement: 'Pièces vues.', signedStatement: text, signature: key.sign(text) }
      expect(verdict(await officer.post(`${path}/approvals`, body))).toEqual([409, 'APPROVAL_KEY_UNANCHORED'])
      await forgeApproval(id, {
        type: 'RecoveryApproved',
        data: {
          ...{ nth: 1, statementSha256: 'd'.repeat(64), expiresAt, ...body },
          ...{ approver: officer.person, appointment: officer.appointment },
        },
      })
      expect(verdict(await helper.post(`${path}/execution`))).toEqual([409, 'RECOVERY_NOT_APPROVED'])
    }
    expect(await product.services.recovery.deliveries.inventory()).toEqual([])
    // The officers' own keys are confirmed once more, signed, and what they have signed counts.
    for (const officer of [a, b]) {
      expect(await confirmAction(officer)).toMatchObject({ open: true })
      done(await confirm(anchor, officer))
      expect(await shownOf(officer)).toMatchObject({ approvalKeyCounts: true, keyOffered: null })
    }
    done(await helper.post(`${path}/execution`))
    done(await helper.post(`${path}/rejection`, { cause: 'test' }))
  })

  it('CGU-46: an anchor is named by the policy, which the ledger shows', async () => {
    const { state } = await product.services.load(document, 'parameters')
    expect(state.parameters.at(-1)?.values.approvalAnchors).toEqual([anchorKey.keySha256])
    expect(await shownOf(anchor)).toMatchObject({ approvalKeyCounts: true })
    // An officer whose key nobody has signed for is not one who has a key.
    await expect(officerWithKey(product, 'ro-unsigned')).rejects.toThrow('APPROVAL_KEY_CONFIRMATION_UNSIGNED')
  })
})
