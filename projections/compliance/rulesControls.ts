// Components and their controls (CGU-122 to CGU-125).
import type { Instant } from '../../domain/kernel.ts'
import { controlDueOn } from '../../domain/policy/components.ts'
import { dayOf } from '../../domain/policy/dates.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { KnownComponent } from './knownComponents.ts'
import { dueAt, isException, type Rule } from './rule.ts'
import { endOfDay, text, type Place } from './seen.ts'

/** The control of the policy that a component had to have by a day, if that day is past. */
const overdue = (id: string, known: KnownComponent, { control }: Policy, day: string): readonly Place[] => {
  const last = known.policyOn ?? known.since
  if (last === undefined || known.status !== 'inService') return []
  const dueOn = controlDueOn(last, control.everyMonths)
  const rank = known.controls.at(-1)?.rank ?? 0
  return dueOn < day ? [{ stream: `component-${id}`, rank, at: endOfDay(dueOn) }] : []
}

const unconfirmed = ({ toConfirm }: KnownComponent, day: string): readonly Place[] =>
  toConfirm !== undefined && toConfirm.confirmBy < day
    ? [dueAt(toConfirm, endOfDay(toConfirm.confirmBy))]
    : []

const scopeOf = (known: KnownComponent, control: string): string =>
  known.controls.find((one) => one.control === control)?.scope ?? ''

export const controlRules: readonly Rule[] = [
  {
    code: 'CONTROL_TO_CONFIRM_PAST',
    clause: 'CGU-122',
    fr: 'Contrôle « à confirmer » que rien n’a confirmé dans son délai',
    on: ['ControlCompleted'],
    find: (seen, { components }) => {
      const known = components.get(seen.id)
      return known === undefined ? [] : unconfirmed(known, text(seen, 'completedOn'))
    },
    end: (until, { components }) =>
      [...components.values()].flatMap((known) => unconfirmed(known, dayOf(until))),
  },
  {
    code: 'CONTROL_OVERDUE',
    clause: 'CGU-123',
    fr: 'Contrôle de la PC non effectué dans les deux ans',
    on: ['ControlCompleted'],
    find: (seen, { components }, policy) => {
      const known = components.get(seen.id)
      if (known === undefined || scopeOf(known, text(seen, 'control')) !== 'policy') return []
      return overdue(seen.id, known, policy, text(seen, 'completedOn'))
    },
    end: (until: Instant, { components }, policy) =>
      [...components].flatMap(([id, known]) => overdue(id, known, policy, dayOf(until))),
  },
  {
    code: 'COMMISSIONED_WITHOUT_CONTROL',
    clause: 'CGU-124',
    fr: 'Composante mise en service sans contrôle réussi depuis sa déclaration ou sa modification',
    on: ['ComponentCommissioned'],
    find: (seen, { components }) => isException(components.get(seen.id)?.verdict !== 'passed', seen),
  },
  {
    code: 'SESSION_AT_UNCONTROLLED_DESK',
    clause: 'CGU-124',
    fr: 'Séance ouverte à un guichet qui n’était pas en service après contrôle',
    on: ['SessionOpened'],
    find: (seen, { components }) => {
      const desk = text(seen, 'desk')
      return isException(desk !== '' && components.get(desk)?.status !== 'inService', seen)
    },
  },
  {
    code: 'CONTROL_BEFORE_CHANGE',
    clause: 'CGU-125',
    fr: 'Contrôle daté d’avant la déclaration ou la modification qu’il devait vérifier',
    on: ['ControlCompleted'],
    find: (seen, { components }) => {
      const known = components.get(seen.id)
      return isException(known?.status === 'declared' && text(seen, 'completedOn') < known.changedOn, seen)
    },
  },
]
