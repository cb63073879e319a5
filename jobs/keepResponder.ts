// The responder that signs now, kept in memory: an OCSP answer must not cost a look into the ledger. What it answers is recorded by the
// hour, and once more at the stop.
import { ensureResponder, type Responder } from '../commands/responder.ts'
import { openOcspActivity, type OcspActivity } from '../commands/ocspActivity.ts'
import { ProcessRefused, type Service } from '../commands/program.ts'
import type { Job, OnFault } from './port.ts'

export type ResponderKeeper = Readonly<{
  answering: Readonly<{
    /** @throws ProcessRefused ISSUANCE_STOPPED once the authority has ended: nobody signs an answer any more */
    responder: () => Promise<Responder>
    activity: OcspActivity
  }>
  /** Renews it where the policy's days have come. */
  renewal: Job
  /** Records what was answered. */
  recording: Job
  /** Records what was answered since; who serves has stopped. */
  stop: (onFault: OnFault) => Promise<void>
}>

/** An authority that has ended certifies no responder: that keeps nobody from starting, nor is it a fault every hour. */
export const unlessStopped = async <T>(renewal: Promise<T>): Promise<T | undefined> =>
  renewal.catch((error: unknown) => {
    if (error instanceof ProcessRefused && error.code === 'ISSUANCE_STOPPED') return undefined
    throw error
  })

const everySeconds = 3600
const recording = 'recordOcspActivity'

/** @throws what kept the first certificate from being issued */
export const keepResponder = async (
  service: Service,
  tools: Parameters<typeof ensureResponder>[1],
): Promise<ResponderKeeper> => {
  let held = await unlessStopped(ensureResponder(service, tools))
  let renewing: Promise<Responder> | undefined
  const activity = openOcspActivity(service.now)
  const record = (): Promise<void> => activity.record(service, tools.ca.id)
  const renew = async (): Promise<Responder> => {
    renewing ??= ensureResponder(service, tools, held).finally(() => (renewing = undefined))
    const renewed = await renewing
    held = renewed
    return renewed
  }
  return {
    // One that has ended signs nothing any more, whatever the timer did.
    answering: {
      responder: async () => (held === undefined || held.notAfter <= service.now() ? await renew() : held),
      activity,
    },
    renewal: {
      name: 'renewResponder',
      everySeconds,
      run: () => unlessStopped(renew()).then(() => undefined),
    },
    recording: { name: recording, everySeconds, run: record },
    stop: (onFault) => record().catch((error: unknown) => onFault(recording, error as Error)),
  }
}
