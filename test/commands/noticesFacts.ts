// Facts about documents and notices.
import { recordBounce, recordNotice, waiveNotice } from '../../commands/notices.ts'
import type { DocumentData } from '../../domain/document.ts'
import type { Decision } from '../../domain/kernel.ts'
import { notice, type Notice, type NoticeEvent } from '../../domain/notice.ts'
import type { RequestEvent } from '../../domain/request.ts'
import { morning } from '../support/given.ts'
import * as f from './facts.ts'

export const other = 'e'.repeat(64)

export const version1: DocumentData<'DocumentAdopted'> = {
  ...{ version: '1.0', sha256: f.digest, effectiveFrom: '2026-01-01T00:00:00Z', approvedBy: 'caOfficer' },
}
export const version2: DocumentData<'DocumentAdopted'> = {
  ...{ version: '2.0', sha256: f.digest, effectiveFrom: '2027-01-01T00:00:00Z', approvedBy: 'supervisor' },
}
export const acceptedAnew: RequestEvent = {
  type: 'CguAccepted',
  data: { ...(f.accepted.type === 'CguAccepted' ? f.accepted.data : ({} as never)), cguVersion: '2.0' },
}

/** Values that the conditions of use exclude, by parameter. */
export const contradictions: Readonly<Record<string, readonly unknown[]>> = {
  validityYears: [2, 4],
  escrowYears: [9, 11],
  revocationHours: [0, 25],
  crlEveryHours: [0, 25],
  crlValidityHours: [24],
  pinTries: [0],
  noticeLeadDays: [[], [30, 0]],
  mandateMaxAgeMonths: [0, 4],
  requestLapseDays: [0],
  sessionMinutes: [0],
  acceptanceMinutes: [0],
  recoveryQuorum: [0, 1],
  approvalHours: [0],
  regYears: [6, 8],
  journalYears: [6, 8],
  recoveryYears: [6, 8],
  terminationNoticeMonths: [0],
  controlEveryMonths: [0, 25],
  ras: [[]],
  sites: [[]],
}

type Planned = Extract<NoticeEvent, { type: 'NoticePlanned' }>
export const planned = (more: Partial<Planned['data']> = {}): Planned => ({
  type: 'NoticePlanned',
  data: {
    ...{ kind: 'revocation', milestone: f.S, templateSha256: f.digest, effectiveAt: morning },
    recipients: [
      { stream: `request-${f.R}`, role: 'holder' },
      { stream: `appointment-${f.M}`, role: 'mc' },
    ],
    ...more,
  },
})
export const sent: Extract<NoticeEvent, { type: 'NoticeSent' }> = {
  type: 'NoticeSent',
  data: { sentAt: morning, failedIndexes: [1] },
}
export const bounced: NoticeEvent = {
  type: 'NoticeUndelivered',
  data: { recipientIndexes: [0], fault: '5.1.1' },
}
export const waived: NoticeEvent = {
  type: 'NoticeWaived',
  data: { recipientIndexes: [0, 1], cause: 'unreachable' },
}

export const fold = (events: readonly NoticeEvent[]): Notice => events.reduce(notice.evolve, notice.initial)

const accepted = (decision: Decision<NoticeEvent>): NoticeEvent | undefined =>
  'accepted' in decision ? decision.accepted[0] : undefined

/** The event that an order leads to, if any. */
export const decided = (
  step: 'send' | 'bounce' | 'waiveAll' | 'waiveOne',
  state: Notice,
  id: string,
): NoticeEvent | undefined => {
  const order = { id, by: f.program, at: morning }
  switch (step) {
    case 'send':
      return accepted(
        recordNotice.decide(
          { ...order, type: 'RecordNotice', data: { notice: id, ...sent.data } },
          state,
          undefined,
        ),
      )
    case 'bounce':
      return accepted(
        recordBounce.decide(
          { ...order, type: 'RecordBounce', data: { notice: id, recipientIndexes: [0], fault: 'x' } },
          state,
          undefined,
        ),
      )
    case 'waiveAll':
    case 'waiveOne': {
      const recipientIndexes = step === 'waiveAll' ? [0, 1] : [1]
      const data = { notice: id, recipientIndexes, cause: 'unreachable' as const }
      return accepted(waiveNotice.decide({ ...order, type: 'WaiveNotice', data }, state, undefined))
    }
  }
}
