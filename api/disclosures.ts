// CGU-112: personal data that leave the ledger, for somebody entitled, are on record, by two persons, until they are returned or
// destroyed.
import { Type } from 'typebox'
import { discloseData, endDisclosure } from '../commands/disclosures.ts'
import { disclosure } from '../domain/disclosure.ts'
import { disclosureEnd } from '../domain/lists.ts'
import { accepted } from './command.ts'
import { notFound, tag } from './readers.ts'
import { keepers } from './retention.ts'
import { actRoute, commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, d, h, id, note, orNull } from './schemas.ts'
import { secondOf } from './secondPerson.ts'

const disclosed = closed(
  {
    fields: Type.Array(code, { minItems: 1, uniqueItems: true }),
    unitCount: Type.Integer({ minimum: 1 }),
    returnBy: d,
    packageSha256: h,
    recipient: note,
    ground: note,
  },
  {
    examples: [
      {
        ...{ fields: ['surname', 'givenNames'], unitCount: 1, returnBy: '2026-12-31' },
        ...{ packageSha256: 'a'.repeat(64), recipient: 'juge d’instruction', ground: 'ordonnance n° 26/118' },
      },
    ],
  },
)
const ending = closed({ outcome: disclosureEnd }, { examples: [{ outcome: 'returned' }] })

export const disclosureRoutes = (api: Api): void => {
  const about = { tag: 'retention', clauses: ['CGU-111', 'CGU-112'] } as const

  actRoute(api, {
    ...about,
    url: '/disclosures',
    summary: 'Record that personal data are handed to somebody entitled',
    description:
      'An act of two persons: the other one is named by his own token in the header `Second-Person: Bearer …`.',
    body: disclosed,
    created: true,
    command: discloseData.type,
    who: discloseData.who,
    run: async ({ body, act }, reply) => {
      const second = await secondOf(api, reply)
      const order = { export: act.id, ...body, ...(second === undefined ? {} : { second }) }
      return accepted(act.id, await act.carryOut(discloseData, order))
    },
  })
  commandRoute(api, {
    ...about,
    url: '/disclosures/:id/ending',
    summary: 'Record that the data were returned or destroyed',
    params: byId,
    body: ending,
    decider: endDisclosure,
    trial: { on: 'disclosure', data: (exported) => ({ export: exported, outcome: 'returned' as const }) },
    data: ({ params, body }) => ({ export: params.id, ...body }),
  })

  readRoute(api, {
    ...about,
    url: '/disclosures/:id',
    summary: 'A disclosure',
    params: byId,
    actionsOf: { kind: 'disclosure', id: (params) => params.id },
    answer: Type.Object({
      id,
      stream: Type.String(),
      revision: Type.Integer(),
      status: Type.Enum(['produced', 'held', 'ended']),
      returnBy: orNull(d),
    }),
    read: async ({ request, reply, params }) => {
      const stream = `export-${params.id}`
      await api.who.actor(request, keepers, { command: 'disclosure', stream })
      const { state, revision } = await api.services.load(disclosure, params.id)
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      return { id: params.id, stream, revision, status: state.status, returnBy: state.returnBy ?? null }
    },
  })
}
