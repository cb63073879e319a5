// E-mail addresses of recipients: opened from where they are sealed, only when a message is written, and kept nowhere.
import { opened } from '../domain/event.ts'
import type { Json, Destroyed } from '../domain/kernel.ts'
import { request } from '../domain/request.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** One ASCII mailbox: what a header can carry without a second reading. */
const mailbox = /^[!#-'*+\-./0-9=?A-Z^-~]+@[A-Za-z0-9.-]+$/

const field = {
  appointment: ['AppointmentProposed', 'email'],
  entity: ['EntityVerified', 'contact'],
} as const

/** The newest value of a sealed field of a stream. */
const sealedIn = async (ledger: Ledger, stream: string, [type, name]: readonly [string, string]) => {
  let found: Json | Destroyed | undefined
  for await (const entry of ledger.stream(stream))
    if (entry.type === type) found = (await ledger.open(entry)).sealed[name]
  const value = opened(found)
  return typeof value === 'string' ? value : undefined
}

/** The address of a request's holder, a mandate's agent or an entity; undefined where there is none, or none any more. */
export const addressOf = async (ledger: Ledger, stream: string): Promise<string | undefined> => {
  const [kind, id] = [stream.slice(0, stream.indexOf('-')), stream.slice(stream.indexOf('-') + 1)]
  let address: string | undefined
  if (kind === 'request') {
    const file = (await ledger.load(request, id)).state
    address = file.status === 'unknown' ? undefined : file.identity?.email
  }
  if (kind === 'appointment' || kind === 'entity') address = await sealedIn(ledger, stream, field[kind])
  return address !== undefined && address.length <= 254 && mailbox.test(address) ? address : undefined
}
