// How often somebody may ask, in buckets of their own: who fetches lists and statuses does not use up what signing in has, nor
// commands what reading has. Addresses are limited before anything is looked at, accounts once they are known.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { HeldAccount } from '../../commands/posts.ts'
import { Problem } from '../problems.ts'
import { networkOf } from '../rateStore.ts'

/** Requests a minute. */
export type Limits = Readonly<{
  /** Of an address, to the API: many people may be behind one. */
  api: number
  /** Of an address, to what relying parties fetch. */
  publication: number
  /** Of an address, to what signs in: `/auth` and `/oauth`. */
  entrance: number
  /** Of an account. */
  commands: number
  reads: number
  /** Failed sign-ins that are written down one by one: beyond, they are counted (api/signIn/beyondLimits.ts). */
  signIn: Readonly<{ perAddress: number; inAll: number }>
}>

export const defaultLimits: Limits = {
  api: 1200,
  publication: 60_000,
  entrance: 60,
  commands: 300,
  reads: 900,
  signIn: { perAddress: 10, inAll: 60 },
}

/** One more of a bucket. @throws Problem TOO_MANY_REQUESTS, with when to come back */
export type Count = (request: FastifyRequest) => Promise<void>

/** A bucket of `max` a minute for each key; by default the key is the address, of IPv6 its network. */
export const bucketOf = (
  app: FastifyInstance,
  max: number,
  keyOf: (request: FastifyRequest) => string = ({ ip }) => networkOf(ip),
): Count => {
  const count = app.createRateLimit({ max, timeWindow: 60_000, keyGenerator: keyOf })
  return async (request) => {
    const state = await count(request)
    if (!state.isAllowed && state.isExceeded)
      throw new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(state.ttlInSeconds) } })
  }
}

/** The bucket of what an account asks for: of commands, or of reads. */
export const accountBuckets = (app: FastifyInstance, limits: Pick<Limits, 'commands' | 'reads'>) => {
  const keyOf = ({ account }: Readonly<{ account: HeldAccount | undefined }>): string => account?.id ?? ''
  const commands = bucketOf(app, limits.commands, keyOf)
  const reads = bucketOf(app, limits.reads, keyOf)
  return (request: FastifyRequest): Promise<void> =>
    request.method === 'GET' || request.method === 'HEAD' ? reads(request) : commands(request)
}
