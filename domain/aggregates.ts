// Every aggregate of the ledger, by the name that its streams begin with: for readers that take any event.
import { appointment } from './appointment.ts'
import { authority } from './authority.ts'
import { card } from './card.ts'
import { certificate } from './certificate.ts'
import { component } from './component.ts'
import { crl } from './crl.ts'
import { destruction } from './destruction.ts'
import { disclosure } from './disclosure.ts'
import { dispute } from './dispute.ts'
import { document } from './document.ts'
import { entity } from './entity.ts'
import { hold } from './hold.ts'
import { journal } from './journal.ts'
import { key } from './key.ts'
import { notice } from './notice.ts'
import { ocsp } from './ocsp.ts'
import { recovery } from './recovery.ts'
import { request } from './request.ts'
import { serviceKey } from './serviceKey.ts'
import { subject } from './subject.ts'
import type { Event, Stored } from './kernel.ts'

const aggregates = [
  appointment,
  authority,
  card,
  certificate,
  component,
  crl,
  destruction,
  disclosure,
  dispute,
  document,
  entity,
  hold,
  journal,
  key,
  notice,
  ocsp,
  recovery,
  request,
  serviceKey,
  subject,
]

/** Its events come from its own `decode` alone, so what its `evolve` takes needs no name here. */
type AnyAggregate = Readonly<{
  name: string
  initial: unknown
  decode: (stored: Stored) => Event
  evolve: (state: unknown, event: Event) => unknown
}>

const byName = new Map(
  aggregates.map((aggregate) => [aggregate.name, aggregate as unknown as AnyAggregate] as const),
)

/** The aggregate that a stream belongs to. @throws Error on a stream that none has */
export const aggregateOf = (stream: string): AnyAggregate => {
  const name = stream.slice(0, stream.indexOf('-'))
  const aggregate = byName.get(name)
  if (aggregate === undefined) throw new Error(`no aggregate has streams named ${name}-…`)
  return aggregate
}

/**
 * Decodes an event of any aggregate.
 * @throws Error on a stream, type or body that no aggregate knows
 */
export const decodeAny = (stream: string, stored: Stored): Event => aggregateOf(stream).decode(stored)
