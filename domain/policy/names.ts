// Comparing names as people write them.
//
// CGU-44: « La clé privée à recouvrer est identifiée par le numéro de série du certificat associé et le nom du porteur
// associé. » CGU-71: « L'identité du porteur figurant dans le certificat (nom et prénom). »

/**
 * A name without case, accents, and the difference between spaces, hyphens and apostrophes. Digests that are kept for the CA's
 * life are made of it (domain/policy/subject.ts): what it answers never changes.
 */
export const normaliseName = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/** The words of a name, normalised, in alphabetical order: surname first or last makes no difference. */
export const nameWords = (name: string): string => normaliseName(name).split(' ').sort().join(' ')

const ligatures: Readonly<Record<string, string>> = { œ: 'oe', æ: 'ae', ß: 'ss' }

/** A name as whoever has no such key types it: « Cœur » is « Coeur ». */
const spelt = (name: string): string =>
  name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[œæß]/g, (letter) => ligatures[letter] ?? letter)

/** The words that a name is searched and compared by. */
export const comparedWords = (name: string): readonly string[] =>
  normaliseName(spelt(name)).split(' ').filter(Boolean).sort()

/** Whether both spellings name the same person: the same words, in any order. */
export const sameName = (one: string, other: string): boolean => {
  const words = comparedWords(one).join(' ')
  return words !== '' && words === comparedWords(other).join(' ')
}

/** CGU-31: an e-mail address, as search compares it: no directory keeps two that differ in case alone. */
export const normaliseEmail = (email: string): string => email.normalize('NFC').toLowerCase()

export type Named = Readonly<{ surname: string; givenNames: string }>

/** The names that somebody goes by: those of his papers, and the one in his certificate. */
export const namesOf = (known: Named & Readonly<{ nameInCertificate: string }>): readonly string[] => [
  `${known.givenNames} ${known.surname}`,
  known.nameInCertificate,
]

/** Whether both are the same first names and surname, however they are spelt. */
export const sameNamed = (one: Named, other: Named): boolean =>
  sameName(`${one.surname} ${one.givenNames}`, `${other.surname} ${other.givenNames}`)
