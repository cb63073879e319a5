// P4, steps 3 and 4: an approved recovery takes the key out of escrow, enciphered to the recipient's certificate (CMS), or
// where he has none into a PKCS#12 file under a one-time passphrase; it is stored under its digest until it is collected.
// Only the digest the event names is ever released.
import { certificate } from '../domain/certificate.ts'
import { isUnder, key } from '../domain/key.ts'
import { recovery, type RecoveryFile } from '../domain/recovery.ts'
import { addHours } from '../domain/policy/dates.ts'
import { envelop } from '../pki/cms.ts'
import type { Deliveries, Escrow } from '../pki/custody.ts'
import { fieldsOf, spkiOf } from '../pki/fields.ts'
import { drawPassphrase } from '../pki/oneTimePassphrase.ts'
import { exportPkcs12 } from '../pki/pkcs12.ts'
import { recipientFault } from '../pki/recipient.ts'
import { derOf, sha256, type IssuingCa } from './issuing.ts'
import { recordKeyRecovery, startKeyRecovery } from './keys.ts'
import { faultCodeOf, perform, ProcessRefused, type Service } from './program.ts'
import { lastOutput, outputOf } from './recoveries.ts'

export type RecoveryTools = Readonly<{
  service: Service
  escrow: Escrow
  deliveries: Deliveries
  ca: IssuingCa
  root: Uint8Array
  /** What a guess at the passphrase costs, where it is not as much as usual (pki/pkcs12.ts). */
  iterations?: number
}>

/**
 * Executes an approved recovery.
 * @param executor person number of the officer who carries it out
 * @returns SHA-256 of the output that waits for delivery; the first one's when it had been executed before
 * @throws ProcessRefused with RECOVERY_NOT_APPROVED, ESCROW_TERM_ENDED, RECIPIENT_CERTIFICATE_UNUSABLE or KEY_BUSY; custody's
 *   faults after recording the failure
 */
export const recoverKey = async (tools: RecoveryTools, id: string, executor: string): Promise<string> => {
  const { service } = tools
  const file = (await service.ledger.load(recovery, id)).state
  if (file.status !== 'requested' || file.key === undefined)
    throw new ProcessRefused('StartKeyRecovery', 'OUT_OF_ORDER', 'CGU-46', file.status)
  const spki = file.key
  // An execution that left no outcome is over: this one starts anew, on approvals that still count.
  if (isUnder((await service.ledger.load(key, spki)).state, { recovery: id }))
    await failInterruptedRecovery(service, spki)
  const held = (await service.ledger.load(key, spki)).state
  const before = outputOf(held, id)
  if (before !== undefined) return before
  const seal = await sealOf(tools, file)
  const tries = 'outcomes' in held ? held.outcomes : 0
  const order = `${spki}|${id}|${tries + 1}`
  const under = { recovery: id }
  const circumstances = { correlationId: id }
  const recipient = file.recipient === undefined ? {} : { recipient: file.recipient }
  await perform(service, startKeyRecovery(service.policy), {
    key: order,
    data: { spki, regime: 'approved', ...under, ...recipient, executor },
    circumstances,
  })
  let outputSha256: string | undefined
  try {
    outputSha256 = await output(tools, file.serial, seal)
    await perform(service, recordKeyRecovery, {
      key: order,
      data: { spki, under, recovered: true, outputSha256 },
      circumstances,
    })
    return outputSha256
  } catch (error) {
    // Recorded, and only the answer was lost: it is done.
    const recorded = outputOf((await service.ledger.load(key, spki)).state, id)
    if (recorded !== undefined) return recorded
    // The key must not stay busy: the failure is a fact, and the next execution starts anew.
    await perform(service, recordKeyRecovery, {
      key: `${order}|failed`,
      data: {
        spki,
        under,
        recovered: false,
        stage: 'output',
        fault: faultCodeOf(error),
      },
      circumstances,
    })
    await removeUnless(tools, outputSha256, outputOf((await service.ledger.load(key, spki)).state, id))
    throw error
  }
}

/**
 * The one-time passphrase of an output that waits, for whoever carried the recovery out and for nobody else: he passes it on, and
 * another one hands the file over.
 * @returns undefined where there is none to pass on: enciphered to a certificate, collected, or another one's to say
 */
export const passphraseFor = async (
  { service: { ledger }, deliveries }: Pick<RecoveryTools, 'service' | 'deliveries'>,
  id: string,
  executor: string,
): Promise<string | undefined> => {
  const file = (await ledger.load(recovery, id)).state
  if (file.status !== 'requested' || file.key === undefined || file.output !== 'pkcs12') return undefined
  const done = lastOutput((await ledger.load(key, file.key)).state, id)
  if (done?.executor !== executor || done.outputSha256 === undefined) return undefined
  return await deliveries.passphraseOf(done.outputSha256)
}

/** What no event names can never be delivered: it is not kept. */
const removeUnless = async (
  { deliveries }: Pick<RecoveryTools, 'deliveries'>,
  put: string | undefined,
  named: string | undefined,
): Promise<void> => {
  if (put !== undefined && put !== named) await deliveries.remove(put)
}

/** Enciphers a key for the one who asked for it. */
type Seal = (
  pkcs8: Uint8Array,
  certificate: Uint8Array,
) => Promise<Readonly<{ bytes: Uint8Array; passphrase?: string }>>

