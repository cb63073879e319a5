// Approvals of a recovery by HTTP: each is signed by its officer, and what is not counts for nothing, whoever wrote it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHandle } from '../../commands/handle.ts'
import { keyStatement } from '../../commands/approvalStatement.ts'
import { recovery, type RecoveryEvent } from '../../domain/recovery.ts'
import { uuid } from '../ledger/filled.ts'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { on } from '../support/given.ts'
import { done, inUse, verdict, type Issued } from '../support/life.ts'
import { officerKey } from '../support/officerKeys.ts'
import {
  appointOfficer,
  approvalBy,
  approve,
  officerWithKey,
  registerKey,
  statementFor,
  type Officer,
} from '../support/officers.ts'

let product: Embedded
let life: Issued
let a: Officer
let b: Officer
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
  life = await inUse(product)
  a = await officerWithKey(product, 'ro-sign-a')
  b = await officerWithKey(product, 'ro-sign-b')
})
afterAll(() => product.close())

const ask = async (): Promise<string> =>
  done(
    await life.holder.post('/recovery-requests', {
      ...{ serial: life.serial, name: 'Zoë Maëlle D’Été-Brûlé', ground: 'holderRequest' },
      ...{ evidence: 'carte perdue', holderNotice: true },
    }),
  ).id

const refusals = async (): Promise<number> =>
  (await product.journal()).filter(({ type }) => type === 'CommandRefused').length

/** Writes into the ledger what no officer has done, as somebody who holds the server might. */
const forge = async (id: string, nth: number, event: RecoveryEvent): Promise<void> => {
  const handle = createHandle({ ledger: product.ledger, policy: 2, release: 'test' })
  await on(recovery, id, event)(handle, uuid(7000 + nth))
}

