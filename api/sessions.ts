// CGU-34, CGU-35: personalisation at the desk. One session is one serial, one key, one card.
import { Type } from 'typebox'
import { v5 } from 'uuid'
import { allotCard } from '../commands/cards.ts'
import { openSession } from '../commands/sessions.ts'
import { card as cardAggregate } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { request as requestFile, type RequestFile, type Session } from '../domain/request.ts'
import { accepted, lastOf, type Act } from './command.ts'
import { notFound } from './readers.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, closed, code, id, n, note, sn } from './schemas.ts'

const opening = closed(
  {
    holderPresent: Type.Boolean({ description: 'CGU-34: without the holder nothing is issued.' }),
    desk: Type.Optional(id),
    card: closed({ model: code, chipNumber: note }),
    documentNumber: Type.Optional(note),
  },
  {
    examples: [{ holderPresent: true, card: { model: 'software-qscd', chipNumber: '8925 0000 0042' } }],
  },
)

const abandonment = closed(
  { outcome: Type.Enum(['deskBusy', 'cardFailed', 'abandoned', 'holderLeft']) },
  { examples: [{ outcome: 'holderLeft' }] },
)

export const session = Type.Object({ number: n, card: id, serial: sn })

type Opening = Readonly<{
  holderPresent: boolean
  desk?: string
  card: Readonly<{ model: string; chipNumber: string }>
  documentNumber?: string
}>

/** CGU-43: every old key still in escrow goes on the new card, newest first, as far as there is room beside the new one. */
export const planOf = async (api: Api, file: RequestFile | undefined, slots: number) => {
  const old = file === undefined ? [] : await api.services.issuance.oldKeys(file.person)
  const leftOut = old.slice(slots - 1).map((serial) => ({ serial, cause: 'cardFull' as const }))
  return { recover: old.slice(0, slots - 1), leftOut }
}

export const requestOf = async (api: Api, requestId: string) => {
  const { state, revision } = await api.services.load(requestFile, requestId)
  return { file: state.status === 'unknown' ? undefined : state, revision }
}

const fileOf = async (api: Api, requestId: string): Promise<RequestFile | undefined> =>
  (await requestOf(api, requestId)).file

const open = async (api: Api, requestId: string, body: Opening, act: Act) => {
  const { services } = api
  const { model, chipNumber } = body.card
  const stream = `request-${requestId}`
  const slots = services.policy.card.models.find(({ code: known }) => known === model)?.slots
  // Before the session is opened: a card that cannot be allotted must not leave one behind.
  if (slots === undefined)
    return act.refuse(
      { code: 'CARD_NOT_QUALIFIED', clause: 'CGU-14', detail: model },
      { command: 'AllotCard', stream },
    )
  // Derived from the command's id, so that the same request after a crash goes on with the same card.
  const card = v5('card', act.id)
  const plan = await planOf(api, await fileOf(api, requestId), slots)
  const { card: _, ...rest } = body
  const outcome = await act.carryOut(
    openSession,
    { request: requestId, ...rest, ...plan, card, serial: services.drawSerial() },
    requestId,
  )
  const file = await fileOf(api, requestId)
  const opened = file?.session
  if (file === undefined || opened?.card !== card) return { ...accepted(requestId, outcome) }
  const { cardKind: kind } = file
  const serials = [opened.serial, ...opened.recover]
  await act.goOn(
    allotCard(services.policy),
    { card, request: requestId, model, chipNumber, kind, serials },
    requestId,
  )
  // The card's fact came last, but the request's revision is what the next command is about.
  return { ...accepted(requestId, outcome), session: shown(opened) }
}

export const shown = ({ number, card, serial }: Session) => ({ number, card, serial })

export const sessionRoutes = (api: Api): void => {
  const { services } = api
  const about = { tag: 'sessions', clauses: ['CGU-34'], params: byId } as const

  actRoute(api, {
    ...about,
    url: '/requests/:id/sessions',
    summary: 'Open the personalisation session, the holder present, and allot the card',
    clauses: ['CGU-14', 'CGU-34', 'CGU-43'],
    body: opening,
    created: true,
    command: openSession.type,
    who: openSession.who,
    extra: { session: Type.Optional(session) },
    run: ({ params, body, act }) => open(api, params.id, body, act),
  })

  actRoute(api, {
    ...about,
    url: '/requests/:id/sessions/current/issuance',
    summary: 'Generate and escrow the key, sign the certificate, write the card',
    clauses: ['CGU-34', 'CGU-38', 'CGU-41', 'CGU-42', 'CGU-43', 'CGU-60'],
    command: 'IssueCertificate',
    who: ['raOfficer'],
    created: true,
    also: ({ id: requestId }) => `issuance ${requestId}`,
    extra: { serial: sn, card: id },
    run: async ({ params, act }) => {
      const { file, revision: seen } = await requestOf(api, params.id)
      if (file?.session === undefined)
        return act.refuse(
          { code: 'OUT_OF_ORDER', clause: 'CGU-34', detail: file?.status ?? 'unknown' },
          { command: 'IssueCertificate', stream: `request-${params.id}` },
        )
      const { card } = file.session
      const { status } = (await services.load(cardAggregate, card)).state
      const replayed = status === 'written' || status === 'inUse'
      if (!replayed) act.expectSeen(seen)
      const serial = await services.issuance.issue(params.id)
      const { revision } = await services.load(certificate, serial)
      // The card is written last: who has seen that has seen all.
      const position = lastOf((await services.load(cardAggregate, card)).written)
      act.mark({ position, replayed })
      return { ...accepted(serial, { stream: `certificate-${serial}`, revision, position }), serial, card }
    },
  })

  actRoute(api, {
    ...about,
    url: '/requests/:id/sessions/current/abandonment',
    summary: 'Undo the session as far as it had come',
    description: 'What was signed is revoked, the card is erased and scrapped. The request stays validated.',
    clauses: ['CGU-34', 'CGU-75'],
    body: abandonment,
    command: 'UndoIssuance',
    who: ['raOfficer'],
    also: ({ id: requestId }) => `issuance ${requestId}`,
    extra: { revoked: Type.Optional(sn) },
    run: async ({ params, body, act }) => {
      const { file, revision: seen } = await requestOf(api, params.id)
      if (file === undefined) return notFound()
      const replayed = file.session === undefined
      if (!replayed) act.expectSeen(seen)
      const revoked = await services.issuance.undo(params.id, { outcome: body.outcome, scrap: 'spoiled' })
      const { revision, written } = await services.load(requestFile, params.id)
      const outcome = { stream: `request-${params.id}`, revision, position: lastOf(written) }
      act.mark({ ...outcome, replayed })
      return { ...accepted(params.id, outcome), ...(revoked === undefined ? {} : { revoked }) }
    },
  })
}
