// CGU-58: « Dans ce cadre, le porteur peut réaliser l’opération seul ». The session of a renewal without the RA: the holder puts in
// the card that he was given, and goes on to the PIN and to « Valider » as anybody does.
import { Type } from 'typebox'
import { allotCard } from '../commands/cards.ts'
import { issueInSession } from '../commands/issuanceActs.ts'
import { openSelfService } from '../commands/selfService.ts'
import { handOverCard } from '../commands/sessions.ts'
import { whileIssuing } from '../commands/whileIssuing.ts'
import { roomOn } from '../domain/policy/cards.ts'
import { request as requestFile } from '../domain/request.ts'
import { acceptedBy } from '../readmodels/certificates.ts'
import { accepted, lastOf, type Act } from './command.ts'
import { cardOf } from './openAtDesk.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, closed, code, id, note, sn } from './schemas.ts'
import { issue, requestOf, session } from './sessions.ts'

const opening = closed(
  { card: closed({ model: code, chipNumber: note }) },
  { examples: [{ card: { model: 'software-qscd', chipNumber: '8925 0000 0043' } }] },
)

type Card = Readonly<{ model: string; chipNumber: string }>

const open = async (api: Api, requestId: string, { model, chipNumber }: Card, act: Act) => {
  const { services } = api
  const room = roomOn(services.policy, services.cards.capabilities, model)
  if (room === undefined)
    return act.refuse(
      { code: 'CARD_NOT_QUALIFIED', clause: 'CGU-14', detail: model },
      { command: 'AllotCard', stream: `request-${requestId}` },
    )
  const card = await cardOf(api, { chipNumber }, act)
  const { file: before } = await requestOf(api, requestId)
  const earlier = await acceptedBy(services.db, [act.actor.person, ...(before?.samePersonAs ?? [])])
  const order = { request: requestId, ...room, earlier, card, serial: services.drawSerial() }
  const outcome = await act.carryOut(
    whileIssuing(services.authority.ca.id, openSelfService),
    order,
    requestId,
  )
  const { file } = await requestOf(api, requestId)
  const opened = file?.session
  if (file === undefined || opened?.card !== card) return accepted(requestId, outcome)
  const serials = [opened.serial, ...opened.recover]
  await act.goOn(
    allotCard(services.policy),
    { card, request: requestId, model, chipNumber, kind: file.cardKind, serials },
    requestId,
  )
  return { ...accepted(requestId, outcome), session: { number: opened.number, card, serial: opened.serial } }
}

/** The session, if it is the caller's own and without the RA; otherwise a refusal. */
const ownSession = async (api: Api, requestId: string, act: Act) => {
  const { file, revision } = await requestOf(api, requestId)
  const about = { command: handOverCard.type, stream: `request-${requestId}` }
  if (file !== undefined && file.person !== act.actor.person)
    return act.refuse({ code: 'ROLE_NOT_HELD', clause: 'CGU-06', detail: act.actor.role }, about)
  if (file?.session?.presence !== 'selfService')
    return act.refuse({ code: 'OUT_OF_ORDER', clause: 'CGU-34', detail: file?.status ?? 'unknown' }, about)
  return { revision }
}

const complete = async (api: Api, requestId: string, act: Act) => {
  const { services } = api
  const before = (await services.load(requestFile, requestId)).state
  const replayed =
    before.status === 'fulfilled' && before.identifiedAlone && before.person === act.actor.person
  if (!replayed) {
    act.expectSeen((await ownSession(api, requestId, act)).revision)
    await services.renewal.complete(requestId)
  }
  const { revision, written } = await services.load(requestFile, requestId)
  const outcome = { stream: `request-${requestId}`, revision, position: lastOf(written) }
  act.mark({ ...outcome, replayed })
  return accepted(requestId, outcome)
}

export const selfServiceRoutes = (api: Api): void => {
  const about = { tag: 'renewals', params: byId, who: ['holder'] } as const

  const opens = {
    url: '/requests/:id/self-service/session',
    summary: 'Open the session of a renewal alone, with the card that the holder was given',
  } as const
  const issues = {
    url: '/requests/:id/self-service/issuance',
    summary: 'Generate and escrow the key, sign the certificate, write the card',
  } as const
  const alone = { ...issueInSession, who: ['holder'] } as const
  const opener = whileIssuing(api.services.authority.ca.id, openSelfService)
  const nobody = '00000000-0000-0000-0000-000000000000'
  api.actions.list(opens, {
    ...{ on: 'request', decider: opener },
    data: (request) => ({
      request,
      card: nobody,
      serial: `4${'0'.repeat(31)}`,
      slots: 1,
      keySizes: [3072],
      earlier: [],
    }),
  })
  api.actions.list(issues, { on: 'request', decider: alone, data: (request) => ({ request }) })

  actRoute(api, {
    ...{ ...about, ...opens },
    clauses: ['CGU-14', 'CGU-43', 'CGU-58'],
    body: opening,
    created: true,
    command: openSelfService.type,
    extra: { session: Type.Optional(session) },
    run: ({ params, body, act }) => open(api, params.id, body.card, act),
  })
  actRoute(api, {
    ...{ ...about, ...issues },
    clauses: ['CGU-38', 'CGU-41', 'CGU-42', 'CGU-43', 'CGU-58', 'CGU-60'],
    command: alone.type,
    created: true,
    also: ({ id: requestId }) => `issuance ${requestId}`,
    extra: { serial: sn, card: id },
    run: async ({ params, act }) => {
      await act.carryOut(alone, { request: params.id })
      return await issue(api, params.id, act)
    },
  })
  actRoute(api, {
    ...about,
    url: '/requests/:id/self-service/handover',
    summary: 'End the renewal, once the PIN is set and the certificate accepted',
    description: 'The program records that the card is in the hand of its holder.',
    clauses: ['CGU-35', 'CGU-37', 'CGU-50', 'CGU-58'],
    command: handOverCard.type,
    also: ({ id: requestId }) => `issuance ${requestId}`,
    run: ({ params, act }) => complete(api, params.id, act),
  })
}