describe('an approval by HTTP', () => {
  it('CGU-46: unsigned, by the wrong key, for another request or ended, each is refused, and each refusal recorded', async () => {
    const [id, other] = [await ask(), await ask()]
    const path = `/recovery-requests/${id}`
    const own = await approvalBy(a, id)
    const ended = own.signedStatement.replace(/"expiresAt":"[^"]+"/, `"expiresAt":"2026-03-02T08:00:00Z"`)
    const cases: readonly (readonly [object, number, string])[] = [
      [{ statement: 'vu' }, 422, 'APPROVAL_NOT_SIGNED'],
      [{ ...own, signature: b.key.sign(own.signedStatement) }, 422, 'APPROVAL_SIGNATURE_INVALID'],
      [await approvalBy(b, id), 422, 'APPROVAL_SIGNATURE_INVALID'],
      [await approvalBy(a, other), 409, 'APPROVAL_OF_ANOTHER_REQUEST'],
      [{ ...own, signedStatement: ended, signature: a.key.sign(ended) }, 409, 'APPROVAL_EXPIRED'],
      [{ ...own, signedStatement: '{}' }, 422, 'APPROVAL_MALFORMED'],
      [{ ...own, statement: 'Autre motif.' }, 422, 'APPROVAL_MALFORMED'],
    ]
    const before = await refusals()
    for (const [body, status, code] of cases)
      expect(verdict(await a.post(`${path}/approvals`, body))).toEqual([status, code])
    expect(await refusals()).toBe(before + cases.length)
    expect(verdict(await a.post(`${path}/execution`))).toEqual([409, 'RECOVERY_NOT_APPROVED'])
    expect(await product.services.recovery.deliveries.inventory()).toEqual([])
    // Nothing is lost: the request is as it was, and may be approved.
    for (const officer of [a, b]) done(await approve(officer, id))
    done(await a.post(`${path}/execution`))
    const file = await life.holder.post(`${path}/delivery`, { receipt: 'remis' })
    expect([file.statusCode, file.headers['content-type']]).toEqual([200, 'application/x-pkcs12'])
  })

  it('CGU-46: an approval that was written into the ledger by somebody else counts for nothing', async () => {
    const id = await ask()
    const path = `/recovery-requests/${id}`
    const { signedStatement, signature } = await approvalBy(a, id)
    const { expiresAt } = JSON.parse(signedStatement) as { expiresAt: string }
    const base = { nth: 1, statementSha256: 'd'.repeat(64), expiresAt, statement: 'Pièces vues.' }
    const as = (officer: Officer, more: object = {}): RecoveryEvent => ({
      type: 'RecoveryApproved',
      data: { ...base, approver: officer.person, appointment: officer.appointment, ...more },
    })
    const forgeries = [
      as(a),
      as(b, { signedStatement, signature }),
      as(b, { signedStatement, signature, appointment: a.appointment }),
      as(a, { signedStatement, signature: officerKey().sign(signedStatement) }),
    ]
    for (const [n, event] of forgeries.entries()) {
      await forge(id, n, event)
      expect(verdict(await a.post(`${path}/execution`))).toEqual([...[409, 'RECOVERY_NOT_APPROVED']])
    }
    done(await approve(a, id))
    expect(verdict(await a.post(`${path}/execution`))).toEqual([409, 'RECOVERY_NOT_APPROVED'])
    expect(await product.services.recovery.deliveries.inventory()).toEqual([])
    done(await approve(b, id))
    done(await a.post(`${path}/execution`))
    done(await a.post(`${path}/rejection`, { cause: 'test' }))
  })

  it('CGU-04, CGU-46: what is to be signed is shown to an officer who has a key, and to nobody whom it concerns', async () => {
    const id = await ask()
    const path = `/recovery-requests/${id}/approval-statement`
    expect(JSON.parse(await statementFor(a, id, 'Motif « établi »'))).toMatchObject({
      ...{ recovery: id, reason: 'Motif « établi »', keySha256: a.key.keySha256 },
      asked: { ground: 'holderRequest', requester: life.person },
      scope: { serial: life.serial, output: 'pkcs12' },
    })
    const auditor = client(product.app, product.account('au-sign', ['auditor']).headers)
    expect(verdict(await auditor.get(path))).toEqual([403, 'ROLE_NOT_HELD'])
    expect(verdict(await life.holder.get(path))).toEqual([403, 'ROLE_NOT_HELD'])
    const keyless = client(product.app, product.account('ro-keyless', ['recoveryOfficer']).headers)
    expect(verdict(await keyless.get(path))).toEqual([409, 'APPROVAL_KEY_UNKNOWN'])
    // The ground is in it: an officer whose key it is is not told.
    const before = await refusals()
    const self = product.account('ro-self', ['recoveryOfficer'], { person: life.person })
    expect(verdict(await client(product.app, self.headers).get(path))).toEqual([403, 'SELF_APPROVAL'])
    expect(await refusals()).toBe(before + 1)
    const unknown = `/recovery-requests/${uuid(1)}/approval-statement`
    expect(verdict(await a.get(unknown))).toEqual([404, 'NOT_FOUND'])
    expect(verdict(await keyless.post(`/recovery-requests/${id}/approvals`, { statement: 'vu' }))).toEqual([
      ...[409, 'APPROVAL_KEY_UNKNOWN'],
    ])
  })
})

