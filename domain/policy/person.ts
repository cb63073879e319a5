// CGU-04: « établir que le demandeur a bien l'identité et les qualités qui seront indiquées dans le certificat ». A person
// number is used again only for the identity that is known of it: by the file it relies on, and once that is destroyed
// by the keyed digest that stays with the name in the certificate (docs/adr/0014).
import { refuse, type Actor, type Decision } from '../kernel.ts'
import type { Identity } from '../identity.ts'
import type { Request, RequestFile } from '../request.ts'
import type { Subject } from '../subject.ts'
import type { Holder } from './demand.ts'
import { sameNamed } from './names.ts'
import type { SubjectDigests } from './subject.ts'

type Who = Pick<Identity, 'surname' | 'givenNames'> &
  Readonly<{ matricule?: string | undefined; birth?: string | undefined }>

/** Nothing that both know of the numbers that tell people apart says otherwise. */
const sameNumbers = (known: Who, given: Who): boolean =>
  (known.matricule ?? given.matricule) === (given.matricule ?? known.matricule) &&
  (known.birth ?? given.birth) === (given.birth ?? known.birth)

/**
 * Whether a file is that of the person given: the same names, and the same numbers, also as they were when its card was made: a
 * correction since then makes nobody else of him.
 */
export const isFileOf = ({ identity, certified }: RequestFile, given: Who): boolean =>
  identity !== undefined &&
  sameNamed(identity, given) &&
  [identity, certified ?? identity].every((known) => sameNumbers(known, given))

export type Claim = Readonly<{
  person: string
  drawn: boolean
  holder: Holder
  earlier?: string
  samePersonAs?: readonly string[]
  digests?: SubjectDigests
  by: Actor
}>

type Evidence = Readonly<{ earlier: Request | undefined; subject: Subject | undefined }>

const mismatch = refuse('CGU-04', 'PERSON_MISMATCH', 'holder')

/** What the name itself tells: undefined where it was never given to anybody. */
const nameIsHis = ({ person, digests }: Claim, { subject }: Evidence): boolean | undefined => {
  if (subject === undefined || subject.status === 'unknown') return undefined
  return subject.person === person && subject.identityMac === digests?.identity
}

/** The refusal of a person number that is not this holder's, or of which nobody can tell any more. */
export const samePerson = (claim: Claim, evidence: Evidence): Decision<never> | undefined => {
  const { drawn, by } = claim
  // Two numbers of one person are found out by the RA, which looks into both files.
  if (by.role !== 'raOfficer' && (claim.samePersonAs ?? []).length > 0)
    return refuse('CGU-04', 'PERSON_MISMATCH', 'samePersonAs')
  // Without a file: a number drawn just now, or the holder's own, which his account names, at his first request.
  if (claim.earlier === undefined)
    return (drawn || by.role === 'holder') && nameIsHis(claim, evidence) !== false ? undefined : mismatch
  return sameAsBefore(claim, evidence)
}

/** By the file that the number was used in before; where its identity has been destroyed, by the name. */
const sameAsBefore = (claim: Claim, evidence: Evidence): Decision<never> | undefined => {
  const { earlier } = evidence
  if (earlier === undefined || earlier.status === 'unknown' || earlier.person !== claim.person)
    return mismatch
  if (earlier.identity !== undefined) return isFileOf(earlier, claim.holder) ? undefined : mismatch
  const named = nameIsHis(claim, evidence)
  if (named === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'earlier')
  return named ? undefined : mismatch
}
