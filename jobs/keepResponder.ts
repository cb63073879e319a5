// The responder that signs now, kept in memory: an OCSP answer must not cost a look into the ledger.
import { ensureResponder, type Responder } from '../commands/responder.ts'
import { ProcessRefused, type Service } from '../commands/program.ts'

export type ResponderKeeper = Readonly<{
  /** @throws ProcessRefused ISSUANCE_STOPPED once the authority has ended: nobody signs an answer any more */
  current: () => Promise<Responder>
  /** Renews it where the policy's days have come. */
  renew: () => Promise<void>
}>

/** An authority that has ended certifies no responder: that keeps nobody from starting, nor is it a fault every hour. */
const unlessStopped = async <T>(renewal: Promise<T>): Promise<T | undefined> =>
  renewal.catch((error: unknown) => {
    if (error instanceof ProcessRefused && error.code === 'ISSUANCE_STOPPED') return undefined
    throw error
  })

/** @throws what kept the first certificate from being issued */
export const keepResponder = async (
  service: Service,
  tools: Parameters<typeof ensureResponder>[1],
): Promise<ResponderKeeper> => {
  let held = await unlessStopped(ensureResponder(service, tools))
  let renewing: Promise<Responder> | undefined
  const renew = async (): Promise<Responder> => {
    renewing ??= ensureResponder(service, tools, held).finally(() => (renewing = undefined))
    const renewed = await renewing
    held = renewed
    return renewed
  }
  return {
    // One that has ended signs nothing any more, whatever the timer did.
    current: async () => (held === undefined || held.notAfter <= service.now() ? await renew() : held),
    renew: async () => {
      await unlessStopped(renew())
    },
  }
}
