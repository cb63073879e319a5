// « La demande de certificat contient a minima les informations suivantes : »
// CGU-07, CGU-15: « Le porteur est un agent des MEF ou une personne externe liée contractuellement aux MEF »: his kind and his
// entity are that tie.
// CGU-31: « Le nom du porteur à utiliser dans le certificat ». CGU-32: « Les données personnelles d’identification du
// porteur ». CGU-33: « Les données de l'entité du porteur ».
import { refuse, type Decision } from '../kernel.ts'
import type { CardKind, HolderKind } from '../lists.ts'
import type { ClauseId } from '../refusals.ts'

/** What a request says of its future holder, as far as it says it. */
export type Declared = Readonly<{
  kind: HolderKind
  surname?: string
  givenNames?: string
  nameInCertificate?: string
  email?: string
  matricule?: string
  birth?: string
  service?: string
}>
/** The same, with what no request may leave out. */
export type Holder = Declared &
  Readonly<{ surname: string; givenNames: string; nameInCertificate: string; email: string }>

const required = [
  ['nameInCertificate', 'CGU-31'],
  ['surname', 'CGU-32'],
  ['givenNames', 'CGU-32'],
  ['email', 'CGU-32'],
] as const satisfies readonly (readonly [keyof Declared, ClauseId])[]

const isWhole = (holder: Declared): holder is Holder => required.every(([field]) => holder[field])

/** The holder, or the refusal that names what is missing of him. Who has no matricule is told apart by his birth. */
export const wholeHolder = (holder: Declared): Holder | Decision<never> => {
  if (isWhole(holder)) {
    // An agent's matricule has a refusal of its own (CGU-27).
    if (holder.kind === 'agent' || holder.matricule || holder.birth) return holder
    return refuse('CGU-32', 'REQUEST_INCOMPLETE', 'holder.birth')
  }
  const [field, clause] = required.find(([name]) => !holder[name]) ?? ['holder', 'CGU-32']
  return refuse(clause, 'REQUEST_INCOMPLETE', `holder.${field}`)
}

export type TemporaryCause = 'forgotten' | 'lost' | 'awaiting' | 'newcomer' | 'contractor'

/** CGU-28 to CGU-30: why a card is a temporary one. Of an agent it has to be said; of others it is what they are. */
export const causeOf = (
  kind: HolderKind,
  cardKind: CardKind,
  given: TemporaryCause | undefined,
): TemporaryCause | undefined => {
  if (cardKind === 'agent') return undefined
  return kind === 'agent' ? given : kind
}
