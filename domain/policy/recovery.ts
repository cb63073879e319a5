// CGU-44: « La clé privée à recouvrer est identifiée par le numéro de série du certificat associé et le nom du porteur
// associé. »
// CGU-46: « Sur demande judiciaire, ou en cas d’indisponibilité prolongée du porteur, le représentant légal de l’entité du
// porteur ou un représentant dument accrédité pourra demander à l’AC de lui fournir la bi-clé de chiffrement. »
// CGU-47: « Une demande de recouvrement … peut alors être effectuée par : Le porteur lui-même, Un représentant légal de
// l’entité du porteur, Un représentant dument accrédité, Toute entité autorisée par la loi. »
import type { Instant } from '../kernel.ts'
import type { Ground, Role } from '../lists.ts'
import type { Key } from '../key.ts'
import type { Approval, RecoveryFile } from '../recovery.ts'

/** Approvals that have not ended at this instant; commands/approvals.ts says which of them count. */
export const liveApprovals = ({ approvals }: RecoveryFile, at: Instant): readonly Approval[] =>
  approvals.filter(({ expiresAt }) => at < expiresAt)

/** Whose recovery it is: who asks, who gets the key, whose key it is. */
export const isPartyTo = ({ requester, recipient }: RecoveryFile, held: Key, person: string): boolean =>
  [requester, recipient, 'person' in held ? held.person : undefined].includes(person)

/** Nobody acts for himself: requester, recorder, recipient and holder are other persons than the officer (CGU-04). */
export const concerned = (file: RecoveryFile, held: Key, person: string): boolean =>
  file.recorder === person || isPartyTo(file, held, person)

const grounds: Readonly<Partial<Record<Role, readonly Ground[]>>> = {
  holder: ['holderRequest'],
  legalRepresentative: ['judicial', 'unavailability'],
  accreditedRepresentative: ['judicial', 'unavailability'],
  legalAuthority: ['judicial', 'lawfulAuthority'],
}

/** CGU-47: who may ask at all. */
export const mayAskRecovery = (role: Role): boolean => grounds[role] !== undefined

/** CGU-46: the holder may be kept in the dark where justice or the law asks, and on no other ground. */
export const mayWithholdNotice = (on: Ground): boolean => on === 'judicial' || on === 'lawfulAuthority'

/** CGU-46, CGU-47: those who stand for the holder's entity, by an appointment; what is accredited is the power to recover. */
export const standsForEntity = (role: Role): boolean =>
  role === 'legalRepresentative' || role === 'accreditedRepresentative'

/** Every approval has ended, so nothing can come of the request any more. */
export const approvalsLapsed = ({ status, approvals }: RecoveryFile, at: Instant): boolean =>
  status === 'requested' && approvals.length > 0 && approvals.every(({ expiresAt }) => expiresAt <= at)

/** CGU-46: the ground that this requester must show. */
export const groundFits = (role: Role, ground: Ground): boolean => grounds[role]?.includes(ground) === true
