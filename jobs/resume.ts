// What a crash left open is finished by the code that would have done it, or undone: an open session goes on to a written
// card, a refused or lapsed one is undone, an interrupted recovery is recorded as failed. Nothing is left that nobody
// accounts for. (events.md section 4)
import { refuseCertificate } from '../commands/certificates.ts'
import { issueCertificate, type Issuance } from '../commands/issueCertificate.ts'
import { LintRefused } from '../commands/issuing.ts'
import { perform, ProcessRefused, type Service } from '../commands/program.ts'
import { isNotThatCard } from '../commands/writeCard.ts'
import { failInterruptedRecovery, recoveryOf, sweepOutputs, type SweepTools } from '../commands/recoverKey.ts'
import type { InTurn } from '../domain/turns.ts'
import type { Each } from './port.ts'
import { unblockLater } from '../commands/unblocking.ts'
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

const isLate = ({ policy, now }: Service, at: string): boolean =>
  addSeconds(`${at.slice(0, 19)}Z`, policy.request.sessionMinutes * 60) <= now()

const isWithoutUse = (status: string): boolean => status === 'abandoned' || status === 'revoked'

/** The session of a request as it stands: to be carried on, to be undone, or waiting for people. */
const sessionNeeds = async (
  tools: Issuance,
  { stream, at }: OpenIntent,
): Promise<'issue' | 'begin' | 'refused' | 'unanswered' | 'lapsed' | 'handOver' | 'nothing'> => {
  const { service } = tools
  const file = (await service.ledger.load(request, idOf(stream))).state
  if (file.status !== 'inSession' || file.session === undefined) return 'nothing'
  if (await isSelfServiceDone(service, file)) return 'handOver'
  const signed = (await service.ledger.load(certificate, file.session.serial)).state
  if (signed.status === 'refused') return 'refused'
  if (await isUnanswered(service, file.session)) return 'unanswered'
  if (isLate(service, at) || isWithoutUse(signed.status)) return 'lapsed'
  const allotted = (await service.ledger.load(card, file.session.card)).state
  if (allotted.status !== 'allotted') return 'nothing'
  return signed.status === 'unknown' ? 'begin' : 'issue'
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

/** Carries an issuance to its written card. @throws ProcessRefused, LintRefused where that cannot be */
const carryOn = async (tools: Issuance, requestId: string): Promise<void> => {
  try {
    await issueCertificate(tools, requestId)
  } catch (error) {
    // The session stays open: whoever is at the desk puts the card back and goes on, or it lapses.
    if (!isNotThatCard(error)) throw error
  }
}

/**
 * Which open sessions are carried on. `all`: nobody takes commands yet. `begun`: others do, and only a certificate that was planned by who
 * has ended since is seen to. `none`: somebody sits at the desk; what has lapsed or was refused is undone all the same.
 */
export type CarryOn = 'all' | 'begun' | 'none'

/**
 * Finishes one open session, or undoes it. The caller holds its turn, so nobody is at it.
 * @throws ProcessRefused, LintRefused where it cannot be carried on
 */
export const resumeSession = async (
  tools: Issuance,
  intent: OpenIntent,
  carrying: CarryOn,
): Promise<void> => {
  const requestId = idOf(intent.stream)
  const needs = await sessionNeeds(tools, intent)
  if (needs === 'unanswered') await refuseUnanswered(tools, requestId)
  if (needs === 'handOver') await completeSelfService(tools.service, requestId)
  if (needs === 'refused' || needs === 'lapsed') await undone(tools, requestId, needs)
  const goesOn = carrying === 'all' ? ['issue', 'begin'] : carrying === 'begun' ? ['issue'] : []
  if (goesOn.includes(needs)) await carryOn(tools, requestId)
}

type ResumeTools = Issuance & SweepTools & Readonly<{ inTurn: InTurn }>

/** Undoes a session that could not be carried on, where it still has to be, or has nothing to end with. @returns whether it was */
const undoRefused = async (tools: Issuance, intent: OpenIntent): Promise<boolean> => {
  if (!['begin', 'issue', 'lapsed'].includes(await sessionNeeds(tools, intent))) return false
  await undone(tools, idOf(intent.stream), 'cardFailed')
  return true
}

/**
 * Undone is what was refused in a turn of its own: one that was lost in the middle of the act is no refusal (cli/compose/turns.ts), as
 * somebody else has gone on with the session.
 */
const resumeOrUndo = async (tools: ResumeTools, intent: OpenIntent, carrying: CarryOn): Promise<void> => {
  const requestId = idOf(intent.stream)
  try {
    await tools.inTurn(requestId, () => resumeSession(tools, intent, carrying))
  } catch (error) {
    if (!(error instanceof ProcessRefused) && !(error instanceof LintRefused)) throw error
    if (!(await tools.inTurn(requestId, () => undoRefused(tools, intent)))) throw error
  }
}

/** One that is executed now, here or in another process, holds its turn: once it is ours, whoever began it has ended. */
const failInterrupted = async (service: Service, inTurn: InTurn, spki: string): Promise<void> => {
  const recovery = await recoveryOf(service, spki)
  if (recovery !== undefined) await inTurn(recovery, () => failInterruptedRecovery(service, spki))
}

/** Goes through every open intent once. */
const resume = async (
  tools: ResumeTools,
  intents: readonly OpenIntent[],
  { carrying, each }: Readonly<{ carrying: CarryOn; each: Each }>,
): Promise<void> => {
  const intentsOf = (type: string) =>
    new Map(intents.filter((intent) => intent.type === type).map((intent) => [idOf(intent.stream), intent]))
  // First: a session may want a key that an interrupted recovery still holds.
  await each([...intentsOf('KeyRecoveryStarted').keys()], (id) =>
    failInterrupted(tools.service, tools.inTurn, id),
  )
  // The card is asked again: opened already, it says so.
  await each([...intentsOf('CardUnblockingStarted').keys()], (id) =>
    tools.inTurn(`card ${id}`, () => unblockLater(tools, id)),
  )
  const sessions = intentsOf('SessionOpened')
  await each([...sessions.keys()], async (id) => {
    const intent = sessions.get(id)
    if (intent !== undefined) await resumeOrUndo(tools, intent, carrying)
  })
}

/**
 * Goes on with everything that was begun, and takes what nobody will collect: outputs of executions that were cut off, or whose removal
 * has failed.
 * @param intentsNow the read model, once it has caught up
 */
export const resumeAll = async (
  tools: ResumeTools,
  intentsNow: () => Promise<readonly OpenIntent[]>,
  how: Readonly<{ carrying: CarryOn; each: Each }>,
): Promise<void> => {
  // Looked for first: what is put down later belongs to an execution that is known or has yet to begin.
  const outputs = await tools.deliveries.inventory()
  await resume(tools, await intentsNow(), how)
  await how.each(outputs.length === 0 ? [] : ['outputs'], () => sweepOutputs(tools, outputs))
}
