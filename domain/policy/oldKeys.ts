// CGU-42: « un recouvrement systématique de ladite clé de déchiffrement dans le cadre du renouvellement de carte et dans la
// limite de la durée de séquestre ».
// CGU-43: « toute demande de nouvelle carte pour un porteur intègre systématiquement le recouvrement de sa ou ses anciennes
// clés de déchiffrement ».
import type { Certificate } from '../certificate.ts'
import type { Instant } from '../kernel.ts'
import type { Key } from '../key.ts'
import type { LeftOutCause } from '../lists.ts'
import type { Request, RequestFile } from '../request.ts'
import { sameName } from './names.ts'
import { escrowRuns } from './validity.ts'

/** One certificate as the ledger has it, the key behind it, and whether that is known to be this holder's. */
export type OldKey = Readonly<{ serial: string; certificate: Certificate; key: Key; isHis: boolean }>
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

const nameOf = ({ identity }: RequestFile): string =>
  `${identity?.givenNames ?? ''} ${identity?.surname ?? ''}`

/**
 * Whether a key in escrow goes with the holder of a file: it is under a number of his, and both files have his matricule, which
 * outlasts a change of name; or it is under the very number of his file, and the name is the same. A recorded number alone does
 * not do: two people may share a name. What cannot be shown like that is recovered on request (CGU-46).
 * @param old the file that the key was made on, as it was then: a later correction makes nobody else's key his
 */
export const isHis = (
  file: Request,
  held: Readonly<{ person: string; holderName: string | undefined }>,
  old: Request,
): boolean => {
  if (file.status === 'unknown' || file.identity === undefined || !isNumberOf(file, held.person)) return false
  const matricule = old.status === 'unknown' ? undefined : old.certified?.matricule
  if (matricule !== undefined && matricule === file.identity.matricule) return true
  const { holderName } = held
  return held.person === file.person && holderName !== undefined && sameName(holderName, nameOf(file))
}

const impediment = ({ certificate, key, isHis: shown }: OldKey, at: Instant): LeftOutCause | undefined => {
  const ended = 'until' in key ? !escrowRuns(key.until, at) : key.status === 'destroyed'
  if (ended) return 'escrowEnded'
  // Without what was certified the key cannot be put on a card, whatever custody still holds.
  const whole = 'until' in key && 'tbs' in certificate && certificate.tbs !== undefined
  if (!whole) return 'keyLost'
  return shown ? undefined : 'identityNotShown'
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
