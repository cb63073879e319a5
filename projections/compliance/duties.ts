// Duties that fell to the same hand: two acts of one case that were written under one journal. Journals are pseudonyms of
// one account for one quarter, so nobody is named; and over two quarters the same hand is not known again.
import type { ClauseId } from '../../domain/refusals.ts'
import { text, type Place, type Seen } from './seen.ts'

export type Duty = Readonly<{
  code: string
  clause: ClauseId
  fr: string
  first: readonly string[]
  then: readonly string[]
  /** The norm asks for two persons; otherwise one person may do both, and the Comité is told how often he does. */
  forbidden: boolean
}>

export const duties: readonly Duty[] = [
  {
    ...{ code: 'CHECKED_AND_ACCEPTED', clause: 'CGU-04', forbidden: true },
    fr: 'Identité du mandataire vérifiée et habilitation acceptée',
    ...{ first: ['AppointeeChecked'], then: ['AppointmentAccepted'] },
  },
  {
    ...{ code: 'DECLARED_AND_CONTROLLED', clause: 'CGU-04', forbidden: true },
    fr: 'Composante déclarée ou modifiée, et contrôlée',
    ...{ first: ['ComponentDeclared', 'ComponentModified'], then: ['ControlCompleted'] },
  },
  {
    ...{ code: 'CONTROLLED_AND_COMMISSIONED', clause: 'CGU-04', forbidden: true },
    fr: 'Composante contrôlée et mise en service',
    ...{ first: ['ControlCompleted'], then: ['ComponentCommissioned'] },
  },
  {
    ...{ code: 'RECORDED_AND_APPROVED', clause: 'CGU-46', forbidden: true },
    fr: 'Demande de recouvrement saisie et approuvée',
    ...{ first: ['RecoveryRequested'], then: ['RecoveryApproved'] },
  },
  {
    ...{ code: 'APPROVED_TWICE', clause: 'CGU-46', forbidden: true },
    fr: 'Deux approbations d’un même recouvrement',
    ...{ first: ['RecoveryApproved'], then: ['RecoveryApproved'] },
  },
  {
    ...{ code: 'DESTRUCTION_APPROVED_TWICE', clause: 'CGU-116', forbidden: true },
    fr: 'Deux approbations d’une même destruction',
    ...{ first: ['DestructionApproved'], then: ['DestructionApproved'] },
  },
  {
    ...{ code: 'REQUESTED_AND_VALIDATED', clause: 'CGU-24', forbidden: false },
    fr: 'Demande saisie et validée',
    ...{ first: ['CertificateRequested'], then: ['RequestValidated'] },
  },
  {
    ...{ code: 'IDENTIFIED_AND_VALIDATED', clause: 'CGU-24', forbidden: false },
    fr: 'Identité vérifiée et demande validée',
    ...{ first: ['IdentityVerified'], then: ['RequestValidated'] },
  },
  {
    ...{ code: 'REVOCATION_ASKED_AND_DONE', clause: 'CGU-75', forbidden: false },
    fr: 'Révocation demandée et prononcée',
    ...{ first: ['RevocationRequested'], then: ['CertificateRevoked'] },
  },
  {
    ...{ code: 'ORDERED_AND_CONTROLLED', clause: 'CGU-122', forbidden: false },
    fr: 'Contrôle ordonné et effectué',
    ...{ first: ['ControlOrdered'], then: ['ControlCompleted'] },
  },
]

const firsts = new Set(duties.flatMap(({ first }) => first))
/** With these a case has come to its end: nothing more is compared with it. */
const ends = new Set([
  ...['CardHandedOver', 'RequestRejected', 'RequestClosed', 'AppointmentEnded', 'RecoveryDelivered'],
  ...['RecoveryRejected', 'RecoveryClosed', 'CertificateRevoked', 'DataDestroyed', 'ComponentRetired'],
])

export type SameHand = Place & Readonly<{ code: string; actor: string }>

/** What one command brought about is one act; an approval counts until it expires. */
type Act = Readonly<{ command: string; expiresAt: string }>

/** Tells of each event which duties it brings together in one hand. */
export const openDuties = (): ((seen: Seen) => readonly SameHand[]) => {
  // stream → type and journal → the act
  const acts = new Map<string, Map<string, Act>>()
  return (seen) => {
    const { stream, rank, at, type, env } = seen
    if (env.role === 'program') return []
    const before = acts.get(stream)
    const did = (first: string): boolean => {
      const act = before?.get(`${first} ${env.actor}`)
      if (act === undefined || act.command === env.commandId) return false
      return act.expiresAt === '' || env.occurredAt < act.expiresAt
    }
    const found = duties
      .filter(({ first, then }) => then.includes(type) && first.some(did))
      .map(({ code }) => ({ code, stream, rank, at, actor: env.actor }))
    if (ends.has(type)) acts.delete(stream)
    else if (firsts.has(type)) {
      const act = { command: env.commandId, expiresAt: text(seen, 'expiresAt') }
      acts.set(stream, (before ?? new Map<string, Act>()).set(`${type} ${env.actor}`, act))
    }
    return found
  }
}
