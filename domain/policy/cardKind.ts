// CGU-27: « Des certificats sur une carte « agent » pour les agents présents sur le référentiel des agents des MEF (et
// qui disposent dont d’un matricule ministériel à 10 chiffres) et ne nécessitant pas l’intervention d’un MC ».
// CGU-28 to CGU-30: temporary cards: agents of the referential without MC; newcomers and contractors with MC and file.
import { refuse, type Decision } from '../kernel.ts'
import type { CardKind, HolderKind, Path } from '../lists.ts'

export type Applicant = Readonly<{
  holderKind: HolderKind
  cardKind: CardKind
  path: Path
  matricule: string | undefined
}>

/** The refusal that this kind of holder meets with this card on this path, if any. */
export const cardRefusal = ({
  holderKind,
  cardKind,
  path,
  matricule,
}: Applicant): Decision<never> | undefined => {
  if (cardKind === 'agent' && holderKind !== 'agent')
    return refuse('CGU-27', 'AGENT_CARD_NOT_ALLOWED', holderKind)
  if (holderKind === 'agent' && !/^\d{10}$/.test(matricule ?? ''))
    return refuse('CGU-27', 'MATRICULE_INVALID', 'holder.matricule')
  if (holderKind === 'newcomer' && path === 'direct') return refuse('CGU-29', 'MANDATE_REQUIRED', holderKind)
  if (holderKind === 'contractor' && path === 'direct')
    return refuse('CGU-30', 'MANDATE_REQUIRED', holderKind)
  return undefined
}
