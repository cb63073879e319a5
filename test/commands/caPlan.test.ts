// ADR 5, RGS A2 V.4: a certificate of an authority is planned before it is signed. Cut off at any step, the ceremony signs what it had
// planned, and the ledger knows of every signature that the signer has counted.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { reconciledKeys } from '../../cli/reconcile.ts'
import { CeremonyRequired, ceremonyKey, holdCeremony } from '../../commands/ceremony.ts'
import { createHandle } from '../../commands/handle.ts'
import type { Service } from '../../commands/program.ts'
import { isReconciled } from '../../commands/reconcileSignatures.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { openKeys, removeDirectory, temporaryDirectory } from '../hsm/custody.ts'
import type { RecordedEvent } from '../../ledger/store.ts'
import { log, memoryKeys, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'
import { actor } from '../support/given.ts'
import * as f from './facts.ts'

const policy = {
  ...f.policy,
  root: { ...f.policy.root, algorithm: 'ecP384' as const },
  issuing: { ...f.policy.issuing, algorithm: 'ecP384' as const },
}

let scratch: string
beforeAll(async () => {
  scratch = await temporaryDirectory()
})
afterAll(() => removeDirectory(scratch))

it('RGS A2 V.4: cut off before any of its events, the ceremony goes on with what it planned, and no signature is unknown', async () => {
  for (let cutAt = 1, isCut = true; isCut; cutAt += 1) {
    const keys = await openKeys(`${scratch}/${cutAt}`)
    const store = openListStore([])
    const dataKeys = memoryKeys()
    let left = cutAt
    let now = '2026-03-02T09:00:00Z'
    const append: typeof store.append = async (...asked) => {
      left -= 1
      if (left === 0) throw new Error('the power went')
      return store.append(...asked)
    }
    const ledger = createLedger({
      ...{ store: { ...store, append }, keys: dataKeys, log, randomBytes },
      now: () => new Date(now),
    })
    const handle = createHandle({ ledger, policy: policy.version, release: 'test' })
    const service: Service = {
      ...{ handle, ledger, policy, randomBytes, now: () => now },
      actor: async () => f.program,
    }
    const hold = () => holdCeremony(service, keys, () => undefined)
    isCut = await hold().then(
      () => false,
      () => true,
    )
    now = '2026-03-02T10:00:00Z'
    const chain = await hold()
    const planned: string[] = []
    const installed: string[] = []
    for await (const { type, body } of ledger.entries()) {
      if (type === 'CaCertificatePlanned') planned.push(body.pub['tbs'] as string)
      if (type === 'CaCertificateInstalled') installed.push(body.pub['der'] as string)
    }
    // What was planned, and nothing else, is in the certificates: the same serial, the same dates.
    expect([planned.length, installed.length]).toEqual([2, 2])
    for (const [index, der] of installed.entries())
      expect(Buffer.from(der, 'base64').includes(Buffer.from(planned[index]!, 'base64'))).toBe(true)
    expect(Buffer.from(chain.ca.certificate).toString('base64')).toBe(installed[1])
    const compared = await reconciledKeys(ledger, ledger.entries(), keys.signatures)
    expect([cutAt, isReconciled(compared)]).toEqual([cutAt, true])
    expect(compared.find(({ purpose }) => purpose === 'root')).toMatchObject({ least: 2, verdict: 'agrees' })
    await keys.close()
  }
})

it('CGU-06: in production no key or certificate of an authority is made by anybody alone, nor what two began finished by one', async () => {
  const inProduction = { ...policy, environment: 'production' as const }
  const second = { person: uuid(72), roles: ['securityOfficer' as const] }
  const held = { script: 'what is done', present: 'two officers and two witnesses', second }
  for (let cutAt = 1, isCut = true; isCut; cutAt += 1) {
    const keys = await openKeys(`${scratch}/two-${cutAt}`)
    const records: RecordedEvent[] = []
    const store = openListStore(records)
    let left = cutAt
    const append: typeof store.append = async (...asked) => {
      left -= 1
      if (left === 0) throw new Error('the power went')
      return store.append(...asked)
    }
    const now = '2026-03-02T09:00:00Z'
    const ledger = createLedger({
      ...{ store: { ...store, append }, keys: memoryKeys(), log, randomBytes },
      now: () => new Date(now),
    })
    const handle = createHandle({ ledger, policy: policy.version, release: 'test' })
    const as = (by: typeof f.program): Service => ({
      ...{ handle, ledger, policy: inProduction, randomBytes, now: () => now },
      actor: async () => by,
    })
    const officer = as(actor('caOfficer', 71))
    const together = () => holdCeremony(officer, keys, () => undefined, held)
    const alone = () => holdCeremony(as(f.program), keys, () => undefined)
    await expect(alone()).rejects.toThrow(CeremonyRequired)
    expect(records).toEqual([])
    isCut = await together().then(
      () => false,
      () => true,
    )
    left = Infinity
    const stood = records.length
    if (isCut) {
      // The conditions of use, which are adopted last, are no key.
      const isOver = records.filter(({ type }) => type === 'CaCertificateInstalled').length === 2
      if (!isOver) {
        await expect(alone()).rejects.toThrow(CeremonyRequired)
        expect([cutAt, records.length]).toEqual([cutAt, stood])
      }
      await together()
    }
    const whole = records.length
    await alone()
    expect([cutAt, records.length]).toEqual([cutAt, whole])
    // The responder’s first key is of the ceremony; the next ones follow by themselves, before the end of a certificate.
    const ofResponder = (generation: number) =>
      ceremonyKey(as(f.program), keys, { purpose: 'ocsp', algorithm: 'ecP384', generation })
    await expect(ofResponder(1)).rejects.toThrow(CeremonyRequired)
    await ofResponder(2)
    await keys.close()
  }
})
