// Components with their controls as they stood at the end of the period (CGU-121 to CGU-125).
import { controlDueOn, verdictOn } from '../../domain/policy/components.ts'
import { dayOf } from '../../domain/policy/dates.ts'
import type { Known, Qualification } from './known.ts'
import type { KnownComponent, KnownControl } from './knownComponents.ts'
import type { Period } from './seen.ts'

export type ControlLine = Readonly<{
  component: string
  kind: string
  control: string
  scope: string
  orderedOn: string
  dueOn: string
  completedOn: string | null
  /** `open` while it is not completed; `toConfirm` that was not confirmed in time has failed. */
  verdict: string
  findings: number | null
  confirmBy: string | null
}>
export type ComponentLine = Readonly<{
  component: string
  kind: string
  status: string
  since: string | null
  /** When the last control of the policy was completed, and by when the next has to be. */
  policyOn: string | null
  nextDueOn: string | null
}>
export type QualificationLine = Readonly<{
  version: string | null
  from: string | null
  until: string | null
  /** `held`, `lapsed`, or `none` where none was ever adopted. */
  status: string
}>

const verdictOf = ({ verdict, confirmBy }: KnownControl, day: string): string => {
  if (verdict === undefined) return 'open'
  return verdictOn({ verdict: verdict as 'passed' | 'failed' | 'toConfirm', confirmBy }, day)
}

/** Completed in the period, or still to be completed at its end. */
const concerns = ({ from, to }: Period, { recordedOn }: KnownControl): boolean =>
  recordedOn === undefined || (from <= recordedOn && recordedOn <= to)

const lineOf = (id: string, { kind }: KnownComponent, control: KnownControl, day: string): ControlLine => ({
  ...{ component: id, kind, control: control.control, scope: control.scope, orderedOn: control.orderedOn },
  ...{ dueOn: control.dueOn, completedOn: control.completedOn ?? null, verdict: verdictOf(control, day) },
  ...{ findings: control.findings ?? null, confirmBy: control.confirmBy ?? null },
})

/** Controls that were completed in the period, and those that are still open, as they were ordered. */
export const controlLines = ({ components }: Known, period: Period): readonly ControlLine[] =>
  [...components].flatMap(([id, known]) =>
    known.controls
      .filter((control) => concerns(period, control))
      .map((control) => lineOf(id, known, control, period.to)),
  )

export const componentLines = ({ components }: Known, everyMonths: number): readonly ComponentLine[] =>
  [...components].map(([component, { kind, status, since, policyOn }]) => {
    const last = policyOn ?? since
    const nextDueOn = status === 'inService' && last !== undefined ? controlDueOn(last, everyMonths) : null
    return { component, kind, status, since: since ?? null, policyOn: policyOn ?? null, nextDueOn }
  })

/** CGU-121: whether the RGS qualification was in force on a day. */
export const qualificationOn = (versions: readonly Qualification[], day: string): QualificationLine => {
  const held = versions.findLast(({ from }) => dayOf(from) <= day)
  if (held === undefined) return { version: null, from: null, until: null, status: 'none' }
  const { version, from, until } = held
  const status = until !== '' && until < day ? 'lapsed' : 'held'
  return { version, from: dayOf(from), until: until === '' ? null : until, status }
}