describe('approvals as evidence', () => {
  it('CGU-04, CGU-46: an auditor is given what OpenSSL verifies, and told which of them count', async () => {
    const id = await ask()
    const path = `/recovery-requests/${id}/approvals`
    const auditor = client(product.app, product.account('au-evidence', ['auditor']).headers)
    done(await approve(a, id))
    await forge(id, 50, {
      type: 'RecoveryApproved',
      data: {
        ...{ nth: 2, statementSha256: 'd'.repeat(64), expiresAt: '2026-03-03T09:00:00Z' },
        ...{ approver: b.person, statement: 'vu' },
      },
    })
    type Evidence = Readonly<Record<'signedStatement' | 'signature' | 'publicKey', string | null>>
    const shown = (await auditor.get(path)).json<{
      quorum: number
      approvers: readonly string[]
      approvals: readonly Evidence[]
    }>()
    expect([shown.quorum, shown.approvers]).toEqual([2, [a.person]])
    expect(shown.approvals[1]).toMatchObject({ approver: b.person, signature: null, publicKey: null })
    const directory = mkdtempSync(join(tmpdir(), 'grand-livre-evidence-'))
    try {
      const { signedStatement, signature, publicKey } = shown.approvals[0]!
      const [text, octets, der] = ['text', 'signature', 'key.der'].map((name) => join(directory, name))
      writeFileSync(text!, signedStatement!)
      writeFileSync(octets!, Buffer.from(signature!, 'base64'))
      writeFileSync(der!, Buffer.from(publicKey!, 'base64'))
      const how = ['-verify', der!, '-keyform', 'DER', '-signature', octets!]
      expect(execFileSync('openssl', ['dgst', '-sha256', ...how, text!]).toString()).toContain('Verified OK')
    } finally {
      rmSync(directory, { recursive: true })
    }
    expect(verdict(await life.holder.get(path))).toEqual([403, 'ROLE_NOT_HELD'])
    const self = product.account('ro-self-2', ['recoveryOfficer'], { person: life.person })
    expect(verdict(await client(product.app, self.headers).get(path))).toEqual([403, 'SELF_APPROVAL'])
    expect(verdict(await auditor.get(`/recovery-requests/${uuid(1)}/approvals`))).toEqual([404, 'NOT_FOUND'])
  })
})

describe('the key of an officer, by HTTP', () => {
  it('CGU-46: registered by himself and confirmed by another; a new one takes its place', async () => {
    const account = product.account('ro-keys', ['recoveryOfficer'])
    const officer = client(product.app, account.headers)
    const security = client(product.app, product.account('so-keys', ['securityOfficer']).headers)
    const appointment = await appointOfficer(product, { account, security })
    const path = `/appointments/${appointment}`
    const shown = async () =>
      (await officer.get(path)).json<{
        approvalKey: string | null
        keyOffered: string | null
        actions: readonly { command: string; open: boolean; code?: string }[]
      }>()
    const action = async (command: string, who = officer) =>
      (await who.get(path))
        .json<{ actions: readonly { command: string; open: boolean; code?: string }[] }>()
        .actions.find((one) => one.command === command)
    expect(await shown()).toMatchObject({ approvalKey: null, keyOffered: null })
    expect(await action('RegisterApprovalKey')).toMatchObject({ open: true })
    expect(await action('ConfirmApprovalKey', security)).toMatchObject({ open: false, code: 'OUT_OF_ORDER' })

    const key = officerKey('p384')
    const proof = key.sign(keyStatement(product.policy, appointment, key.keySha256))
    const give = (body: object) => officer.post(`${path}/approval-key`, body)
    expect(verdict(await give({ key: 'rien de lisible', proof }))).toEqual([422, 'APPROVAL_KEY_UNUSABLE'])
    expect(verdict(await give({ key: key.pem, proof: officerKey().sign('x') }))).toEqual([
      ...[422, 'APPROVAL_KEY_UNUSABLE'],
    ])
    const copied = a.key.sign(keyStatement(product.policy, appointment, a.key.keySha256))
    expect(verdict(await give({ key: a.key.pem, proof: copied }))).toEqual([409, 'APPROVAL_KEY_TAKEN'])
    done(await give({ key: key.pem, proof }))
    expect(await shown()).toMatchObject({ approvalKey: null, keyOffered: key.keySha256 })
    expect(await action('ConfirmApprovalKey', security)).toMatchObject({ open: true })
    const confirm = (keySha256: string) => security.post(`${path}/approval-key/confirmation`, { keySha256 })
    expect(verdict(await confirm(a.key.keySha256))).toEqual([409, 'APPROVAL_KEY_DIFFERS'])
    done(await confirm(key.keySha256))
    expect(await shown()).toMatchObject({ approvalKey: key.keySha256, keyOffered: null })

    const id = await ask()
    const old: Officer = { ...officer, person: account.person, appointment, key }
    const body = await approvalBy(old, id)
    const next = await registerKey(product, { officer, security, appointment }, officerKey('rsa2048'))
    expect(verdict(await officer.post(`/recovery-requests/${id}/approvals`, body))).toEqual([
      ...[422, 'APPROVAL_SIGNATURE_INVALID'],
    ])
    done(await approve({ ...old, key: next }, id))
  })
})