/** The recipient's certificate as it was recorded, if it can still serve. @throws ProcessRefused */
const recipientOf = async ({ service }: RecoveryTools, file: RecoveryFile): Promise<Uint8Array> => {
  if (file.recipientCertificate === undefined)
    throw new ProcessRefused('StartKeyRecovery', 'PERSONAL_DATA_DESTROYED', 'CGU-116', 'recipient')
  const der = Buffer.from(file.recipientCertificate, 'base64')
  const fault = recipientFault(der, service.now()) ?? (await isRevoked(service, der))
  if (fault !== undefined)
    throw new ProcessRefused('StartKeyRecovery', 'RECIPIENT_CERTIFICATE_UNUSABLE', 'CGU-46', fault)
  return der
}

/** Of this authority's own certificates it is known. */
const isRevoked = async ({ ledger }: Service, der: Uint8Array): Promise<'revoked' | undefined> => {
  const { state } = await ledger.load(certificate, fieldsOf(der).serial)
  const own = state.status === 'revoked' ? derOf(state) : undefined
  return own !== undefined && Buffer.compare(own, der) === 0 ? 'revoked' : undefined
}

const sealOf = async (tools: RecoveryTools, file: RecoveryFile): Promise<Seal> => {
  const random = tools.service.randomBytes
  if (file.output === 'cms') {
    const recipient = await recipientOf(tools, file)
    return async (content) => ({ bytes: envelop({ content, recipient, random }) })
  }
  const passphrase = drawPassphrase(random)
  const chain = [tools.ca.certificate, tools.root]
  const { iterations } = tools
  const cost = iterations === undefined ? {} : { iterations }
  return async (pkcs8, own) => ({
    bytes: await exportPkcs12({ pkcs8, certificates: [own, ...chain], passphrase, random, ...cost }),
    passphrase,
  })
}

const output = async (tools: RecoveryTools, serial: string, seal: Seal): Promise<string> => {
  const { service, escrow, deliveries } = tools
  const der = derOf((await service.ledger.load(certificate, serial)).state)
  if (der === undefined)
    throw new ProcessRefused('RecordKeyRecovery', 'PERSONAL_DATA_DESTROYED', 'CGU-116', serial)
  // Nothing but the key that was certified is delivered: the vault's own word is not taken for it.
  const pkcs8 = await escrow.release(serial, sha256(spkiOf(der)))
  try {
    const { bytes, passphrase } = await seal(pkcs8, der)
    const digest = sha256(bytes)
    await deliveries.put(digest, bytes, passphrase)
    return digest
  } finally {
    pkcs8.fill(0)
  }
}

/** CGU-46: what waits for the delivery of a recovery that has been rejected or closed is not kept. */
export const removeOutputsOf = async (
  { service: { ledger }, deliveries }: Pick<RecoveryTools, 'service' | 'deliveries'>,
  id: string,
): Promise<void> => {
  const file = (await ledger.load(recovery, id)).state
  if ((file.status !== 'rejected' && file.status !== 'closed') || file.key === undefined) return
  const held = (await ledger.load(key, file.key)).state
  if (!('recovered' in held)) return
  for (const { recovery: of, outputSha256 } of held.recovered)
    if (of === id && outputSha256 !== undefined) await deliveries.remove(outputSha256)
}

/** A delivery whose answer was lost is given again for so long. */
const deliveredHours = 24

/** Outputs of these recoveries; undefined while one is being executed: what it has put down no event names yet. */
const outputsOf = async (
  { ledger }: Service,
  recoveries: readonly string[],
): Promise<ReadonlySet<string | undefined> | undefined> => {
  const outputs = new Set<string | undefined>()
  for (const id of recoveries) {
    const file = (await ledger.load(recovery, id)).state
    if (file.status === 'unknown' || file.key === undefined) continue
    const held = (await ledger.load(key, file.key)).state
    if (isUnder(held, { recovery: id })) return undefined
    if (!('recovered' in held)) continue
    for (const { recovery: of, outputSha256 } of held.recovered) if (of === id) outputs.add(outputSha256)
  }
  return outputs
}

export type SweepTools = Pick<RecoveryTools, 'service' | 'deliveries'> &
  Readonly<{
    /** Recoveries that are asked for, or were delivered since: of a read model that has seen all that was before the question. */
    collectable: (since: string) => Promise<readonly string[]>
  }>

/**
 * Takes what nobody will collect: an execution that was cut off may have put down an output that no event names, an ended recovery's may
 * have outlived it, and a removal may have failed. While a key is being taken out of escrow nothing is taken: the next time will do.
 * @param waiting outputs that waited before the read model was asked: of what was put down later it knows nothing
 */
export const sweepOutputs = async (
  { service, deliveries, collectable }: SweepTools,
  waiting: readonly string[],
): Promise<void> => {
  if (waiting.length === 0) return
  const kept = await outputsOf(service, await collectable(addHours(service.now(), -deliveredHours)))
  if (kept === undefined) return
  for (const digest of waiting) if (!kept.has(digest)) await deliveries.remove(digest)
}

/** The recovery that holds a key, as its execution has begun. */
export const recoveryOf = async ({ ledger }: Service, spki: string): Promise<string | undefined> => {
  const held = (await ledger.load(key, spki)).state
  return held.status === 'recovering' ? held.under.recovery : undefined
}

/** What an interrupted execution has put down no event names, so it failed, and may be asked for again. */
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
