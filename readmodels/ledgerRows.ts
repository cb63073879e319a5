// Rows of what the ledger says of certificates, lists and entries (readmodels/schema.ts joins the tables).

/** What a certificate has become (events.md section 5, `status`); nothing in it is sealed in the ledger. */
export type StatusRow = Readonly<{
  issuer: string
  serial: string
  profile: 'encryption' | 'ocspResponder'
  status: 'planned' | 'issued' | 'accepted' | 'refused' | 'revoked' | 'abandoned'
  request: string | null
  person: string | null
  spki_sha256: string
  cert_sha256: string | null
  not_before: string
  not_after: string
  planned_at: string
  planned_rank: number
  issued_at: string | null
  issued_rank: number | null
  accepted_at: string | null
  accepted_rank: number | null
  refused_at: string | null
  refused_rank: number | null
  abandoned_at: string | null
  abandoned_rank: number | null
  /** Set on abandonment: the signature may exist, so the serial is published as revoked. */
  maybe_signed: boolean | null
  revoked_at: string | null
  revoked_rank: number | null
}>

/** View: every serial that a CRL of the issuer lists, from the event at `rank` on. */
export type CrlEntryRow = Readonly<{ issuer: string; serial: string; revoked_at: string; rank: number }>

/** View: every serial that the responder may speak about. A serial that is only planned is not among them. */
export type OcspAnswerRow = Readonly<{
  issuer: string
  serial: string
  status: 'good' | 'revoked'
  revoked_at: string | null
}>

/** One CRL number: its plan, and the outcome of the last try. */
export type CrlRow = Readonly<{
  issuer: string
  number: number
  status: 'planned' | 'issued' | 'rejected'
  this_update: string
  next_update: string
  up_to: number
  entries: number
  previous_sha256: string | null
  last: boolean
  profile_version: number
  planned_rank: number
  tbs_sha256: string | null
  signature_algorithm: string | null
  signature: string | null
  sha256: string | null
  bytes: number | null
  status_table_sha256: string | null
  issued_at: string | null
  issued_rank: number | null
}>

/** One ledger entry, without its content. `concerns` holds `<kind>:<id>` for each thing that its public part names. */
export type HistoryRow = Readonly<{
  rank: number
  stream: string
  revision: number
  id: string
  type: string
  at: string
  occurred_at: string
  role: string
  concerns: readonly string[]
}>

/** An intent without its outcome: what a restart has to go on with. */
export type IntentRow = Readonly<{ event_id: string; stream: string; type: string; rank: number; at: string }>

/** `rank`: of the request's first event. */
export type SearchRequestRow = Readonly<{ rank: number; request: string; person: string }>

/** A keyed digest of a word that a request's sealed fields hold, and the request's rank. */
export type SearchTermRow = Readonly<{ term: string; rank: number }>

/**
 * How far a projection has come. `size`: the ledger entries it has applied, which is the rank of the next one. `last_…`: the newest of
 * them, by which another store's checkpoint is known.
 */
export type CheckpointRow = Readonly<{
  name: string
  version: number
  commit_position: string | null
  prepare_position: string | null
  size: number
  last_at: string | null
  last_stream: string | null
  last_revision: number | null
  last_id: string | null
  /** Size that its rows had when they were emptied; 0 once they have it again. */
  rebuild_to: number
}>
