// Which roles are given by appointment, by whom, and what an account holds by them.
// CGU-23: « Dans ce dernier cas, le MC est préalablement enregistré par l’AE. » CGU-53: « le porteur doit se
// rapprocher d’un opérateur de déblocage habilité ». EN 319 401 REQ-7.2: a trusted role is formally appointed and accepted, and nobody has
// access before the checks are done.
import type { Appointment } from '../appointment.ts'
import type { Entity } from '../entity.ts'
import type { Instant } from '../kernel.ts'
import type { Power, Role } from '../lists.ts'
import { mandates, posts } from '../roles.ts'
import { verifiedAt } from './entity.ts'
import { actsAt } from './mandate.ts'

export { mandates, posts }

const among = (list: readonly Role[], role: Role): boolean => list.includes(role)
export const isMandate = (role: Role): boolean => among(mandates, role)
export const isPost = (role: Role): boolean => among(posts, role)

/** Mandates of an entity; an authority has its power by law, whatever entities are registered here. */
export const entityBound = (role: Role): boolean => isMandate(role) && role !== 'legalAuthority'

/** Whom a legal representative may propose, and end, for his own entity. */
export const representable: readonly Role[] = ['mc', 'accreditedRepresentative', 'authorisedPerson']

const powersByRole: Readonly<Partial<Record<Role, readonly Power[]>>> = {
  mc: ['request', 'verifyIdentity', 'revoke'],
  legalRepresentative: ['revoke', 'recover'],
  authorisedPerson: ['revoke'],
  accreditedRepresentative: ['recover'],
  legalAuthority: ['recover'],
}

/** CGU-08: the power to revoke is the mandate's own; where nothing is said the CGU give it (CGU-62), as to recover (CGU-47). */
export const defaultPowers = (role: Role): readonly Power[] => powersByRole[role] ?? []

/** An appointment of the person, with its entity where it is for one. */
export type Candidate = Readonly<{ held: Appointment; employer: Entity | undefined }>

type Access = Readonly<{ roles: readonly Role[]; entities: readonly string[] }>

/** An appointment decides about its role from its acceptance, or its end, on: before, nothing has been given or taken yet. */
export const decides = (held: Appointment): held is Exclude<Appointment, { status: 'unknown' }> =>
  held.status === 'inForce' || held.status === 'ended'

const acts = ({ held, employer }: Candidate, at: Instant): boolean =>
  actsAt(held, at) && (employer === undefined || verifiedAt(employer, at))

/**
 * What a person holds at this instant: of what his account says, the roles and entities that no appointment of his decides
 * about; and those of his appointments in force.
 */
export const accessOf = (
  account: Access,
  person: string,
  candidates: readonly Candidate[],
  at: Instant,
): Access => {
  const roles = new Set(account.roles)
  const entities = new Set(account.entities)
  const own = candidates.filter(({ held }) => decides(held) && held.person === person)
  for (const { held } of own) {
    if (!decides(held)) continue
    roles.delete(held.role)
    if (held.entity !== undefined) entities.delete(held.entity)
  }
  for (const candidate of own) {
    const { held } = candidate
    if (!decides(held) || !acts(candidate, at)) continue
    roles.add(held.role)
    if (held.entity !== undefined) entities.add(held.entity)
  }
  return { roles: [...roles], entities: [...entities] }
}
