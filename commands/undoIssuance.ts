// A session that does not come to its end is undone as far as it had come: no certificate stays behind that nobody holds.
// Before signing: the serial is abandoned; after: the certificate is revoked and the card scrapped. The request stays
// validated, and the next session draws serial, key and card anew. (events.md section 4, P1 "Undo")
import { certificate } from '../domain/certificate.ts'
import type { ScrapCause, SessionOutcome } from '../domain/lists.ts'
import { request } from '../domain/request.ts'
import type { Cards } from '../pki/custody.ts'
import { releaseCard, scrapCard } from './cards.ts'
import { abandonCertificate } from './certificates.ts'
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
  await cards.erase(id)
  await perform(service, releaseCard, { key: id, data: { card: id, cause: why.outcome }, circumstances })
  await perform(service, scrapCard, {
    key: id,
    data: { card: id, cause: why.scrap, method: 'erased' },
    circumstances,
  })
  const key = `${requestId}|${number}`
  await perform(service, closeSession, {
    key,
    data: { request: requestId, outcome: why.outcome },
    circumstances,
  })
  return issued ? serial : undefined
}
