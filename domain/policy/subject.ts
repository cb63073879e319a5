// CGU-04: « établir que le demandeur a bien l'identité et les qualités qui seront indiquées dans le certificat ». A name that
// one human being has had is never another's, and that can be told when the files that said who it was are destroyed:
// of the name and of the identity a keyed digest is kept (docs/adr/0014).
import { nameWords, normaliseName } from './names.ts'

/**
 * What tells one distinguished name from another (pki/name.ts): the person number with it, so that two of one name stay two.
 * Surname and first names are left out: a correction of them does not set the name free.
 */
type SubjectName = Readonly<{
  country: string
  entity: Readonly<{ name: string; siren: string }>
  nameInCertificate: string
  person: string
}>

/** Whose the name is. */
type Named = Readonly<{
  surname: string
  givenNames: string
  matricule?: string | undefined
  birth?: string | undefined
}>

/** Keyed digests of a name and of whose it is: the key is in custody, for as long as the CA lives. */
export type SubjectDigests = Readonly<{ name: string; identity: string }>

/** A name as it is compared: no case, accent, hyphen or space makes another name of it. */
const subjectText = ({ country, entity, nameInCertificate, person }: SubjectName): string =>
  JSON.stringify([
    'name',
    normaliseName(country),
    normaliseName(entity.name),
    entity.siren,
    normaliseName(nameInCertificate),
    person,
  ])

/**
 * Who a human being is: by his ministerial number, which stays his when his name changes; else by the words of his name
 * and what is known of his birth.
 */
const identityText = ({ surname, givenNames, matricule, birth }: Named): string =>
  JSON.stringify(
    matricule === undefined
      ? ['person', nameWords(`${surname} ${givenNames}`), normaliseName(birth ?? '')]
      : ['agent', matricule],
  )

/** The digests of the name that a holder's certificate bears. @param mac under the key that is kept as long as the CA */
export const digestsOf = (
  mac: (text: string) => string,
  country: string,
  holder: Omit<SubjectName, 'country'> & Named,
): SubjectDigests => ({ name: mac(subjectText({ ...holder, country })), identity: mac(identityText(holder)) })
