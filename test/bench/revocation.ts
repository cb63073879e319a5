// How long a revocation takes from its command to the CRL and to OCSP, while 50 of them come in a second, by how much is revoked already.
import { sql } from 'kysely'
import { randomUUID, createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { revokeCertificate } from '../../commands/revocations.ts'
import { crlEntriesUpTo, latestCrl } from '../../readmodels/crls.ts'
import { ocspAnswers } from '../../readmodels/ocspAnswer.ts'
import * as f from '../commands/facts.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { speedOf, type Asked, type Bench, type Comparison, type Result } from './bench.ts'
import { delays, verdict } from './delays.ts'
import { revocable } from './revocable.ts'
import { revocationProcesses } from './revocationProcesses.ts'

const aSecond = 50
/** How often somebody looks, in milliseconds: what is measured is too long by as much at most. */
const lookMs = 20

/** As many certificates that were revoked before: rows that the list, its digest and the table are made of. */
const fillUp = async ({ services }: Embedded, like: string, count: number): Promise<void> => {
  if (count === 0) return
  await sql`insert into certificate_status
    (issuer, serial, profile, status, request, person, spki_sha256, cert_sha256, not_before, not_after, planned_at, planned_rank,
      issued_at, issued_rank, accepted_at, accepted_rank, revoked_at, revoked_rank)
    select issuer, '5' || lpad(n::text, 31, '0'), 'ocspResponder', 'revoked', null, null, spki_sha256, cert_sha256, not_before,
      not_after, planned_at, 0, issued_at, 0, accepted_at, 0, not_before, 0
    from certificate_status, generate_series(1, ${count}::int) as n where serial = ${like}`.execute(
    services.db,
  )
}

type Seen = Readonly<{ listed: number; answered: number }>

/** Looks at what relying parties would be given, until everything is there. */
const watch = ({ services: { db, authority } }: Embedded, begun: ReadonlyMap<string, number>) => {
  const lists: { at: number; upTo: number }[] = []
  const answered = new Map<string, number>()
  const stopping = new AbortController()
  const look = async (): Promise<void> => {
    const newest = await latestCrl(db, authority.ca.id)
    if (newest !== undefined && newest.up_to !== lists.at(-1)?.upTo)
      lists.push({ at: performance.now(), upTo: newest.up_to })
    const open = [...begun.keys()].filter((serial) => !answered.has(serial))
    const rows = await ocspAnswers(db, authority.ca.id, open)
    for (const serial of open)
      if (typeof rows.get(serial)?.revoked_at === 'string') answered.set(serial, performance.now())
  }
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      await look()
      await sleep(lookMs)
    }
  })()
  return {
    lists,
    answered,
    stop: async () => {
      stopping.abort()
      await watching
      await look()
    },
  }
}

const revoke = async ({ services }: Embedded, serial: string): Promise<void> => {
  const data = { serial, origin: 'cardScrapped', cause: 'cardLost' } as const
  const order = {
    type: 'RevokeCertificate',
    id: randomUUID(),
    by: f.program,
    at: services.now(),
    data,
  } as const
  const outcome = await services.handle(revokeCertificate, order)
  if ('refused' in outcome) throw new Error(outcome.refused.code)
}

/** Revokes at an even pace, whatever becomes of those before. */
const load = async (product: Embedded, serials: readonly string[]): Promise<readonly Seen[]> => {
  const begun = new Map<string, number>()
  const seen = watch(product, begun)
  const start = performance.now()
  const under: Promise<void>[] = []
  for (const [n, serial] of serials.entries()) {
    const wait = start + (n * 1000) / aSecond - performance.now()
    if (wait > 0) await sleep(wait)
    begun.set(serial, performance.now())
    under.push(revoke(product, serial))
  }
  await Promise.all(under)
  await product.publish()
  await seen.stop()
  const { db } = product.services
  const ranks = await db
    .selectFrom('certificate_status')
    .select(['serial', 'revoked_rank'])
    .where('serial', 'in', [...serials])
    .execute()
  return ranks.map(({ serial, revoked_rank: rank }) => {
    const from = begun.get(serial) ?? NaN
    const list = seen.lists.find(({ upTo }) => upTo > (rank ?? Infinity))
    return { listed: (list?.at ?? NaN) - from, answered: (seen.answered.get(serial) ?? NaN) - from }
  })
}

/** One list after the other with as many entries, beside the signature and the digest of as many octets. */
const listing = async (product: Embedded, entries: number, { quick }: Asked): Promise<Comparison> => {
  const { services } = product
  const octets =
    (await crlEntriesUpTo(services.db, services.authority.ca.id, Number.MAX_SAFE_INTEGER)).length * 37
  const tbs = Buffer.alloc(octets + 500, 1)
  const [ours, baseline] = [[], []] as [Comparison['ours'][number][], Comparison['ours'][number][]]
  for (let round = 0; round < (quick ? 2 : 5); round += 1) {
    // A day later the next one is due by its rhythm.
    await product.pass(86_400)
    ours.push(await speedOf(1, () => product.publish()))
    baseline.push(
      await speedOf(1, async () => {
        createHash('sha256').update(tbs).digest()
        await services.authority.ca.signer.sign(tbs)
      }),
    )
  }
  const against = 'one digest and one signature of as many octets by the same key'
  return { what: `a CRL of ${entries} and more`, unit: 'CRL/s', against, ours, baseline }
}

const measure = async (
  before: number,
  asked: Asked,
): Promise<Readonly<{ comparison: Comparison; note: string }>> => {
  const product = await openEmbedded()
  try {
    const count = aSecond * (asked.quick ? 4 : 30)
    const serials = await revocable({ ...product.services, issuer: product.services.authority.ca.id }, count)
    await product.settle()
    await fillUp(product, serials[0] ?? '', before)
    const cpu = process.cpuUsage()
    const seen = await load(product, serials)
    const { user, system } = process.cpuUsage(cpu)
    const [listed, answered] = [seen.map((one) => one.listed), seen.map((one) => one.answered)]
    const comparison = await listing(product, before, asked)
    return {
      comparison,
      note:
        `${before} revoked before, ${count} revocations at ${aSecond}/s: command to CRL p50 / p99 / longest ` +
        `${delays(listed)}; ${((user + system) / 1000 / count).toFixed(1)} ms of a processor a revocation, all that ` +
        `follows from it included; to OCSP ${delays(answered)}; ${verdict(listed, answered)}`,
    }
  } finally {
    await product.close()
  }
}

/** What one row could not do keeps nobody from the figures of the others. */
const notCarried = (error: unknown): Result => {
  const told: string[] = []
  for (let one = error; one instanceof Error; one = one.cause) told.push(one.message.split('\n')[0] ?? '')
  return {
    comparisons: [],
    notes: [`processes: MISSED, the machine does not carry them: ${told.join('; ')}`],
  }
}

export const revocation: Bench = {
  name: 'revocation',
  about:
    'from the command to the CRL and to OCSP, at 50 revocations a second in one process, and over HTTP under 50 commands a second to ' +
    'the processes of production',
  run: async (asked) => {
    const measured = []
    for (const before of asked.quick ? [0] : [0, 10_000, 100_000]) measured.push(await measure(before, asked))
    const processes = await revocationProcesses(asked).catch(notCarried)
    return {
      comparisons: [...measured.map(({ comparison }) => comparison), ...processes.comparisons],
      notes: [
        ...measured.map(({ note }) => note),
        `somebody looks every ${lookMs} ms; commands are given to the handler, notices go into the outbox as files`,
        ...processes.notes,
      ],
    }
  },
}
