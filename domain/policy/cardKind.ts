// « L’AC prévoit de délivrer : »
// CGU-27: « Des certificats sur une carte « agent » pour les agents présents sur le référentiel des agents des MEF (et
// qui disposent dont d’un matricule ministériel à 10 chiffres) et ne nécessitant pas l’intervention d’un MC ».
// CGU-28: « une carte « temporaire » … Les agents présents sur le référentiel des agents des MEF, qui ne nécessitent
// pas l’intervention d’un MC ».
// CGU-29: « Les agents inconnus dans le référentiel des agents des MEF (ex : nouveaux arrivants) et nécessitant donc
// l’intervention d’un MC et la constitution d’un dossier de demande de certificat ».
// CGU-30: « Les prestataires externes, par définition inconnus dans le référentiel des agents des MEF (même s’ils peuvent
// apparaître dans l’annuaire de référence de l’AE) ».
import { refuse, type Decision } from '../kernel.ts'
import type { CardKind, HolderKind, Path } from '../lists.ts'
import { sameNamed } from './names.ts'

/** An agent as the referential has him. `siren`: of his entity, where it says so. */
export type AgentRecord = Readonly<{
  matricule: string
  surname: string
  givenNames: string
  email?: string | undefined
  siren?: string | undefined
  active: boolean
}>

export type Applicant = Readonly<{
  holderKind: HolderKind
  cardKind: CardKind
  path: Path
  surname: string
  givenNames: string
  matricule: string | undefined
  /** Of the entity that the request names, where it is a verified one. */
  siren: string | undefined
  /** What the referential says of his matricule. */
  agent: AgentRecord | 'unknown' | 'empty'
}>

/** The agent's record, when he is one today: who has left is in the referential and is no agent. */
export const present = ({ agent }: Pick<Applicant, 'agent'>): AgentRecord | undefined =>
  typeof agent === 'string' || !agent.active ? undefined : agent

/** CGU-29: whoever says that he is an agent, and is not in the referential, is a newcomer. */
export const holderKindOf = (applicant: Pick<Applicant, 'holderKind' | 'agent'>): HolderKind =>
  applicant.holderKind === 'agent' && present(applicant) === undefined ? 'newcomer' : applicant.holderKind

/** What the refusal of an unknown agent says: nobody looks for a fault in a person whom an empty referential cannot know. */
const whyUnknown = ({ holderKind, agent }: Applicant): string => {
  if (holderKind !== 'agent') return holderKind
  return agent === 'empty' ? 'no referential has been imported' : 'not in the referential'
}

/** CGU-04: the identity and the entity are those of the referential. */
const differs = (applicant: Applicant): Decision<never> | undefined => {
  const record = applicant.holderKind === 'agent' ? present(applicant) : undefined
  if (record === undefined) return undefined
  if (!sameNamed(record, applicant)) return refuse('CGU-04', 'PERSON_MISMATCH', 'referential')
  if ((applicant.siren ?? record.siren) !== (record.siren ?? applicant.siren))
    return refuse('CGU-04', 'PERSON_MISMATCH', 'entity')
  return undefined
}

/** The refusal that this kind of holder meets with this card on this path, if any. */
export const cardRefusal = (applicant: Applicant): Decision<never> | undefined => {
  const { holderKind, cardKind, path, matricule } = applicant
  if (holderKind === 'agent' && !/^\d{10}$/.test(matricule ?? ''))
    return refuse('CGU-27', 'MATRICULE_INVALID', 'holder.matricule')
  const kind = holderKindOf(applicant)
  if (cardKind === 'agent' && kind !== 'agent')
    return refuse('CGU-27', 'AGENT_CARD_NOT_ALLOWED', whyUnknown(applicant))
  if (kind !== 'agent' && path === 'direct') {
    const clause = kind === 'contractor' ? 'CGU-30' : 'CGU-29'
    return refuse(clause, 'MANDATE_REQUIRED', whyUnknown(applicant))
  }
  return differs(applicant)
}
