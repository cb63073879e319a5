// Disputes: what a holder brings to the support of his entity, and the ticket that follows it (CGU-119, CGU-120).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { code, id, sn, text } from './fields.ts'
import type { Aggregate } from './kernel.ts'
import { disputeChannel, disputeOutcome } from './lists.ts'

const optional = Type.Optional

const DisputeOpened = event('DisputeOpened', {
  pub: { channel: disputeChannel, serial: optional(sn), tool: code },
  sealed: { reg: { holder: id, ticket: text } },
})
const DisputeClosed = event('DisputeClosed', {
  pub: { outcome: disputeOutcome },
  sealed: { reg: { note: optional(text) } },
})

export const disputeForms = [DisputeOpened, DisputeClosed] as const
export type DisputeEvent = EventOf<(typeof disputeForms)[number]>

type Opened = Extract<DisputeEvent, { type: 'DisputeOpened' }>['data']
type Closed = Extract<DisputeEvent, { type: 'DisputeClosed' }>['data']

export type DisputeFile = Readonly<{
  status: 'open' | 'closed'
  channel: Opened['channel']
  serial: string | undefined
  tool: string
  holder: string | undefined
  ticket: string | undefined
  outcome: Closed['outcome'] | undefined
}>
export type Dispute = Readonly<{ status: 'unknown' }> | DisputeFile

const evolve = (state: Dispute, { type, data }: DisputeEvent): Dispute => {
  if (type === 'DisputeOpened')
    return {
      ...{ status: 'open', channel: data.channel, serial: data.serial, tool: data.tool },
      ...{ holder: opened(data.holder), ticket: opened(data.ticket), outcome: undefined },
    }
  if (state.status === 'unknown') throw new Error(`${type} before DisputeOpened`)
  return { ...state, status: 'closed', outcome: data.outcome }
}

export const dispute: Aggregate<Dispute, DisputeEvent> = {
  name: 'dispute',
  initial: { status: 'unknown' },
  evolve,
  ...codec(disputeForms),
  units: (id) => ({ reg: id }),
}
