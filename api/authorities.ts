// The issuing authority itself, and what becomes of its key.
// CGU-89: « S’interdit de transmettre la clé privée ». CGU-90: « Prend toutes les mesures nécessaires pour la détruire ».
import { Type, type Static, type TSchema } from 'typebox'
import {
  planServiceKeyDestruction,
  recordDestructionUnseen,
  recordServiceKeyCopy,
} from '../commands/serviceKeys.ts'
import { considerNow, foldOf } from '../commands/consider.ts'
import { sha256 } from '../commands/issuing.ts'
import { authority } from '../domain/authority.ts'
import { h } from '../domain/fields.ts'
import type { Command, Decider, Event } from '../domain/kernel.ts'
import { copyDirection, destructionMethod } from '../domain/lists.ts'
import type { Second } from '../domain/policy/dualControl.ts'
import type { ClauseId } from '../domain/refusals.ts'
import { serviceKey, type ServiceKey } from '../domain/serviceKey.ts'
import { heldAmong } from '../readmodels/retention.ts'
import { accepted, type Act } from './command.ts'
import { notFound, tag } from './readers.ts'
import { actRoute, readRoute, type Api } from './routes.ts'
import { secondOf } from './secondPerson.ts'
import { closed, code, d, id, orNull, t } from './schemas.ts'

export const byAuthority = closed({
  id: Type.String({ pattern: '^[0-9a-f]{16}$', description: 'As the answer of `/authorities` gives it.' }),
})

/** The issuing authority is the one that there is. The root has other ends. @throws Problem NOT_FOUND */
export const issuerOf = ({ services }: Api, asked: string): string =>
  asked === services.authority.ca.id ? asked : notFound()

const present = Type.String({
  minLength: 1,
  maxLength: 800,
  description: 'Who else was there, in words; sealed. The two who give the command are added.',
})
const digest = 'd4a1f0c3b29e87465f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60'
const copyId = '5b0c2f0e-8f0a-4c56-9b1d-0e6f4f3d2a10'
const notTried = 'not-tried'
const witness = 'témoin : contrôleur interne'
const copies = Type.Array(id, { maxItems: 100, uniqueItems: true })

const copying = closed(
  { copy: id, direction: copyDirection, minutesSha256: h, present },
  {
    examples: [{ copy: copyId, direction: 'backup', minutesSha256: digest, present: witness }],
  },
)
const destruction = closed(
  { copies, cause: code, present },
  { examples: [{ copies: [copyId], cause: 'endOfLife', present: witness }] },
)
const destroyed = closed(
  { copies, method: destructionMethod, minutesSha256: h, present },
  {
    examples: [
      {
        ...{ copies: [copyId], method: 'moduleErased' },
        ...{ minutesSha256: digest, present: witness },
      },
    ],
  },
)

type KeyRoute<B extends TSchema, S, C extends Command, E extends Event, F> = Readonly<{
  url: string
  summary: string
  clauses: readonly ClauseId[]
  body: B
  decider: Decider<S, C, E, F>
  data: (
    body: Static<B>,
    known: Readonly<{ servicekey: string; second?: Second }>,
    /** `observe`: for the command itself; `glance`: for a list of actions. */
    look: 'observe' | 'glance',
  ) => C['data'] | Promise<C['data']>
  /** What it is tried out with for the list of actions; the copies are all that there are. */
  tried: (copies: readonly string[]) => Static<B>
  /** What is done before it is recorded, where the record will be taken: it may be done again. */
  before?: (servicekey: string) => Promise<Partial<C['data']>>
}>

