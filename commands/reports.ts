// Reports of acts on keys, signed with the log key (EN 319 411-1 GEN-6.5.1-13A). What is going to be signed is in the ledger before it
// is signed, and that it was after: so every signature of that key is accounted for.
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { alone, keyHolders, type Second } from '../domain/policy/dualControl.ts'
import { serviceKey, type ServiceKey, type ServiceKeyEvent } from '../domain/serviceKey.ts'
import type { Signer } from '../pki/signer.ts'
import { sha256 } from './issuing.ts'
import { perform, type Service } from './program.ts'

type Reported = Extract<ServiceKeyEvent, { type: 'ReportPlanned' }>['data'] & {
  servicekey: string
  second?: Second
}
export type PlanReport = Command<'PlanReport', Reported>
export type RecordReport = Command<'RecordReport', Reported>

const onLogKey = {
  who: keyHolders,
  aggregate: serviceKey,
  stream: ({ data }: { data: Reported }) => data.servicekey,
}

const live = (state: ServiceKey) => (state.status === 'live' && state.purpose === 'log' ? state : undefined)

/** Whether the key's newest report has these documents; two signatures of one document are no report more. */
const isNewest = (state: Extract<ServiceKey, { copies: readonly string[] }>, documents: readonly string[]) =>
  state.report?.documents.join(' ') === documents.join(' ')

export const planReport: Decider<ServiceKey, PlanReport, ServiceKeyEvent> = {
  ...onLogKey,
  type: 'PlanReport',
  decide: ({ data: { servicekey: _, second, ...data }, by }, state) => {
    const single = alone(by, second)
    if (single) return single
    const key = live(state)
    if (key === undefined) return refuse('CGU-06', 'OUT_OF_ORDER', state.status)
    return isNewest(key, data.documents) ? accept() : accept({ type: 'ReportPlanned', data })
  },
}

export const recordReport: Decider<ServiceKey, RecordReport, ServiceKeyEvent> = {
  ...onLogKey,
  type: 'RecordReport',
  decide: ({ data: { servicekey: _, second, ...data }, by }, state) => {
    const single = alone(by, second)
    if (single) return single
    const key = live(state)
    if (key === undefined || !isNewest(key, data.documents))
      return refuse('CGU-06', 'OUT_OF_ORDER', state.status)
    return key.report?.signed === true ? accept() : accept({ type: 'ReportSigned', data })
  },
}

type Documents = Readonly<Record<string, string>>

/**
 * Signs each document of a report.
 * @param report what it is of, as `ceremony`
 * @returns the signatures, by the names of their documents with `.sig` behind them
 * @throws ProcessRefused; KeyFault, LedgerFault: what was planned and not signed is told by the ledger
 */
export const signReport = async (
  service: Service,
  { id, signer }: Readonly<{ id: string; signer: Signer }>,
  { report, documents, second }: Readonly<{ report: string; documents: Documents; second: Second }>,
): Promise<Readonly<Record<string, Uint8Array>>> => {
  const digests = Object.values(documents).map(sha256)
  const order = {
    key: `${id}|${digests.join('|')}`,
    data: { servicekey: id, report, documents: digests, second },
    circumstances: { correlationId: id },
  }
  await perform(service, planReport, order)
  const signatures: Record<string, Uint8Array> = {}
  for (const [name, text] of Object.entries(documents))
    signatures[`${name}.sig`] = await signer.sign(Buffer.from(text))
  await perform(service, recordReport, order)
  return signatures
}
