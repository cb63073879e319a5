// A session that does not come to its end is undone as far as it had come: no certificate stays behind that nobody holds.
// Before signing: the serial is abandoned; after: the certificate is revoked and the card scrapped. The request stays
// validated, and the next session draws serial, key and card anew. (events.md section 4, P1 "Undo")
import { card, isAllotted, type AllottedCard } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { isUnder, key } from '../domain/key.ts'
import type { ScrapCause, ScrapMethod, SessionOutcome } from '../domain/lists.ts'
import { hasCard } from '../domain/policy/session.ts'
import { request, type Session } from '../domain/request.ts'
import { isOfCard } from '../pki/cardFault.ts'
import type { Cards } from '../pki/custody.ts'
import { scrapCard } from './cardIncidents.ts'
import { recordCardWriting, releaseCard } from './cards.ts'
import { abandonCertificate } from './certificates.ts'
import { recordKeyRecovery } from './keys.ts'
import { perform, type Service } from './program.ts'
import { revokeCertificate } from './revocations.ts'
import { revokeValid } from './revokeOfCard.ts'
import { closeSession } from './sessions.ts'

type Undoing = Readonly<{ service: Service; cards: Cards }>
type Why = Readonly<{ outcome: SessionOutcome; scrap: ScrapCause }>

/**
 * Undoes the session of a request, wherever it stands; given again, it goes on.
 * @returns the serial that was revoked, when the certificate had been issued
 */
export const undoIssuance = async (
  tools: Undoing,
  requestId: string,
  why: Why,
): Promise<string | undefined> => {
  const { service } = tools
  const file = (await service.ledger.load(request, requestId)).state
  if (file.status !== 'inSession' || file.session === undefined) return undefined
  const { serial, number } = file.session
  const circumstances = { correlationId: requestId }
  const state = (await service.ledger.load(certificate, serial)).state
  const issued = 'signature' in state
  if (issued)
    await perform(service, revokeCertificate, {
      key: serial,
      data: { serial, origin: 'undelivered' },
      circumstances,
    })
  else
    await perform(service, abandonCertificate, {
      key: serial,
      // A plan may have reached the signer before the crash: then the serial goes on the CRL.
      data: { serial, cause: 'sessionLost', findings: [], maybeSigned: state.status === 'planned' },
      circumstances,
    })
  await endRecoveries(service, requestId, file.session)
  await giveUpCard(tools, { request: requestId, session: file.session, issued }, why)
  await perform(service, closeSession, {
    key: `${requestId}|${number}`,
    data: { request: requestId, outcome: why.outcome },
    circumstances,
  })
  return issued ? serial : undefined
}

type Ended = Readonly<{ request: string; session: Session; issued: boolean }>

/**
 * Whether the card is as it was before the session. Nothing is begun on a card before the certificate is issued; after that the card
 * itself is asked, which has nothing of this session, and all that it bore.
 */
const isUntouched = async ({ cards }: Undoing, state: AllottedCard, ended: Ended): Promise<boolean> => {
  if (state.status !== 'allotted') return false
  if (!ended.issued) return true
  const found = await cards.read(ended.session.card)
  return !found.includes(ended.session.serial) && state.bore.every((serial) => found.includes(serial))
}

/** What kept a card from being looked at, or cleared. */
type Fault = Readonly<{ fault: string }>

const absent: Fault = { fault: 'CardAbsent' }

/** Whichever fault a card has, the session ends. */
const orFault = async <T>(asked: Promise<T>): Promise<T | Fault> => {
  try {
    return await asked
  } catch (error) {
    if (isOfCard(error)) return { fault: error.name }
    throw error
  }
}

/** Whether nothing of the session is on the card: what was begun on one that nobody uses does not stay on it. */
const isClear = async (tools: Undoing, state: AllottedCard, ended: Ended): Promise<boolean | Fault> => {
  if (!(await isUntouched(tools, state, ended))) return false
  // One that was not erased may have keys on it all the same: what answered was perhaps a blank card in its place.
  const isCleared = !ended.issued || state.bore.length > 0 || (await tools.cards.erase(ended.session.card))
  return isCleared || absent
}

/** These wait for the RA, which scraps them when it has them: nobody uses them meanwhile. */
const outOfUse: readonly AllottedCard['status'][] = ['spoiled', 'faulty', 'lost']

/**
 * A card that nothing was written on is what it was before: in the stock, or in its holder's use. One that may have been
 * written on is erased and scrapped. A card that another session has is left alone.
 *
 * One that does not come back, or another one in its place, does not hold up the end of the session: its certificate is revoked. Not
 * written yet, it has no PIN: it is recorded as one that could not be written, and never allotted again. Written, it is scrapped, and
 * the ledger says that it was not erased; the RA does that when it is found (CGU-99).
 */
const giveUpCard = async (tools: Undoing, ended: Ended, why: Why): Promise<void> => {
  const { service, cards } = tools
  const { request: requestId, session } = ended
  const { card: id, number } = session
  const { state } = await service.ledger.load(card, id)
  if (!isAllotted(state) || !hasCard({ request: requestId, session, card: state })) return
  const order = { key: `${id}|${requestId}|${number}`, circumstances: { correlationId: requestId } }
  const found = await orFault(isClear(tools, state, ended))
  if (found === true) {
    await perform(service, releaseCard, { ...order, data: { card: id, cause: why.outcome } })
    return
  }
  // CGU-99: its holder had it in use, and what it bore cannot be used any more.
  await revokeValid(service, state.bore, { card: id, cause: 'unspecified', request: requestId })
  const erased = found === false ? await orFault(cards.erase(id)) : found
  const scrap = (method: ScrapMethod) =>
    perform(service, scrapCard, { ...order, data: { card: id, cause: why.scrap, method } })
  if (erased === true) await scrap('erased')
  else if (state.status === 'allotted')
    await perform(service, recordCardWriting, {
      ...order,
      data: { card: id, written: false, stage: 'undo', fault: (erased || absent).fault },
    })
  else if (!outOfUse.includes(state.status)) await scrap('notErased')
}

/** An old key that the session was taking out of escrow would stay busy for ever: the recovery failed with the session. */
const endRecoveries = async (service: Service, requestId: string, session: Session): Promise<void> => {
  const under = { request: requestId, session: session.number }
  for (const serial of session.recover) {
    const old = (await service.ledger.load(certificate, serial)).state
    if (!('spkiSha256' in old)) continue
    const spki = old.spkiSha256
    const held = (await service.ledger.load(key, spki)).state
    if (held.status !== 'recovering' || !isUnder(held, under)) continue
    await perform(service, recordKeyRecovery, {
      key: `${spki}|${requestId}|${session.number}|${held.outcomes + 1}|failed`,
      data: { spki, under, recovered: false, stage: 'undo', fault: 'sessionClosed' },
      circumstances: { correlationId: requestId },
    })
  }
}
