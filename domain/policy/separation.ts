// CGU-04: « Son but est d'établir que le demandeur a bien l'identité et les qualités qui seront indiquées dans le
// certificat. » Nobody can establish that about himself: persons are compared, not accounts.
// CGU-06: the DPC satisfies the PC, which separates trusted roles as RGS A2 V.2.1 and EN 319 401 REQ-7.2 ask.
import type { Appointment } from '../appointment.ts'
import { refuse, type Actor, type Decision, type Instant } from '../kernel.ts'
import type { Role } from '../lists.ts'
import { dayOf } from './dates.ts'
import { lastDayOf } from './mandate.ts'
import { decides, posts } from './posts.ts'

/** Refuses the act when the actor is the person concerned. */
export const notForOneself = (by: Actor, concerned: string): Decision<never> | undefined =>
  by.person === concerned ? refuse('CGU-04', 'SELF_APPROVAL', by.role) : undefined

type Incompatible = Readonly<{ role: Role; with: readonly Role[]; reason: string }>

const others = (...left: readonly Role[]): readonly Role[] => posts.filter((post) => !left.includes(post))

/** Roles that one person may not hold at the same time. */
export const incompatibleRoles: readonly Incompatible[] = [
  {
    ...{ role: 'auditor', with: others('auditor') },
    reason: 'RGS A2 V.2.1: who controls holds no other trusted role.',
  },
  {
    ...{ role: 'supervisor', with: others('supervisor', 'auditor') },
    reason:
      'CGU-122, CGU-123: the Comité orders controls and receives their reports; it does not judge its own work.',
  },
  {
    role: 'securityOfficer',
    with: [
      ...(['raOfficer', 'caOfficer', 'recoveryOfficer', 'unblockingOperator'] as const),
      ...(['systemOperator', 'archivist', 'supportAgent'] as const),
    ],
    reason:
      'RGS A2 V.2.1: security is not combined with running or operating; keys and destructions need a CA officer and a security officer who are two persons.',
  },
  {
    role: 'systemOperator',
    with: ['raOfficer', 'caOfficer', 'recoveryOfficer', 'unblockingOperator', 'archivist'],
    reason: 'RGS A2 V.2.1: who runs the machines does not decide what they do.',
  },
  {
    ...{ role: 'recoveryOfficer', with: ['raOfficer'] },
    reason:
      'RGS A2 I.4.1 (Confidentialité): recoveries are decided apart from registration; one hand would make a holder and take his key.',
  },
  {
    ...{ role: 'archivist', with: ['caOfficer'] },
    reason: 'CGU-116: the archivist proposes a destruction, the CA officer approves it.',
  },
  {
    ...{ role: 'mc', with: ['raOfficer'] },
    reason: 'CGU-22, CGU-26: the RA validates the file that the MC has made.',
  },
]

/** Why one person may not hold both roles; undefined where he may. */
export const incompatibility = (a: Role, b: Role): string | undefined =>
  incompatibleRoles.find(
    ({ role, with: excluded }) =>
      (role === a && excluded.includes(b)) || (role === b && excluded.includes(a)),
  )?.reason

/** A role that the accounts of a person name, that none of his appointments decides about, and that excludes `role`. */
export const crossesNamed = (
  role: Role,
  named: readonly Role[],
  held: readonly Appointment[],
): Role | undefined =>
  named
    .filter((one) => !held.some((other) => decides(other) && other.role === one))
    .find((one) => incompatibility(role, one) !== undefined)

type Term = Exclude<Appointment, { status: 'unknown' }>

/** Whether two appointments of one person give him, on some day from now on, roles that may not be combined. */
export const crosses = (a: Term, b: Appointment, at: Instant): boolean => {
  if (b.status === 'unknown' || !b.accepted || a.person === undefined || a.person !== b.person) return false
  if (incompatibility(a.role, b.role) === undefined) return false
  const today = dayOf(at)
  return (
    a.fromOn <= lastDayOf(b) && b.fromOn <= lastDayOf(a) && today <= lastDayOf(a) && today <= lastDayOf(b)
  )
}
