// The tables of the read models, as kysely sees them. Ranks, sizes and numbers are safe integers; positions are decimal
// strings, because both halves are 64-bit; instants are the ledger's own strings, so that no time zone can touch them.
import type {
  AppointmentRow,
  CardRow,
  CguAcceptanceRow,
  CguStreamRow,
  ComponentRow,
  ControlRow,
  DisputeRow,
  LiveSessionRow,
  NoticePartyRow,
  NoticeRecipientRow,
  NoticeRecoveryRow,
  NoticeRequestRow,
  NoticeRow,
  RecoveryRow,
  RenewalRow,
  RequestRow,
  RetentionHoldRow,
  RetentionUnitRow,
  RevocationRow,
} from './caseRows.ts'
import type {
  CheckpointRow,
  CrlEntryRow,
  CrlRow,
  HistoryRow,
  IntentRow,
  OcspAnswerRow,
  SearchRequestRow,
  SearchTermRow,
  StatusRow,
} from './ledgerRows.ts'

export type * from './caseRows.ts'
export type * from './ledgerRows.ts'

export type Tables = {
  ca_revocation: CrlEntryRow
  appointment: AppointmentRow
  certificate_status: StatusRow
  cgu_acceptance: CguAcceptanceRow
  cgu_stream: CguStreamRow
  component: ComponentRow
  control: ControlRow
  crl: CrlRow
  dispute: DisputeRow
  history: HistoryRow
  intent: IntentRow
  retention_hold: RetentionHoldRow
  retention_unit: RetentionUnitRow
  request: RequestRow
  notice: NoticeRow
  notice_party: NoticePartyRow
  notice_recipient: NoticeRecipientRow
  notice_recovery: NoticeRecoveryRow
  notice_request: NoticeRequestRow
  live_session: LiveSessionRow
  card: CardRow
  recovery: RecoveryRow
  revocation: RevocationRow
  renewal: RenewalRow
  search_request: SearchRequestRow
  search_term: SearchTermRow
}

export type Database = Tables & {
  projection_checkpoint: CheckpointRow
  crl_entry: CrlEntryRow
  ocsp_answer: OcspAnswerRow
}
