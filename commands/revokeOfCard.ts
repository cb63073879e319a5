// CGU-99: « pour que l’AE mette au rebut de la carte et révoque le certificat correspondant »: every certificate that is still valid and was written on it.
// CGU-98: so does a loss or a theft, at once. What stops in between goes on at the next look (jobs/cards.ts).
import { card, isAllotted } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import type { RevocationCause } from '../domain/lists.ts'
import { revocationCauseOf } from '../domain/policy/cards.ts'
import { isOfCard } from '../pki/cardFault.ts'
import type { Cards } from '../pki/custody.ts'
import { perform, type Service } from './program.ts'
import { revokeCertificate } from './revocations.ts'

/**
 * Revokes what a card that is lost or scrapped bore; on any other card it does nothing, nor when it is given again.
 * @returns the serials that are revoked now
 */
export const revokeOfCard = async (
  { service, cards }: Readonly<{ service: Service; cards: Pick<Cards, 'erase'> }>,
  id: string,
): Promise<readonly string[]> => {
  const { state } = await service.ledger.load(card, id)
  const cause = isAllotted(state) ? revocationCauseOf(state) : undefined
  const revoked =
    cause === undefined || !isAllotted(state)
      ? []
      : await revokeValid(service, state.serials, { card: id, cause, request: state.request })
  // What stands in for a shredded card holds no key any more. The card itself is in no reader, and nothing waits for it.
  if ('method' in state && state.method !== 'notErased') await eraseIfReachable(cards, id)
  return revoked
}

/** Erases a card where it can be reached. @returns whether it was erased: what is recorded of it may say so */
export const eraseIfReachable = async (cards: Pick<Cards, 'erase'>, id: string): Promise<boolean> => {
  try {
    return await cards.erase(id)
  } catch (error) {
    if (isOfCard(error)) return false
    throw error
  }
}

/**
 * Revokes those of some certificates that are still valid: their card is no more.
 * @returns the serials that are revoked now
 */
export const revokeValid = async (
  service: Service,
  serials: readonly string[],
  of: Readonly<{ card: string; cause: RevocationCause; request: string }>,
): Promise<readonly string[]> => {
  const revoked: string[] = []
  for (const serial of serials) {
    const subject = (await service.ledger.load(certificate, serial)).state
    const valid = 'signature' in subject && subject.status !== 'revoked' && subject.notAfter >= service.now()
    if (!valid) continue
    await perform(service, revokeCertificate, {
      // Not the key of an undone session: that order may have been refused for this serial.
      key: `${serial}|${of.card}`,
      data: { serial, origin: 'cardScrapped', cause: of.cause },
      circumstances: { correlationId: of.request },
    })
    revoked.push(serial)
  }
  return revoked
}
