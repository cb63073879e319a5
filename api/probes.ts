// What an orchestrator asks, and the catalogue that problem documents lead to.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { problemCatalogue } from './problems.ts'
import { documented } from './routes.ts'
import type { Services } from './services.ts'

const about = { tag: 'operation', clauses: [] } as const
const states = Type.Record(Type.String(), Type.Union([Type.Literal(true), Type.String()]))
const checks = Type.Object({
  ready: Type.Boolean(),
  checks: states,
  // A service that is late with its work must not be taken out of service for it.
  alarms: states,
  state: Type.Optional(Type.Record(Type.String(), Type.String())),
})
const entry = Type.Object({
  code: Type.String(),
  status: Type.Integer(),
  clauses: Type.Array(Type.String()),
  fr: Type.String(),
  en: Type.String(),
})

/** Costs nothing and looks at nothing: it answers whoever asks, however often. */
export const livenessRoute = (app: FastifyInstance): void => {
  app.get(
    '/livez',
    {
      schema: {
        ...documented({ ...about, summary: 'Whether the process answers at all' }),
        response: { 200: Type.Object({ alive: Type.Boolean() }) },
      },
    },
    async () => ({ alive: true }),
  )
}

/** What readiness is judged by. */
export type Probed = Pick<Services, 'now' | 'health'> &
  Partial<Pick<Services, 'alarms'>> &
  Readonly<{
    /** What the process does now, where that is not always the same: name → word. */
    state?: () => Readonly<Record<string, string>>
    /** The process is being stopped: nobody is to be sent here any more, what is under way is finished. */
    isDraining?: (() => boolean) | undefined
  }>

/** So long a probe waits for what it looks at, in milliseconds: whoever asks waits for a few seconds only. */
const patienceMs = 3_000

/** So long one part is waited for whose silence is to hide nothing of what is looked at beside it, in milliseconds. */
export const shortPatienceMs = 1_500

/** What a look finds; `otherwise` where it fails, or finds nothing in time. */
export const inTime = async <T>(look: () => Promise<T>, otherwise: T, ms = patienceMs): Promise<T> => {
  const late = new AbortController()
  const tooLate = sleep(ms, otherwise, { ref: false, signal: late.signal })
  tooLate.catch(() => undefined)
  const looked = look().catch(() => otherwise)
  return Promise.race([looked, tooLate]).finally(() => late.abort())
}

const draining: Awaited<ReturnType<Services['health']>> = { service: 'is being stopped' }

/** However many ask, the parts are looked at once a second. */
const onceASecond = ({ now }: Probed, look: Services['health']): Services['health'] => {
  let last: Readonly<{ at: string; found: ReturnType<Services['health']> }> | undefined
  return () => {
    const at = now()
    if (last?.at !== at) last = { at, found: look() }
    return last.found
  }
}

export const readinessRoute = (app: FastifyInstance, probed: Probed): void => {
  const health = onceASecond(probed, probed.health)
  const alarms = onceASecond(probed, () =>
    inTime(probed.alarms ?? (async () => ({})), { alarms: 'cannot be looked at' }),
  )
  app.get(
    '/readyz',
    {
      schema: {
        ...documented({ ...about, summary: 'Whether every part works' }),
        response: { 200: checks, 503: checks },
      },
    },
    async (_, reply) => {
      const [found, told] = await Promise.all([health(), alarms()])
      const parts = { ...found, ...(probed.isDraining?.() === true ? draining : {}) }
      const ready = Object.values(parts).every((state) => state === true)
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({
          ...{ ready, checks: parts, alarms: told },
          ...(probed.state === undefined ? {} : { state: probed.state() }),
        })
    },
  )
}

export const catalogueRoute = (app: FastifyInstance): void => {
  app.get(
    '/problems',
    {
      schema: {
        ...documented({ ...about, summary: 'Every problem code, with its status, clauses and texts' }),
        response: { 200: Type.Array(entry) },
      },
    },
    async () => problemCatalogue(),
  )
}
