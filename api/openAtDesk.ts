// CGU-34: a session is opened at a desk, for a card that lies there; the card is allotted in the same act. Two live sessions on one
// desk never go on: the later one closes itself (events.md section 1, means D).
import { v5 } from 'uuid'
import { allotCard } from '../commands/cards.ts'
import type { Accepted } from '../commands/handle.ts'
import { openSession } from '../commands/sessions.ts'
import { whileIssuing } from '../commands/whileIssuing.ts'
import { card as cardAggregate, isAllotted } from '../domain/card.ts'
import type { Decision } from '../domain/kernel.ts'
import { notAllottable, roomOn, type Wanted } from '../domain/policy/cards.ts'
import { request as requestFile, type RequestFile, type Session } from '../domain/request.ts'
import { cardByChip, firstAtDesk } from '../readmodels/cards.ts'
import { acceptedBy } from '../readmodels/certificates.ts'
import { accepted, type Act } from './command.ts'
import { Problem } from './problems.ts'
import type { Api } from './routes.ts'

export type Opening = Readonly<{
  holderPresent: boolean
  desk: string
  card: Readonly<{ id?: string; model: string; chipNumber: string }>
  documentNumber?: string
}>

/** What is asked: a session of this request. */
type Case = Readonly<{ requestId: string; body: Opening; act: Act }>

const waitMs = 2000

const lagging = (): Problem => new Problem('PROJECTION_LAGGING', { headers: { 'retry-after': '1' } })

const fileOf = async ({ services }: Api, requestId: string): Promise<RequestFile | undefined> => {
  const { state } = await services.load(requestFile, requestId)
  return state.status === 'unknown' ? undefined : state
}

/** The card of the register that is there, by its chip; one that is not registered gets a number of its own. */
export const cardOf = async (
  { services }: Api,
  card: Readonly<{ id?: string; chipNumber: string }>,
  act: Act,
): Promise<string> =>
  (await cardByChip(services.db, services.reads.blind('chip', card.chipNumber))) ??
  card.id ??
  // Derived from the command's id, so that the same request after a crash goes on with the same card.
  v5('card', act.id)

/** Before the session is opened: a card that cannot be allotted must not leave one behind. */
const refuseCard = async (
  { services }: Api,
  wanted: Omit<Wanted, 'keys'>,
  act: Act,
  stream: string,
): Promise<void> => {
  const { state } = await services.load(cardAggregate, wanted.card)
  const holding = isAllotted(state)
    ? (await services.load(requestFile, state.request)).state
    : requestFile.initial
  const decision = notAllottable(services.policy, state, { ...wanted, keys: 1 }, holding)
  await refuseIf(decision, act, { command: 'AllotCard', stream })
}

const refuseIf = async (
  decision: Decision<never> | undefined,
  act: Act,
  about: Readonly<{ command: string; stream: string }>,
): Promise<void> => {
  if (decision !== undefined && 'refused' in decision) await act.refuse(decision.refused, about)
}

/**
 * The session looks back: was an earlier one open at its desk when it was opened? Then it undoes itself.
 * @throws Problem DESK_BUSY; PROJECTION_LAGGING: the same request, given again, looks back again
 */
const lookBack = async (
  { services }: Api,
  { requestId, body: { desk }, act }: Case,
  { position }: Accepted<unknown>,
): Promise<void> => {
  if (position === undefined || !(await services.reads.waitFor(position, waitMs))) throw lagging()
  const first = await firstAtDesk(services.db, desk)
  if (first === undefined || first.request === requestId) return
  await services.issuance.undo(requestId, { outcome: 'deskBusy', scrap: 'spoiled' })
  const about = { command: openSession.type, stream: `request-${requestId}` }
  await act.refuse({ code: 'DESK_BUSY', clause: 'CGU-34', detail: desk }, about)
}

/** Allots the card; when somebody was faster with it, the session that cannot have it is undone. */
const allot = async (
  api: Api,
  { requestId, body, act }: Case,
  file: RequestFile,
  session: Session,
): Promise<void> => {
  const { services } = api
  const { model, chipNumber } = body.card
  const order = {
    ...{ card: session.card, request: requestId, model, chipNumber, kind: file.cardKind },
    serials: [session.serial, ...session.recover],
  }
  try {
    await act.goOn(allotCard(services.policy), order, requestId)
  } catch (error) {
    if (error instanceof Problem)
      await services.issuance.undo(requestId, { outcome: 'cardFailed', scrap: 'spoiled' })
    throw error
  }
}

/** Opens the session of a request at a desk, and allots its card. */
export const openAtDesk = async (api: Api, requestId: string, body: Opening, act: Act) => {
  const { services } = api
  const { card: thing, ...rest } = body
  const stream = `request-${requestId}`
  const room = roomOn(services.policy, services.cards.capabilities, thing.model)
  if (room === undefined)
    return act.refuse(
      { code: 'CARD_NOT_QUALIFIED', clause: 'CGU-14', detail: thing.model },
      { command: 'AllotCard', stream },
    )
  const card = await cardOf(api, thing, act)
  const before = await fileOf(api, requestId)
  if (before?.status === 'validated') {
    const { person, cardKind: kind } = before
    await refuseCard(
      api,
      { card, person, kind, model: thing.model, chipNumber: thing.chipNumber },
      act,
      stream,
    )
  }
  const first = await firstAtDesk(services.db, body.desk)
  const outcome = await act.carryOut(
    whileIssuing(services.authority.ca.id, openSession),
    {
      ...{ request: requestId, ...rest, ...room, card, serial: services.drawSerial() },
      earlier:
        before === undefined ? [] : await acceptedBy(services.db, [before.person, ...before.samePersonAs]),
      ...(first === undefined ? {} : { atDesk: first.request }),
    },
    requestId,
  )
  const file = await fileOf(api, requestId)
  const session = file?.session
  if (file === undefined || session?.card !== card) return { ...accepted(requestId, outcome) }
  await lookBack(api, { requestId, body, act }, outcome)
  await allot(api, { requestId, body, act }, file, session)
  // The card's fact came last, but the request's revision is what the next command is about.
  const { number, serial } = session
  return { ...accepted(requestId, outcome), session: { number, card, serial } }
}
