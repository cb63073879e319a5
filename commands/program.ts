// Orders that the system gives itself. Their ids are derived from what they are about, so that a restart that gives
// them again writes nothing the second time (events.md section 3, "Idempotency").
import type { Actor, Command, Decider, Event, Instant } from '../domain/kernel.ts'
import { systemCommandId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { Accepted, Circumstances, Handle } from './handle.ts'

/** What every process works with. `actor` is the program's own, with its journal of the quarter. */
export type Service = Readonly<{
  handle: Handle
  ledger: Ledger
  policy: Policy
  actor: () => Promise<Actor>
  now: () => Instant
  randomBytes: (length: number) => Uint8Array
}>

/** A program's own order was refused: the ledger does not stand where the process thought. It stops there. */
export class ProcessRefused extends Error {
  override readonly name = 'ProcessRefused'
  readonly code: string
  readonly clause: string
  constructor(command: string, code: string, clause: string, detail: string) {
    super(`${command}: ${code} (${clause}): ${detail}`)
    this.code = code
    this.clause = clause
  }
}

/**
 * Gives one order of the system's own.
 * @param key what the order is about: the same key is the same order
 * @throws ProcessRefused
 */
export const perform = async <S, C extends Command, E extends Event, F>(
  service: Service,
  decider: Decider<S, C, E, F>,
  order: Readonly<{ key: string; data: C['data']; circumstances?: Circumstances }>,
): Promise<Accepted<E>> => {
  const command = {
    type: decider.type,
    id: systemCommandId(decider.type, order.key),
    data: order.data,
    by: await service.actor(),
    at: service.now(),
  } as C
  const outcome = await service.handle(decider, command, order.circumstances)
  if ('refused' in outcome)
    throw new ProcessRefused(
      decider.type,
      outcome.refused.code,
      outcome.refused.clause,
      outcome.refused.detail,
    )
  return outcome
}

/** A fault as an event names it: by its code, or by its kind; never by its message, which may say more. */
export const faultCodeOf = (error: unknown): string => {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  const said = [code, name].find((one) => typeof one === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(one))
  return typeof said === 'string' ? said : 'unknown'
}

/** A certificate serial number: 126 random bits, positive, always sixteen octets (events.md section 6). */
export const drawSerial = (randomBytes: (length: number) => Uint8Array): string => {
  const bytes = Buffer.from(randomBytes(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}
