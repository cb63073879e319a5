// What a crash left open is finished by the code that would have done it, or undone: an open session goes on to a written
// card, a refused or lapsed one is undone, an interrupted recovery is recorded as failed. Nothing is left that nobody
// accounts for. (events.md section 4)
import { refuseCertificate } from '../commands/certificates.ts'
import { issueCertificate, type Issuance } from '../commands/issueCertificate.ts'
import { LintRefused } from '../commands/issuing.ts'
import { perform, ProcessRefused, type Service } from '../commands/program.ts'
import { isCardGone } from '../commands/writeCard.ts'
import { failInterruptedRecovery, sweepOutputs, type RecoveryTools } from '../commands/recoverKey.ts'
import type { InTurn } from '../domain/turns.ts'
import { unblockCard } from '../commands/unblocking.ts'
import { completeSelfService, isSelfServiceDone } from '../commands/renewals.ts'
import { undoIssuance } from '../commands/undoIssuance.ts'
import { card } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { addSeconds } from '../domain/policy/dates.ts'
import { request, type Session } from '../domain/request.ts'

/** An intent without its outcome, as the read model lists it. */
export type OpenIntent = Readonly<{ stream: string; type: string; at: string }>

const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1)

/** CGU-37: the holder has had the written card and its certificate before him for as long as the policy gives him, or longer. */
const isUnanswered = async (service: Service, { serial, card: id }: Session): Promise<boolean> => {
  const { ledger, policy, now } = service
  if ((await ledger.load(certificate, serial)).state.status !== 'issued') return false
  let written: string | undefined
  for await (const { type, body } of ledger.stream(`card-${id}`))
    if (type === 'CardWritten') written = body.at
  if (written === undefined) return false
  return addSeconds(`${written.slice(0, 19)}Z`, policy.request.acceptanceMinutes * 60) <= now()
}

/** Refuses, for the holder who has not answered. */
const refuseFor = async (service: Service, requestId: string, serial: string): Promise<void> => {
  const signed = (await service.ledger.load(certificate, serial)).state
  if (signed.status !== 'issued') return
  await perform(service, refuseCertificate(service.policy), {
    key: serial,
    data: { serial, presentedSha256: signed.certSha256, presentedAt: signed.notBefore, cause: 'noAnswer' },
    circumstances: { correlationId: requestId },
  })
}

/** The session of a request as it stands: to be carried on, to be undone, or waiting for people. */
const sessionNeeds = async (
  tools: Issuance,
  { stream, at }: OpenIntent,
): Promise<'issue' | 'refused' | 'unanswered' | 'lapsed' | 'handOver' | 'nothing'> => {
  const { service } = tools
  const file = (await service.ledger.load(request, idOf(stream))).state
  if (file.status !== 'inSession' || file.session === undefined) return 'nothing'
  if (await isSelfServiceDone(service, file)) return 'handOver'
  const signed = (await service.ledger.load(certificate, file.session.serial)).state
  if (signed.status === 'refused') return 'refused'
  if (await isUnanswered(service, file.session)) return 'unanswered'
  const lapses = addSeconds(`${at.slice(0, 19)}Z`, service.policy.request.sessionMinutes * 60)
  if (lapses <= service.now() || signed.status === 'abandoned' || signed.status === 'revoked') return 'lapsed'
  const allotted = (await service.ledger.load(card, file.session.card)).state
  return allotted.status === 'allotted' ? 'issue' : 'nothing'
}

/** Undoes a session that cannot come to its end. */
const undone = (tools: Issuance, requestId: string, outcome: 'refused' | 'lapsed' | 'cardFailed') =>
  undoIssuance(tools, requestId, { outcome, scrap: outcome === 'refused' ? 'refused' : 'spoiled' })

const refuseUnanswered = async (tools: Issuance, requestId: string): Promise<void> => {
  const file = (await tools.service.ledger.load(request, requestId)).state
  if (file.status !== 'inSession' || file.session === undefined) return
  await refuseFor(tools.service, requestId, file.session.serial)
  await undone(tools, requestId, 'refused')
}

/** Carries an issuance to its written card, or undoes the session. */
const carryOn = async (tools: Issuance, requestId: string): Promise<void> => {
  try {
    await issueCertificate(tools, requestId)
  } catch (error) {
    // The session stays open: whoever is at the desk puts the card back and goes on, or it lapses.
    if (isCardGone(error)) return
    if (!(error instanceof ProcessRefused) && !(error instanceof LintRefused)) throw error
    await undone(tools, requestId, 'cardFailed')
  }
}

/**
 * Finishes one open session, or undoes it.
 * @param started sessions whose issuance had been asked for before the stop are carried on; at run time only the lapsed
 *   and the refused are touched, because somebody sits at the desk
 */
export const resumeSession = async (tools: Issuance, intent: OpenIntent, started: boolean): Promise<void> => {
  const requestId = idOf(intent.stream)
  const needs = await sessionNeeds(tools, intent)
  if (needs === 'unanswered') await refuseUnanswered(tools, requestId)
  if (needs === 'handOver') await completeSelfService(tools.service, requestId)
  if (needs === 'refused' || needs === 'lapsed') await undone(tools, requestId, needs)
  if (needs === 'issue' && started) await carryOn(tools, requestId)
}

/** An unblocking waits for its card: it is asked again at the next turn. */
const unblockLater = async (tools: Issuance, id: string): Promise<void> => {
  try {
    await unblockCard(tools, id)
  } catch (error) {
    if (!isCardGone(error)) throw error
  }
}

/**
 * Goes through every open intent once.
 * @param startUp true before the service takes commands
 */
export const resume = async (
  tools: Issuance & Pick<RecoveryTools, 'deliveries'> & Readonly<{ inTurn: InTurn }>,
  intents: readonly OpenIntent[],
  startUp: boolean,
): Promise<void> => {
  const intentsOf = (type: string) => intents.filter((intent) => intent.type === type)
  if (startUp) {
    await sweepOutputs(tools)
    // First: a session may want a key that an interrupted recovery still holds.
    for (const { stream } of intentsOf('KeyRecoveryStarted'))
      await failInterruptedRecovery(tools.service, idOf(stream))
  }
  // The card is asked again: opened already, it says so.
  for (const { stream } of intentsOf('CardUnblockingStarted'))
    await tools.inTurn(`card ${idOf(stream)}`, () => unblockLater(tools, idOf(stream)))
  for (const intent of intentsOf('SessionOpened'))
    await tools.inTurn(idOf(intent.stream), () => resumeSession(tools, intent, startUp))
}