const copiesOf = (held: ServiceKey): readonly string[] => ('copies' in held ? held.copies : [])
/** A command on the authority's key, which two persons give together. */
const keyRoute = <B extends TSchema, S, C extends Command, E extends Event, F>(
  api: Api,
  { url, summary, clauses, body, decider, data, tried, before }: KeyRoute<B, S, C, E, F>,
): void => {
  const { load } = api.services
  const fold = foldOf(api.services)

  /** Whether the command would write something now. */
  const isOpen = async (wanted: C['data'], act: Act): Promise<boolean> => {
    const order = { type: decider.type, id: act.id, by: act.actor, at: act.at, data: wanted } as unknown as C
    const decision = await considerNow(decider, order, fold)
    return 'accepted' in decision && decision.accepted.length > 0
  }
  api.actions.list(
    { url, summary },
    {
      ...{ on: 'authority', decider },
      data: async (asked, by) => {
        const { state } = await load(authority, asked)
        const servicekey = 'servicekey' in state ? state.servicekey : ''
        const held = (await load(serviceKey, servicekey)).state
        // The other officer stands beside him: who it is, is seen when the command is given.
        const second = { person: `beside ${by.person}`, roles: ['caOfficer', 'securityOfficer'] } as const
        return await data(tried(copiesOf(held)), { servicekey, second }, 'glance')
      },
    },
  )
  actRoute(api, {
    ...{ url, summary, clauses, body, tag: 'authorities', params: byAuthority },
    description:
      'Given by one of the two officers; the other one is named by his own token in the header `Second-Person: Bearer …`.',
    command: decider.type,
    who: decider.who,
    run: async ({ params, body: given, act }, reply) => {
      const { state } = await api.services.load(authority, issuerOf(api, params.id))
      if (!('servicekey' in state)) return notFound()
      const { servicekey } = state
      const second = await secondOf(api, reply)
      const known = { servicekey, ...(second === undefined ? {} : { second }) }
      const wanted = await data(given, known, 'observe')
      const done = before !== undefined && (await isOpen(wanted, act)) ? await before(servicekey) : {}
      return accepted(servicekey, await act.carryOut(decider, { ...wanted, ...done }, servicekey))
    },
  })
}

export const authorityRoutes = (api: Api): void => {
  const { services } = api
  keyRoute(api, {
    url: '/authorities/:id/key-copies',
    summary: 'Record a copy of the key of the authority; none is ever transmitted',
    clauses: ['CGU-06', 'CGU-89', 'CGU-90'],
    body: copying,
    decider: recordServiceKeyCopy,
    data: (body, known) => ({ ...body, ...known }),
    tried: () => ({ copy: copyId, direction: 'backup' as const, minutesSha256: digest, present: witness }),
  })
  keyRoute(api, {
    url: '/authorities/:id/key-destruction',
    summary: 'Order the destruction of the key of the authority and of every copy',
    clauses: ['CGU-06', 'CGU-82', 'CGU-86', 'CGU-88', 'CGU-90', 'CGU-116'],
    body: destruction,
    decider: planServiceKeyDestruction,
    data: async (body, known, look) => {
      const { crlNumber: lastCrl } = await services.endOfLife[look]()
      const held = await heldAmong(services.db, [`reg/${known.servicekey}`])
      return { ...body, ...known, lastCrl, held: held.length > 0 }
    },
    tried: (all) => ({ copies: [...all], cause: 'endOfLife', present: witness }),
  })
  keyRoute(api, {
    url: '/authorities/:id/key-destruction-record',
    summary:
      'Destroy the key of the authority where it is on no token and has no copy; others go in a ceremony',
    clauses: ['CGU-06', 'CGU-90'],
    body: destroyed,
    decider: recordDestructionUnseen(services.endOfLife.isOnToken),
    // What the module answered to a signature with it: known once it is gone.
    data: (body, known) => ({ ...body, ...known, failedUseCode: notTried }),
    before: (servicekey) => services.endOfLife.destroyKey(servicekey),
    tried: (all) => ({
      ...{ copies: [...all], method: 'moduleErased' as const },
      ...{ minutesSha256: digest, present: witness },
    }),
  })

  readRoute(api, {
    url: '/authorities',
    summary: 'The issuing authority',
    tag: 'authorities',
    clauses: ['CGU-105'],
    answer: Type.Object({ authorities: Type.Array(Type.Object({ id: Type.String() })) }),
    read: async ({ request }) => {
      await api.readers.reader(request, {}, { screen: 'authorities' })
      return { authorities: [{ id: services.authority.ca.id }] }
    },
  })

  readRoute(api, {
    url: '/authorities/:id',
    summary: 'The issuing authority: its certificate, and whether it issues',
    actionsOf: { kind: 'authority', id: ({ id: asked }) => asked },
    tag: 'authorities',
    clauses: ['CGU-80', 'CGU-105'],
    params: byAuthority,
    answer: Type.Object({
      id: Type.String(),
      stream: Type.String(),
      revision: Type.Integer(),
      status: Type.String(),
      issuing: Type.Boolean(),
      notAfter: t,
      certificateSha256: h,
      ceasesOn: orNull(d),
    }),
    read: async ({ request, reply, params }) => {
      const stream = `authority-${params.id}`
      await api.readers.reader(request, {}, { screen: 'authority', stream })
      const { state, revision } = await services.load(authority, issuerOf(api, params.id))
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      const { status, issuing, notAfter } = state
      return {
        ...{ id: params.id, stream, revision, status, issuing, notAfter },
        certificateSha256: sha256(Buffer.from(state.der, 'base64')),
        ceasesOn: 'ceasesOn' in state ? state.ceasesOn : null,
      }
    },
  })
}
