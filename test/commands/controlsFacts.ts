// Facts about components and disputes, for the tables of this area.
import { component, type ComponentEvent } from '../../domain/component.ts'
import { dispute, type DisputeEvent } from '../../domain/dispute.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, on } from '../support/given.ts'
import { digest } from './facts.ts'

export const [caOfficer, operator, auditor, supervisor, support] = [
  actor('caOfficer', 11),
  actor('systemOperator', 12),
  actor('auditor', 13),
  actor('supervisor', 14),
  actor('supportAgent', 15),
]
/** The same persons, in another role. */
export const [caAsAuditor, operatorAsAuditor, auditorAsCa] = [
  actor('auditor', 11),
  actor('auditor', 12),
  actor('caOfficer', 13),
]
export const [D, A1, A2, L] = [uuid(70), uuid(71), uuid(72), uuid(80)]

export const declared: ComponentEvent = {
  type: 'ComponentDeclared',
  data: { kind: 'desk', ra: 'dgddi', configurationSha256: digest, author: caOfficer.person },
}
export const changed = (significant: boolean): ComponentEvent => ({
  type: 'ComponentModified',
  data: { significant, release: '2.0.0', configurationSha256: digest, author: operator.person },
})
export const ordered = (
  control: string,
  scope: 'policy' | 'commissioning' | 'modification' | 'confirmation' = 'commissioning',
): ComponentEvent => ({
  type: 'ControlOrdered',
  data: { control, scope, orderedBy: 'supervisor', dueOn: '2026-03-31' },
})
export const completed = (
  control: string,
  verdict: 'passed' | 'failed' | 'toConfirm' = 'passed',
): ComponentEvent => ({
  type: 'ControlCompleted',
  data: {
    ...{ control, verdict, completedOn: '2026-03-01', findingCount: 0, reportSha256: digest },
    ...(verdict === 'toConfirm' ? { confirmBy: '2026-04-01' } : {}),
    auditor: auditor.person,
  },
})
export const commissioned = (control: string): ComponentEvent => ({
  type: 'ComponentCommissioned',
  data: { control },
})
export const retired: ComponentEvent = { type: 'ComponentRetired', data: { cause: 'replaced' } }

export const opened: DisputeEvent = {
  type: 'DisputeOpened',
  data: { channel: 'phone', tool: 'assistance', holder: uuid(1), ticket: 'TK-2026-17' },
}
export const closed: DisputeEvent = { type: 'DisputeClosed', data: { outcome: 'settled' } }

export const desk = (...events: readonly ComponentEvent[]) => on(component, D, ...events)
export const litigation = (...events: readonly DisputeEvent[]) => on(dispute, L, ...events)
