// P4, steps 3 and 4: an approved recovery takes the key out of escrow, into a PKCS#12 file enciphered with the passphrase
// that the recipient gave, stored under its digest until it is collected. Only the digest the event names is ever released.
import { certificate } from '../domain/certificate.ts'
import { key } from '../domain/key.ts'
import { recovery } from '../domain/recovery.ts'
import type { Deliveries, Escrow } from '../pki/custody.ts'
import { exportPkcs12 } from '../pki/pkcs12.ts'
import { derOf, sha256, type IssuingCa } from './issuing.ts'
import { recordKeyRecovery, startKeyRecovery } from './keys.ts'
import { perform, ProcessRefused, type Service } from './program.ts'
import { outputOf } from './recoveries.ts'

export type RecoveryTools = Readonly<{
  service: Service
  escrow: Escrow
  deliveries: Deliveries
  ca: IssuingCa
  root: Uint8Array
}>

/**
 * Executes an approved recovery.
 * @param passphrase enciphers the output; it is neither stored nor logged
 * @returns SHA-256 of the PKCS#12 file that waits for delivery; the first one's when it had been executed before
 * @throws ProcessRefused with RECOVERY_NOT_APPROVED, ESCROW_TERM_ENDED or KEY_BUSY; custody's faults after recording the failure
 */
export const recoverKey = async (tools: RecoveryTools, id: string, passphrase: string): Promise<string> => {
  const { service } = tools
  const file = (await service.ledger.load(recovery, id)).state
  if (file.status !== 'requested' || file.key === undefined)
    throw new ProcessRefused('StartKeyRecovery', 'OUT_OF_ORDER', 'CGU-46', file.status)
  const spki = file.key
  const held = (await service.ledger.load(key, spki)).state
  const before = outputOf(held, id)
  if (before !== undefined) return before
  const tries = 'outcomes' in held ? held.outcomes : 0
  const order = `${spki}|${id}|${tries + 1}`
  const under = { recovery: id }
  const circumstances = { correlationId: id }
  const recipient = file.recipient === undefined ? {} : { recipient: file.recipient }
  await perform(service, startKeyRecovery(service.policy), {
    key: order,
    data: { spki, regime: 'approved', ...under, ...recipient },
    circumstances,
  })
  let outputSha256: string | undefined
  try {
    outputSha256 = await output(tools, file.serial, passphrase)
    await perform(service, recordKeyRecovery, {
      key: order,
      data: { spki, under, recovered: true, outputSha256 },
      circumstances,
    })
    return outputSha256
  } catch (error) {
    // The key must not stay busy: the failure is a fact, and the next execution starts anew.
    await perform(service, recordKeyRecovery, {
      key: `${order}|failed`,
      data: {
        spki,
        under,
        recovered: false,
        stage: 'output',
        fault: error instanceof Error ? error.name : 'unknown',
      },
      circumstances,
    })
    await removeUnless(tools, outputSha256, outputOf((await service.ledger.load(key, spki)).state, id))
    throw error
  }
}

/** What no event names can never be delivered: it is not kept. */
const removeUnless = async (
  { deliveries }: Pick<RecoveryTools, 'deliveries'>,
  put: string | undefined,
  named: string | undefined,
): Promise<void> => {
  if (put !== undefined && put !== named) await deliveries.remove(put)
}

const output = async (tools: RecoveryTools, serial: string, passphrase: string): Promise<string> => {
  const { service, escrow, deliveries, ca, root } = tools
  const der = derOf((await service.ledger.load(certificate, serial)).state)
  if (der === undefined)
    throw new ProcessRefused('RecordKeyRecovery', 'PERSONAL_DATA_DESTROYED', 'CGU-116', serial)
  const pkcs8 = await escrow.release(serial)
  try {
    const random = service.randomBytes
    const bytes = await exportPkcs12({ pkcs8, certificates: [der, ca.certificate, root], passphrase, random })
    const digest = sha256(bytes)
    await deliveries.put(digest, bytes)
    return digest
  } finally {
    pkcs8.fill(0)
  }
}

/**
 * After a restart that has cut an execution off: an output may have been put down that no event names. It is looked for in
 * the whole ledger, which costs a replay; this happens only then.
 */
export const removeUnnamedOutputs = async ({
  service: { ledger },
  deliveries,
}: Pick<RecoveryTools, 'service' | 'deliveries'>): Promise<void> => {
  const unnamed = new Set(await deliveries.inventory())
  if (unnamed.size === 0) return
  for await (const { type, body } of ledger.entries())
    if (type === 'KeyRecovered') unnamed.delete(body.pub['outputSha256'] as string)
  for (const digest of unnamed) await deliveries.remove(digest)
}

/** After a restart: the passphrase of an interrupted execution is gone, so it failed, and may be asked for again. */
export const failInterruptedRecovery = async (service: Service, spki: string): Promise<void> => {
  const held = (await service.ledger.load(key, spki)).state
  if (held.status !== 'recovering' || held.under.recovery === undefined) return
  const under = { recovery: held.under.recovery }
  const order = `${spki}|${under.recovery}|${held.outcomes + 1}`
  await perform(service, recordKeyRecovery, {
    key: `${order}|failed`,
    data: { spki, under, recovered: false, stage: 'restart', fault: 'interrupted' },
    circumstances: { correlationId: under.recovery },
  })
}
