// Header `Idempotency-Key`: one key, one request. The ledger itself makes a repeated command harmless; what is kept here is
// whose key it is and what for, so that a key used again for something else is refused and not taken for a repetition.
import type { FastifyRequest } from 'fastify'
import { v5 } from 'uuid'
import { addDays, addHours } from '../domain/policy/dates.ts'
import { claimKey, forgetKeys } from '../readmodels/idempotency.ts'
import { accountOf } from './auth.ts'
import { Problem } from './problems.ts'
import type { Services } from './services.ts'

const keptDays = 30

const uuid = /^"?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"?$/i

/** The key, as the client drew it. @throws Problem IDEMPOTENCY_KEY_MISSING */
export const keyOf = ({ headers }: FastifyRequest): string => {
  const header = headers['idempotency-key']
  const key = typeof header === 'string' ? uuid.exec(header)?.[1] : undefined
  if (key === undefined) throw new Problem('IDEMPOTENCY_KEY_MISSING')
  return key.toLowerCase()
}

const namespace = '0519b800-df6c-4d10-941a-3a9e4d51f7e6'

/**
 * The id of the command that an account gives with a key: uuidv5(namespace, `account|key`). A namespace of its own, because
 * an id that clients could choose could be that of an order of the system's own, which would then pass for carried out.
 */
export const commandIdOf = (account: string, key: string): string => v5(`${account}|${key}`, namespace)

/** The same text for the same value, whatever the order of its fields. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`
}

const without = (body: unknown, secrets: readonly string[]): unknown =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
    ? Object.fromEntries(Object.entries(body).filter(([name]) => !secrets.includes(name)))
    : body

export type Keys = Readonly<{
  /**
   * Runs `act` as the one request that holds this key, and `also`, at this moment.
   * @param secrets fields of the body that leave no trace, not even a keyed one
   * @throws Problem IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_FLIGHT
   */
  hold: <T>(
    request: FastifyRequest,
    held: Readonly<{ key: string; also?: string; secrets?: readonly string[] }>,
    act: () => Promise<T>,
  ) => Promise<T>
}>

export const createKeys = (services: Services): Keys => {
  let forgetAt = services.now()

  /** Once an hour, beside a claim: keys that have lapsed need no longer be kept. */
  const forget = async (at: string): Promise<void> => {
    if (at < forgetAt) return
    forgetAt = addHours(at, 1)
    await forgetKeys(services.db, addDays(at, -keptDays))
  }

  /** Keyed, because a plain digest of a name or a matricule can be guessed (events.md section 6). */
  const claim = async (
    request: FastifyRequest,
    key: string,
    secrets: readonly string[],
  ): Promise<'ours' | 'other'> => {
    const path = request.url.split('?')[0] ?? ''
    const text = `${request.method} ${path} ${canonical(without(request.body, secrets) ?? null)}`
    const at = services.now()
    await forget(at)
    return claimKey(services.db, {
      key,
      account: accountOf(request).id,
      fingerprint: services.reads.blind('idempotency', text),
      at,
      since: addDays(at, -keptDays),
    })
  }

  return {
    hold: async (request, { key, also, secrets = [] }, act) => {
      const names = also === undefined ? [key] : [key, also]
      const giveBack = await services.alone(names)
      if (giveBack === undefined)
        throw new Problem('IDEMPOTENCY_KEY_IN_FLIGHT', { headers: { 'retry-after': '1' } })
      try {
        if ((await claim(request, key, secrets)) === 'other') throw new Problem('IDEMPOTENCY_KEY_REUSED')
        return await act()
      } finally {
        await giveBack()
      }
    },
  }
}
