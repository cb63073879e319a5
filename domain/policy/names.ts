// Comparing names as people write them.
//
// CGU-44: « La clé privée à recouvrer est identifiée par le numéro de série du certificat associé et le nom du porteur
// associé. » CGU-71: « L'identité du porteur figurant dans le certificat (nom et prénom). »

/** A name without case, accents, and the difference between spaces, hyphens and apostrophes. */
export const normaliseName = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/** The words of a name, normalised, in alphabetical order: surname first or last makes no difference. */
export const nameWords = (name: string): string => normaliseName(name).split(' ').sort().join(' ')

/** Whether both spellings name the same person: the same words, in any order. */
export const sameName = (one: string, other: string): boolean =>
  nameWords(one) === nameWords(other) && nameWords(one) !== ''

/** CGU-31: an e-mail address, as search compares it: no directory keeps two that differ in case alone. */
export const normaliseEmail = (email: string): string => email.normalize('NFC').toLowerCase()

export type Named = Readonly<{ surname: string; givenNames: string }>

/** Whether both are the same first names and surname, however they are spelt. */
export const sameNamed = (one: Named, other: Named): boolean =>
  sameName(`${one.surname} ${one.givenNames}`, `${other.surname} ${other.givenNames}`)
