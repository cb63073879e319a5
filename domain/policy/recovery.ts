// CGU-44: « La clé privée à recouvrer est identifiée par le numéro de série du certificat associé et le nom du porteur
// associé. »
// CGU-46: « Sur demande judiciaire, ou en cas d’indisponibilité prolongée du porteur, le représentant légal de l’entité du
// porteur ou un représentant dument accrédité pourra demander à l’AC de lui fournir la bi-clé de chiffrement. »
// CGU-47: « Une demande de recouvrement … peut alors être effectuée par : Le porteur lui-même, Un représentant légal de
// l’entité du porteur, Un représentant dument accrédité, Toute entité autorisée par la loi. »
import type { Instant } from '../kernel.ts'
import type { Ground, Role } from '../lists.ts'
import type { Recovery, RecoveryFile } from '../recovery.ts'
import type { Policy } from './policy.ts'

/** Approvals that still count at this instant. */
export const liveApprovals = (file: RecoveryFile, at: Instant): number =>
  file.approvals.filter(({ expiresAt }) => at < expiresAt).length

/** Whether a request stands approved by the quorum at this instant. */
export const quorumOf = (file: Recovery | undefined, policy: Policy, at: Instant): boolean =>
  file?.status === 'requested' && liveApprovals(file, at) >= policy.escrow.recoveryQuorum

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
