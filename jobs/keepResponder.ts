// The responder that signs now, kept in memory: an OCSP answer must not cost a look into the ledger.
import { ensureResponder, type Responder } from '../commands/responder.ts'
import type { Service } from '../commands/program.ts'

export type ResponderKeeper = Readonly<{
  current: () => Promise<Responder>
  /** Renews it where the policy's days have come. */
  renew: () => Promise<void>
}>

/** @throws what kept the first certificate from being issued */
export const keepResponder = async (
  service: Service,
  tools: Parameters<typeof ensureResponder>[1],
): Promise<ResponderKeeper> => {
  let held = await ensureResponder(service, tools)
  let renewing: Promise<Responder> | undefined
  const renew = async (): Promise<Responder> => {
    renewing ??= ensureResponder(service, tools, held).finally(() => (renewing = undefined))
    held = await renewing
    return held
  }
  return {
    // One that has ended signs nothing any more, whatever the timer did.
    current: async () => (held.notAfter <= service.now() ? await renew() : held),
    renew: async () => {
      await renew()
    },
  }
}
