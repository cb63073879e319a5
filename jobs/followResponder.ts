// The responder that signs now, for a process that makes none: the newest that another process has had certified.
import { newestResponder, type Responder } from '../commands/responder.ts'
import type { Service } from '../commands/program.ts'

type Parts = Readonly<{
  service: Pick<Service, 'ledger' | 'policy' | 'now'>
  keys: Parameters<typeof newestResponder>[1]
}>

/** How often a newer one is looked for, in milliseconds: it is there for days before the one before it ends. */
const lookMs = 60_000

/** There is no responder, or it has ended and nobody has made the next one. */
export class NoResponder extends Error {
  override readonly name = 'NoResponder'
}

/** @returns the responder that signs now. @throws NoResponder; faults of the ledger and of custody while none is known */
export const followResponder = ({ service, keys }: Parts): (() => Promise<Responder>) => {
  let held: Responder | undefined
  let looking: Promise<void> | undefined
  let lookedAt = -Infinity
  const look = (): Promise<void> => {
    looking ??= newestResponder(service, keys, held)
      .then((found) => {
        held = found
        lookedAt = performance.now()
      })
      .finally(() => (looking = undefined))
    return looking
  }
  const hasEnded = (): boolean => held === undefined || held.notAfter <= service.now()
  return async () => {
    if (hasEnded()) await look()
    // Beside the answers: what is held serves until it ends.
    else if (performance.now() - lookedAt > lookMs) void look().catch(() => undefined)
    if (held === undefined || hasEnded()) throw new NoResponder('no OCSP responder is certified now')
    return held
  }
}
