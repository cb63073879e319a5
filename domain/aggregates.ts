// Every aggregate of the ledger, by the name that its streams begin with: for readers that take any event.
import { appointment } from './appointment.ts'
import { authority } from './authority.ts'
import { card } from './card.ts'
import { certificate } from './certificate.ts'
import { crl } from './crl.ts'
import { document } from './document.ts'
import { entity } from './entity.ts'
import { journal } from './journal.ts'
import { key } from './key.ts'
import { recovery } from './recovery.ts'
import { request } from './request.ts'
import { serviceKey } from './serviceKey.ts'
import type { Event, Stored } from './kernel.ts'

const aggregates = [
  appointment,
  authority,
  card,
  certificate,
  crl,
  document,
  entity,
  journal,
  key,
  recovery,
  request,
  serviceKey,
]

const decoders = new Map<string, (stored: Stored) => Event>(
  aggregates.map(({ name, decode }) => [name, decode]),
)

/**
 * Decodes an event of any aggregate.
 * @throws Error on a stream, type or body that no aggregate knows
 */
export const decodeAny = (stream: string, stored: Stored): Event => {
  const name = stream.slice(0, stream.indexOf('-'))
  const decode = decoders.get(name)
  if (decode === undefined) throw new Error(`no aggregate has streams named ${name}-…`)
  return decode(stored)
}
