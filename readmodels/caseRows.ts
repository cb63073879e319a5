// Rows of what people look after: files, cards, appointments, notices, controls, terms (readmodels/schema.ts joins the tables).
import type { EndCause, Role } from '../domain/lists.ts'
import type { Delivery, NoticeKind } from '../domain/notice.ts'

/** A request as the RA's queue has it, from public fields alone. `rank`: of its first event. */
export type RequestRow = Readonly<{
  rank: number
  request: string
  person: string
  status: 'open' | 'validated' | 'inSession' | 'fulfilled' | 'rejected' | 'closed'
  kind: 'initial' | 'replacement' | 'renewal'
  path: 'direct' | 'mandate'
  ra: string
  holder_kind: 'agent' | 'newcomer' | 'contractor'
  card_kind: 'agent' | 'temporary'
  requested_at: string
  /** It was sent back, and what was missing has not come. */
  returned: boolean
  lapses_on: string | null
  ended_at: string | null
}>

/** A session at the desk that is still open; `rank`: of its opening. */
export type LiveSessionRow = Readonly<{
  request: string
  session: number
  desk: string | null
  card: string
  serial: string
  rank: number
  at: string
}>

/** A card as it stands. `chip`: keyed digest of its number, where that can be opened; `rank`: of its first event. */
export type CardRow = Readonly<{
  id: string
  status:
    | 'inStock'
    | 'discarded'
    | 'allotted'
    | 'written'
    | 'spoiled'
    | 'released'
    | 'inUse'
    | 'blocked'
    | 'faulty'
    | 'lost'
    | 'unblocking'
    | 'scrapped'
  model: string
  kind: 'agent' | 'temporary'
  ra: string | null
  stocked: boolean
  request: string | null
  person: string | null
  serials: readonly string[]
  incident: 'blocked' | 'faulty' | 'lost' | 'stolen' | null
  scrap_cause: string | null
  chip: string | null
  stocked_at: string | null
  allotted_at: string | null
  written_at: string | null
  reported_at: string | null
  scrapped_at: string | null
  /** The allotment before this one, of a card in use that a session writes anew. */
  before_allotment: string | null
  rank: number
}>

/** A request that follows a certificate. `rank`: of its first event; `alone`: without the RA (CGU-58). */
export type RenewalRow = Readonly<{
  request: string
  previous: string
  rank: number
  status: 'open' | 'validated' | 'fulfilled' | 'rejected' | 'closed'
  alone: boolean
}>

/**
 * One appointment (events.md section 5). `person_term`: keyed digest of the person number, which is sealed; null where it can no
 * longer be opened. Ranks: of the proposal and of the acceptance.
 */
export type AppointmentRow = Readonly<{
  appointment: string
  rank: number
  role: Role
  entity: string | null
  ra: string | null
  person_term: string | null
  status: 'proposed' | 'checked' | 'inForce' | 'ended'
  from_on: string
  until_on: string
  accepted_rank: number | null
  end_cause: EndCause | null
  effective_on: string | null
}>

/** One mailing. */
export type NoticeRow = Readonly<{
  notice: string
  kind: NoticeKind
  milestone: string
  status: 'planned' | 'sent' | 'waived'
  effective_at: string | null
  planned_at: string
  planned_rank: number
  sent_at: string | null
  sent_rank: number | null
}>

/** One recipient of a notice, at his place in its list. `rank`: of the event that his delivery comes from. */
export type NoticeRecipientRow = Readonly<{
  notice: string
  place: number
  kind: NoticeKind
  milestone: string
  stream: string
  role: string
  delivery: Delivery
  planned_rank: number
  rank: number
  /** How often the mail server has put it off, when it was last asked, and what it said last (RFC 3463). */
  attempts: number
  attempted_at: string | null
  fault: string | null
}>

