// A session that does not come to its end is undone as far as it had come: no certificate stays behind that nobody holds.
// Before signing: the serial is abandoned; after: the certificate is revoked and the card scrapped. The request stays
// validated, and the next session draws serial, key and card anew. (events.md section 4, P1 "Undo")
import { certificate } from '../domain/certificate.ts'
import { isUnder, key } from '../domain/key.ts'
import type { ScrapCause, SessionOutcome } from '../domain/lists.ts'
import { request, type Session } from '../domain/request.ts'
import type { Cards } from '../pki/custody.ts'
import { releaseCard, scrapCard } from './cards.ts'
import { abandonCertificate } from './certificates.ts'
import { recordKeyRecovery } from './keys.ts'
import { perform, type Service } from './program.ts'
import { revokeCertificate } from './revocations.ts'
import { closeSession } from './sessions.ts'

/**
 * Undoes the session of a request, wherever it stands; given again, it goes on.
 * @returns the serial that was revoked, when the certificate had been issued
 */
export const undoIssuance = async (
  tools: Readonly<{ service: Service; cards: Cards }>,
  requestId: string,
  why: Readonly<{ outcome: SessionOutcome; scrap: ScrapCause }>,
): Promise<string | undefined> => {
  const { service, cards } = tools
  const file = (await service.ledger.load(request, requestId)).state
  if (file.status !== 'inSession' || file.session === undefined) return undefined
  const { serial, card: id, number } = file.session
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
  await cards.erase(id)
  await perform(service, releaseCard, { key: id, data: { card: id, cause: why.outcome }, circumstances })
  await perform(service, scrapCard, {
    key: id,
    data: { card: id, cause: why.scrap, method: 'erased' },
    circumstances,
  })
  await perform(service, closeSession, {
    key: `${requestId}|${number}`,
    data: { request: requestId, outcome: why.outcome },
    circumstances,
  })
  return issued ? serial : undefined
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
