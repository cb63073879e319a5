// P2, after the holder's request: the look back, then what the program does for whoever renews alone (events.md section 4).
// Each step is harmless when it is taken again: a crash between two of them is finished by the same code.
import { card } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { renews } from '../domain/policy/renewal.ts'
import { request, type Request } from '../domain/request.ts'
import { closeDuplicate } from './closeDuplicate.ts'
import { perform, ProcessRefused, type Service } from './program.ts'
import { handOverCard } from './sessions.ts'
import { validateRequest } from './validateRequest.ts'

const load = async (service: Service, requestId: string): Promise<Request> =>
  (await service.ledger.load(request, requestId)).state

/** Gives way to a renewal of the same certificate that ranks before. Whether it did, now or earlier. */
const givesWay = async (
  service: Service,
  requestId: string,
  earlier: readonly string[],
): Promise<boolean> => {
  const file = await load(service, requestId)
  if (file.status === 'closed') return true
  if (file.status !== 'open' && file.status !== 'validated') return false
  for (const other of earlier) {
    if (!renews(await load(service, other), file.previous ?? '')) continue
    await perform(service, closeDuplicate, {
      key: requestId,
      data: { request: requestId, earlier: other },
      circumstances: { correlationId: requestId },
    })
    return true
  }
  return false
}

/** What has become of a renewal once the program has done its part. */
export type Settled = 'duplicate' | 'validated' | 'open'

/**
 * Settles a renewal that has been asked for: one of two gives way, and one that needs no officer is validated.
 * @param earlier renewals of the same certificate that rank before it, all of them
 */
export const settleRenewal = async (
  service: Service,
  requestId: string,
  earlier: readonly string[],
): Promise<Settled> => {
  if (await givesWay(service, requestId, earlier)) return 'duplicate'
  const file = await load(service, requestId)
  if (file.status !== 'open' || !file.identifiedAlone) return file.status === 'open' ? 'open' : 'validated'
  try {
    await perform(service, validateRequest(service.policy), {
      key: requestId,
      data: { request: requestId },
      circumstances: { correlationId: requestId },
    })
    return 'validated'
  } catch (error) {
    // It stays open, for the holder and the RA to see to: his entity is no longer verified, or new conditions are in force.
    if (error instanceof ProcessRefused) return 'open'
    throw error
  }
}

/** CGU-58: the PIN is set and « Valider » was said: the session ends with the card in the holder's hand. @throws ProcessRefused */
export const completeSelfService = async (service: Service, requestId: string): Promise<void> => {
  const file = await load(service, requestId)
  if (file.status === 'fulfilled') return
  const number = file.status === 'inSession' ? (file.session?.number ?? 0) : 0
  await perform(service, handOverCard, {
    key: `${requestId}|${number}`,
    data: { request: requestId, receipt: 'CGU-58' },
    circumstances: { correlationId: requestId },
  })
}

/** Whether a session waits for nothing but `completeSelfService`. */
export const isSelfServiceDone = async (service: Service, file: Request): Promise<boolean> => {
  if (file.status !== 'inSession' || file.session?.presence !== 'selfService') return false
  const { card: id, serial } = file.session
  const [held, signed] = [
    (await service.ledger.load(card, id)).state,
    (await service.ledger.load(certificate, serial)).state,
  ]
  return held.status === 'inUse' && signed.status === 'accepted'
}