/** A request as far as notices look at it. `ended`: rejected or closed. */
export type NoticeRequestRow = Readonly<{
  request: string
  card_kind: string
  previous: string | null
  ended: boolean
}>

/** A certification agent's mandate, or an entity: whom a notice may go to beside the holder. */
export type NoticePartyRow = Readonly<{
  stream: string
  role: string
  entity: string | null
  in_force: boolean
  from_on: string | null
  until_on: string | null
  rank: number
}>

/** A recovery on request, and when it was delivered. */
export type NoticeRecoveryRow = Readonly<{ recovery: string; serial: string; delivered_rank: number | null }>

/** What is known of a holder and one version of the conditions of use: accepted, told, deemed to have accepted (CGU-20). */
export type CguAcceptanceRow = Readonly<{
  request: string
  version: string
  person: string
  means: string | null
  accepted_at: string | null
  accepted_rank: number | null
  notice: string | null
  notified_at: string | null
  notified_rank: number | null
  deemed_at: string | null
  deemed_rank: number | null
  deemed_stream: string | null
  deemed_type: string | null
}>

/** Whose a request, a card or a certificate is. */
export type CguStreamRow = Readonly<{ stream: string; person: string }>

/** One request for revocation. `requested_rank`: of the event that recorded it. */
export type RevocationRow = Readonly<{
  revocation: string
  serial: string
  channel: string
  requester_role: string
  state: 'open' | 'revoked' | 'rejected'
  first_received_at: string
  requested_at: string
  requested_rank: number
  decided_at: string | null
  revoked_at: string | null
  revoked_rank: number | null
}>

/** One request for recovery. `approval_ends`: when each approval ends. */
export type RecoveryRow = Readonly<{
  recovery: string
  serial: string
  status: 'requested' | 'rejected' | 'closed' | 'delivered'
  output: string
  requested_at: string
  requested_rank: number
  approval_ends: readonly string[]
  decided_at: string | null
}>

/** A part of the service (CGU-124, CGU-125). `rank`: of its first event. */
export type ComponentRow = Readonly<{
  component: string
  rank: number
  kind: string
  ra: string | null
  status: 'declared' | 'inService' | 'retired'
  declared_at: string
  /** When it was first put into service, and the control on which it is now. */
  commissioned_at: string | null
  commissioned_control: string | null
  /** Its declaration or its last significant change. */
  changed_at: string
}>

/** A control of a component (CGU-122, CGU-123). `rank`: of its order. */
export type ControlRow = Readonly<{
  control: string
  component: string
  rank: number
  scope: string
  ordered_by: string
  ordered_at: string
  due_on: string
  verdict: 'passed' | 'failed' | 'toConfirm' | null
  completed_on: string | null
  finding_count: number | null
  confirm_by: string | null
  report_sha256: string | null
}>

/** A dispute, without whose it is (CGU-119). `rank`: of its first event. */
export type DisputeRow = Readonly<{
  dispute: string
  rank: number
  status: 'open' | 'closed'
  channel: string
  serial: string | null
  tool: string
  opened_at: string
  outcome: string | null
  closed_at: string | null
}>

/** A retention unit: what its term is counted from. `starts_at` is null while nothing has set it, `floor_at` an escrow's end. */
export type RetentionUnitRow = Readonly<{
  unit: string
  class: 'reg' | 'escrow' | 'recovery' | 'journal'
  /** The aggregate whose file it is. */
  kind: string
  rank: number
  began_at: string
  starts_at: string | null
  floor_at: string | null
  /** Of an escrow: the end of validity of its certificate, once that is planned. */
  not_after: string | null
  /** Of an escrow: the request whose file names its holder. */
  request: string | null
  /** The unit that this one relies on. */
  relies_on: string | null
  /** The destruction that it is proposed in. */
  run: string | null
  destroyed_at: string | null
}>

/** A unit that a hold keeps from being destroyed. */
export type RetentionHoldRow = Readonly<{ hold: string; unit: string }>
