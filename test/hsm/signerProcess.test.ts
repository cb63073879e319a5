// An installation whose custody is a signer process, which is killed in the middle of what it does: with the act done, and nobody told.
import { fork, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { reconciledKeys } from '../../cli/reconcile.ts'
import { isReconciled } from '../../commands/reconcileSignatures.ts'
import { card } from '../../domain/card.ts'
import type { Custody } from '../../hsm/custody.ts'
import { openSignerCustody } from '../../hsm/signer/client.ts'
import { SignerLost } from '../../hsm/signer/faults.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { desk, done, inUse, validated, verdict } from '../support/life.ts'
import { approved } from '../support/recoveredLife.ts'
import { removeDirectory, temporaryDirectory } from './custody.ts'
import type { ToSigner } from './signerForever.ts'

// The machine may be busy: nothing here is about how long it takes.
vi.setConfig({ testTimeout: 240_000 })
const unavailable = [503, 'CUSTODY_UNAVAILABLE'] as const
const patience = { timeout: 60_000, interval: 50 }

let directory: string
let socket: string
let signer: ChildProcess
let product: Embedded
/** Another process of the installation would have one of its own as well. */
let worker: Custody

const start = async (): Promise<void> => {
  signer = fork(join(import.meta.dirname, 'signerForever.ts'), [directory, socket], {
    execArgv: ['--import', 'tsx'],
  })
  const early = once(signer, 'exit').then(() => ['ended'])
  expect(await Promise.race([once(signer, 'message'), early])).toContain('serving')
}
const end = async (): Promise<void> => {
  const ended = once(signer, 'exit')
  signer.kill('SIGKILL')
  await ended
}
const ready = async (): Promise<readonly [number, Record<string, unknown>]> => {
  const answer = await product.app.inject('/readyz')
  const { checks } = answer.json<{ checks: Record<string, unknown> }>()
  return [answer.statusCode, checks]
}

/** Does `act`, during which the signer dies once it has done `what`, and which then comes to `code`; starts it again. */
const killedAfter = async (
  what: string,
  act: () => Promise<LightMyRequestResponse>,
  code: readonly [number, string],
): Promise<void> => {
  const order: ToSigner = { dieAfter: what }
  const ended = once(signer, 'exit')
  signer.send(order)
  await once(signer, 'message')
  expect(verdict(await act()), what).toEqual(code)
  await ended
  const [status, checks] = await ready()
  expect(status).toBe(503)
  expect(checks).toMatchObject({ custody: 'out of reach', keys: expect.stringContaining('signer') as string })
  await start()
  await vi.waitFor(async () => expect(await worker.keysHealth()).toBe(true), patience)
  // What was lost is asked again later, and not at the same instant; the read models have caught up by then.
  await product.pass(60)
  await vi.waitFor(async () => expect((await product.services.health())['keys']).toBe(true), patience)
}

beforeAll(async () => {
  directory = await temporaryDirectory()
  socket = join(directory, 'signer', 'custody.sock')
  await start()
  product = await openEmbedded({}, { SIGNER_SOCKET: socket })
  worker = await openSignerCustody({ socket, environment: 'test' })
})
afterAll(async () => {
  await worker.close()
  await product.close()
  await end()
  await removeDirectory(directory)
})

it('CGU-38, CGU-34: killed after any act of an issuance, it is asked again and goes on: one key, one certificate, one card', async () => {
  const life = await validated(product)
  done(await life.ra.post(`/requests/${life.request}/sessions`, desk))
  const key = randomUUID()
  const issue = () => life.ra.post(`/requests/${life.request}/sessions/current/issuance`, undefined, { key })
  const again = () => life.ra.post(`/requests/${life.request}/sessions/current/issuance`)
  await killedAfter('escrow.keep', issue, unavailable)
  await killedAfter('keys.sign', issue, unavailable)
  await killedAfter('cards.write', issue, [409, 'CARD_UNREACHABLE'])
  const { serial, card: id } = done(await again())
  expect((await product.ledger.load(card, id)).state).toMatchObject({ status: 'written' })
  expect(await worker.cards.read(id)).toEqual([serial])
  const kept = (await worker.vault.escrow.inventory()).filter((one) => one.kept)
  expect(kept.map((one) => one.serial)).toEqual([serial])
  const types: string[] = []
  for await (const { type } of product.ledger.entries()) types.push(type)
  const counted = (type: string): number => types.filter((one) => one === type).length
  expect(['KeyEscrowed', 'CardWritten', 'CardWriteFailed'].map(counted)).toEqual([1, 1, 0])
})

it('CGU-46: killed with the key out of the escrow, a recovery has failed, and is executed anew', async () => {
  const life = await inUse(product)
  const { id, officer } = await approved(product, life)
  const execute = () => officer.post(`/recovery-requests/${id}/execution`)
  await killedAfter('escrow.release', execute, unavailable)
  done(await execute())
  expect(await worker.vault.deliveries.inventory()).toHaveLength(1)
})

it('RGS A2 V.4: every signature that the signer has counted is accounted for, however often it was killed', async () => {
  const { ledger } = product
  const keys = await reconciledKeys(ledger, ledger.entries(), worker.keys.signatures)
  expect(keys.filter(({ difference }) => difference !== 0)).toEqual([])
  expect(isReconciled(keys)).toBe(true)
})

it('a signer that hangs is left alone: what waits for it fails, and it is found again when it goes on', async () => {
  const quick = await openSignerCustody({ socket, environment: 'test', watchMs: 100 })
  // Kept, but not used without having heard from the signer (its lease is a millisecond here).
  await quick.vault.dataKeys.obtain('reg_kept')
  signer.kill('SIGSTOP')
  await expect(quick.vault.dataKeys.find('reg_kept')).rejects.toThrow(SignerLost)
  signer.kill('SIGCONT')
  await vi.waitFor(async () => expect(await quick.vault.escrow.keyOf('4f')).toBeUndefined(), patience)
  await quick.close()
})
