// CGU-42: « un recouvrement systématique de ladite clé de déchiffrement dans le cadre du renouvellement de carte et dans la
// limite de la durée de séquestre ».
// CGU-43: « toute demande de nouvelle carte pour un porteur intègre systématiquement le recouvrement de sa ou ses anciennes
// clés de déchiffrement ».
import type { Certificate } from '../certificate.ts'
import type { Instant } from '../kernel.ts'
import type { Key } from '../key.ts'
import type { LeftOutCause } from '../lists.ts'
import type { RequestFile } from '../request.ts'
import { escrowRuns } from './validity.ts'

/** One certificate of the holder as the ledger has it, the key behind it, and the matricule in its registration file. */
export type OldKey = Readonly<{ serial: string; certificate: Certificate; key: Key; matricule?: string }>
export type OldKeys = Readonly<{
  /** On the card, newest first. */
  recover: string[]
  leftOut: { serial: string; cause: LeftOutCause }[]
}>

/** Only what its holder accepted was ever his: a certificate that he refused, or never got, protects nothing. */
export const wasAccepted = (state: Certificate): boolean => 'accepted' in state && state.accepted

/** CGU-04: whether a number is this holder's: the one of his file, or another one that the RA has recorded in it as his. */
export const isNumberOf = ({ person, samePersonAs }: RequestFile, number: string): boolean =>
  number === person || samePersonAs.includes(number)

/**
 * The keys that go with a holder onto his card. What was issued under another number of his goes only where both files have
 * his matricule: two agents may share a name, and the RA alone gives nobody another one's keys. The others are recovered on
 * request (CGU-46).
 */
export const ownOldKeys = (file: RequestFile, old: readonly OldKey[]): readonly OldKey[] =>
  old.filter(
    ({ certificate, matricule }) =>
      !('person' in certificate) ||
      certificate.person === file.person ||
      (matricule !== undefined && matricule === file.identity?.matricule),
  )

const impediment = ({ certificate, key }: OldKey, at: Instant): LeftOutCause | undefined => {
  const ended = 'until' in key ? !escrowRuns(key.until, at) : key.status === 'destroyed'
  if (ended) return 'escrowEnded'
  // Without what was certified the key cannot be put on a card, whatever custody still holds.
  const whole = 'until' in key && 'tbs' in certificate && certificate.tbs !== undefined
  return whole ? undefined : 'keyLost'
}

/**
 * Parts a holder's old keys into those that go on the new card and those that do not, with the reason.
 * @param old newest first
 * @param room keys that the card holds beside the new one
 */
export const planOldKeys = (old: readonly OldKey[], room: number, at: Instant): OldKeys => {
  const plan: OldKeys = { recover: [], leftOut: [] }
  for (const one of old.filter(({ certificate }) => wasAccepted(certificate))) {
    const { serial } = one
    const cause = impediment(one, at) ?? (plan.recover.length < room ? undefined : 'cardFull')
    if (cause === undefined) plan.recover.push(serial)
    else plan.leftOut.push({ serial, cause })
  }
  return plan
}
