// CGU-34 to CGU-37: the steps of a session at the desk, in their order: « la personnalisation du dispositif … la délivrance du
// certificat … en présence du porteur », its content presented and accepted, the card handed over at the end.
import { isAllotted, type Card } from '../card.ts'
import type { Certificate } from '../certificate.ts'
import type { Session } from '../request.ts'

export const steps = ['allot', 'issue', 'write', 'pin', 'present', 'handOver', 'undo'] as const
export type Step = (typeof steps)[number]

type Standing = Readonly<{ request: string; session: Session; card: Card; certificate: Certificate }>

/** Whether the session has the card: another one may have had it before, or have it since. */
export const hasCard = ({ request, session, card }: Omit<Standing, 'certificate'>): boolean =>
  isAllotted(card) && card.request === request && card.session === session.number

const atCard = ({ status }: Card, signed: boolean): Step | undefined => {
  if (status === 'allotted') return signed ? 'write' : 'issue'
  if (status === 'written') return 'pin'
  return status === 'inUse' ? undefined : 'undo'
}

/** What comes next in an open session, for whoever comes back to it. `undo`: it cannot come to its end any more. */
export const nextStep = (standing: Standing): Step => {
  const { card, certificate } = standing
  const { status } = certificate
  if (status === 'abandoned' || status === 'refused' || status === 'revoked') return 'undo'
  if (!hasCard(standing)) return status === 'unknown' ? 'allot' : 'undo'
  const signed = status === 'issued' || status === 'accepted'
  return atCard(card, signed) ?? (status === 'accepted' ? 'handOver' : 'present')
}
