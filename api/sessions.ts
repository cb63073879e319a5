// CGU-34, CGU-35: personalisation at the desk. One session is one serial, one key, one card.
import { Type } from 'typebox'
import { issueInSession, undoSession } from '../commands/issuanceActs.ts'
import { openSession } from '../commands/sessions.ts'
import { whileIssuing } from '../commands/whileIssuing.ts'
import { card as cardAggregate } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { request as requestFile } from '../domain/request.ts'
import { anyDeskInService } from '../readmodels/components.ts'
import { accepted, lastOf, type Act } from './command.ts'
import { openAtDesk } from './openAtDesk.ts'
import { notFound } from './readers.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, closed, code, id, n, note, sn } from './schemas.ts'

const opening = closed(
  {
    holderPresent: Type.Boolean({ description: 'CGU-34: without the holder nothing is issued.' }),
    desk: { ...id, description: 'The component where it takes place. One session at a time.' },
    card: closed({
      id: Type.Optional({
        ...id,
        description: 'A card of the register: of the stock, or in its holder’s use.',
      }),
      model: code,
      chipNumber: note,
    }),
    documentNumber: Type.Optional(note),
  },
  {
    examples: [
      {
        holderPresent: true,
        desk: '5d0f7c1e-0000-4000-8000-000000000007',
        card: { model: 'software-qscd', chipNumber: '8925 0000 0042' },
      },
    ],
  },
)

const abandonment = closed(
  { outcome: Type.Enum(['cardFailed', 'abandoned', 'holderLeft']) },
  { examples: [{ outcome: 'holderLeft' }] },
)

export const session = Type.Object({ number: n, card: id, serial: sn })

export const requestOf = async (api: Api, requestId: string) => {
  const { state, revision } = await api.services.load(requestFile, requestId)
  return { file: state.status === 'unknown' ? undefined : state, revision }
}

/** Carries the open session to its card; given again, it answers what has become of it. */
export const issue = async ({ services }: Api, requestId: string, act: Act) => {
  const { state } = await services.load(requestFile, requestId)
  const card = state.status === 'unknown' ? undefined : state.session?.card
  const before = card === undefined ? undefined : (await services.load(cardAggregate, card)).state.status
  const serial = await services.issuance.issue(requestId)
  const { revision } = await services.load(certificate, serial)
  // The card is written last: who has seen that has seen all.
  const position = card === undefined ? undefined : lastOf((await services.load(cardAggregate, card)).written)
  act.mark({ position, replayed: before === 'written' || before === 'inUse' })
  return { ...accepted(serial, { stream: `certificate-${serial}`, revision, position }), serial, card }
}

export const sessionRoutes = (api: Api): void => {
  const { services } = api
  const about = { tag: 'sessions', clauses: ['CGU-34'], params: byId } as const
  const nobody = '00000000-0000-0000-0000-000000000000'

  // Tried with a desk that is free and a card that nobody knows: what is left to refuse is the request, or the caller.
  api.actions.list(
    { url: '/requests/:id/sessions', summary: 'Open the personalisation session, the holder present' },
    {
      on: 'request',
      decider: whileIssuing(services.authority.ca.id, openSession),
      // At some desk that is in service: which one the officer sits at, the request does not say.
      data: async (request) => ({
        desk: (await anyDeskInService(services.db)) ?? nobody,
        ...{ request, holderPresent: true, card: nobody, serial: `4${'0'.repeat(31)}` },
        ...{ slots: 1, keySizes: [3072], earlier: [] },
      }),
    },
  )

  actRoute(api, {
    ...about,
    url: '/requests/:id/sessions',
    summary: 'Open the personalisation session, the holder present, and allot the card',
    clauses: ['CGU-14', 'CGU-34', 'CGU-43', 'CGU-80'],
    body: opening,
    created: true,
    command: openSession.type,
    who: openSession.who,
    extra: { session: Type.Optional(session) },
    run: ({ params, body, act }) => openAtDesk(api, params.id, body, act),
  })

  const issuing = {
    url: '/requests/:id/sessions/current/issuance',
    summary: 'Generate and escrow the key, sign the certificate, write the card',
  } as const
  const undoing = {
    url: '/requests/:id/sessions/current/abandonment',
    summary: 'Undo the session as far as it had come',
  } as const
  const ofRequest = (request: string) => ({ request })
  // A holder has his own renewal issued elsewhere (selfService.ts).
  const atDesk = { ...issueInSession, who: ['raOfficer'] } as const
  api.actions.list(issuing, { on: 'request', decider: atDesk, data: ofRequest })
  api.actions.list(undoing, { on: 'request', decider: undoSession, data: ofRequest })

  actRoute(api, {
    ...{ ...about, ...issuing },
    clauses: ['CGU-34', 'CGU-38', 'CGU-41', 'CGU-42', 'CGU-43', 'CGU-60'],
    command: atDesk.type,
    who: atDesk.who,
    created: true,
    also: ({ id: requestId }) => `issuance ${requestId}`,
    extra: { serial: sn, card: id },
    run: async ({ params, act }) => {
      await act.carryOut(atDesk, ofRequest(params.id))
      return await issue(api, params.id, act)
    },
  })

  actRoute(api, {
    ...{ ...about, ...undoing },
    description: 'What was signed is revoked, the card is erased and scrapped. The request stays validated.',
    clauses: ['CGU-34', 'CGU-75'],
    body: abandonment,
    command: undoSession.type,
    who: undoSession.who,
    also: ({ id: requestId }) => `issuance ${requestId}`,
    extra: { revoked: Type.Optional(sn) },
    run: async ({ params, body, act }) => {
      const { file } = await requestOf(api, params.id)
      if (file === undefined) return notFound()
      const replayed = file.session === undefined && file.sessions > 0
      if (!replayed) await act.carryOut(undoSession, ofRequest(params.id))
      const revoked = await services.issuance.undo(params.id, { outcome: body.outcome, scrap: 'spoiled' })
      const { revision, written } = await services.load(requestFile, params.id)
      const outcome = { stream: `request-${params.id}`, revision, position: lastOf(written) }
      act.mark({ ...outcome, replayed })
      return { ...accepted(params.id, outcome), ...(revoked === undefined ? {} : { revoked }) }
    },
  })
}
