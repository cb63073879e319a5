// How long a revocation takes over the processes of production, from the answer of its command to the list and the OCSP answers that the
// status process serves over HTTP, while 50 commands a second are given to the API: beside one after the other with nothing else under way.
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, revocation as body } from '../support/life.ts'
import { findPostgres, findProgram } from '../support/services/programs.ts'
import { lookMs } from '../trial/process.ts'
import type { Asked, Comparison, Result, Speed } from './bench.ts'
import { delays, percentile, verdict } from './delays.ts'
import { withSite, type Site } from './productionSite.ts'
import type { Seen } from './relyingParty.ts'

/** Commands a second; fewer where it is only to be shown that it runs: a busy machine cannot carry out so many. */
const paceOf = ({ quick }: Asked): number => (quick ? 10 : 50)
/** One command of so many is a revocation; the others ask for a certificate. */
const share = 5
/** Revocations one after the other, a round of the baseline. */
const each = 3

type Given = Readonly<{ tookMs: number; answeredAt: number; seen?: Seen }>

/** By an officer, of her own motion: that revokes at once. @throws UnexpectedAnswer where it is refused */
const revoke = async ({ officer, relying, next }: Site): Promise<Given & { seen: Seen }> => {
  const serial = next()
  const begun = performance.now()
  await officer().post(`/certificates/${serial}/revocation`, { ...body, channel: 'internal' })
  const answeredAt = performance.now()
  return { tookMs: answeredAt - begun, answeredAt, seen: await relying.revoked(serial, answeredAt) }
}

/** @throws UnexpectedAnswer where it is refused */
const request = async ({ officer, entity }: Site): Promise<Given> => {
  const begun = performance.now()
  const demand = { entity, cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true }
  await officer().post('/requests', { ...demand, holder: agent })
  const answeredAt = performance.now()
  return { tookMs: answeredAt - begun, answeredAt }
}

type Plan = Readonly<{ count: number; aSecond: number; rounds: number }>
type Loaded = Readonly<{ given: readonly Given[]; reached: number }>

/** Commands at an even pace, whatever becomes of those before; none is given any more once one was refused. */
const load = async (site: Site, { count, aSecond }: Plan): Promise<Loaded> => {
  const under: Promise<Given>[] = []
  const failing = new AbortController()
  const start = performance.now()
  for (let n = 0; n < count && !failing.signal.aborted; n += 1) {
    const wait = start + (n * 1000) / aSecond - performance.now()
    if (wait > 0) await sleep(wait)
    const one = n % share === 0 ? revoke(site) : request(site)
    one.catch(() => failing.abort())
    under.push(one)
  }
  const ended = await Promise.allSettled(under)
  const faults = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (faults.length > 0)
    throw new Error(`of ${under.length} commands, ${faults.length} were not carried out, or are not seen`, {
      cause: faults[0],
    })
  const given = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const end = Math.max(...given.map(({ answeredAt }) => answeredAt))
  return { given, reached: (given.length * 1000) / (end - start) }
}

const alone = async (site: Site): Promise<readonly Seen[]> => {
  const seen: Seen[] = []
  for (let n = 0; n < each; n += 1) seen.push((await revoke(site)).seen)
  return seen
}

/** All of them, in their order, in as many parts as there are rounds. */
const parted = (seen: readonly Seen[], rounds: number): readonly (readonly Seen[])[] =>
  Array.from({ length: rounds }, (_, n) =>
    seen.slice(Math.floor((n * seen.length) / rounds), Math.floor(((n + 1) * seen.length) / rounds)),
  )

/** How many a minute there would be one after the other. What is worked at lies in other processes than this one. */
const speed = (seen: readonly Seen[], of: (one: Seen) => number): Speed => ({
  clock: 60_000 / percentile(seen.map(of), 0.5),
  work: NaN,
})

const ocspOf = ({ kept, fresh }: Seen): number => Math.max(kept, fresh)

type Measured = Loaded & Readonly<{ seen: readonly Seen[]; idle: readonly (readonly Seen[])[] }>

const measure = async (site: Site, plan: Plan): Promise<Measured> => {
  const { rounds } = plan
  // What is there when the first one is revoked is found by everybody for the first time.
  await alone(site)
  const idle: (readonly Seen[])[] = []
  const before = Math.ceil(rounds / 2)
  for (let round = 0; round < before; round += 1) idle.push(await alone(site))
  const loaded = await load(site, plan)
  for (let round = before; round < rounds; round += 1) idle.push(await alone(site))
  return { ...loaded, idle, seen: loaded.given.flatMap(({ seen }) => seen ?? []) }
}

const notesOf = ({ given, reached, seen, idle }: Measured, aSecond: number): readonly string[] => {
  const told = (of: (one: Seen) => number, from: readonly Seen[] = seen): string => delays(from.map(of))
  const crl = seen.map((one) => one.crl)
  const took = given.map(({ tookMs }) => tookMs)
  return [
    `processes: ${given.length} commands over HTTP, ${reached.toFixed(1)}/s of ${aSecond}/s reached, answered after p50 / p99 / ` +
      `longest ${delays(took)}; none was refused`,
    `processes: ${seen.length} of them revocations: answer of the command to CRL ${delays(crl)}; to OCSP without a nonce ` +
      `${told((one) => one.kept)}, with one ${told((one) => one.fresh)}; ${verdict(crl, seen.map(ocspOf))}`,
    `processes: ${idle.flat().length} with nothing else under way: to CRL ${told((one) => one.crl, idle.flat())}; to OCSP ` +
      told(ocspOf, idle.flat()),
    `processes: somebody looks at the status process every ${lookMs} ms, which is in the figures; PostgreSQL without fsync`,
  ]
}

export const revocationProcesses = async (asked: Asked): Promise<Result> => {
  if (findPostgres() === undefined || findProgram('redis-server') === undefined)
    return { comparisons: [], notes: ['processes: not measured, PostgreSQL and Redis are not installed'] }
  const rounds = asked.quick ? 2 : 5
  const aSecond = paceOf(asked)
  const count = aSecond * (asked.quick ? 5 : 20)
  const many = count / share + each * (rounds + 1)
  const measured = await withSite(many, (site) => measure(site, { count, aSecond, rounds }))
  const parts = parted(measured.seen, rounds)
  const compared = (where: string, of: (one: Seen) => number): Comparison => ({
    what: `processes, to ${where}, ${aSecond} commands/s`,
    ...{ unit: 'revocations/min', against: 'the same with nothing else under way' },
    ours: parts.map((part) => speed(part, of)),
    baseline: measured.idle.map((part) => speed(part, of)),
  })
  return {
    comparisons: [compared('the CRL', ({ crl }) => crl), compared('OCSP', ocspOf)],
    notes: notesOf(measured, aSecond),
  }
}
