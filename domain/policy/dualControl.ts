// CGU-06: « Ensemble des pratiques à mettre en œuvre pour satisfaire aux exigences de la PC. » What touches a key of the
// service takes two persons at once, the officer of the authority and the security officer (RGS A2 VI.1.1): two persons, not two
// accounts or two roles of one.
import { refuse, type Actor, type Decision } from '../kernel.ts'
import type { Role } from '../lists.ts'

/** Who stands beside the one who gives the command, signed in as well. */
export type Second = Readonly<{ person: string; roles: readonly Role[] }>

export const keyHolders = ['caOfficer', 'securityOfficer'] as const satisfies readonly Role[]

const otherOf = ({ role }: Pick<Actor, 'role'>): Role =>
  role === 'caOfficer' ? 'securityOfficer' : 'caOfficer'

/** Refuses the act when the other of the two roles is not held by another person who is present. */
export const alone = (
  by: Pick<Actor, 'role' | 'person'>,
  second: Second | undefined,
): Decision<never> | undefined => {
  const other = otherOf(by)
  const two = second !== undefined && second.person !== by.person && second.roles.includes(other)
  return two ? undefined : refuse('CGU-06', 'SECOND_PERSON_REQUIRED', other)
}

/** What is sealed about who was there: both persons by their numbers, and the minutes' own words. */
export const presentAt = (by: Actor, second: Second | undefined, words: string): string =>
  second === undefined ? words : `${by.role} ${by.person}, ${otherOf(by)} ${second.person} : ${words}`
