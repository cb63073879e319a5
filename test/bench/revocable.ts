// Certificates that can be revoked, without the lives that lead to them.
import { randomUUID } from 'node:crypto'
import type { Handle } from '../../commands/handle.ts'
import { certificate } from '../../domain/certificate.ts'
import { addYears } from '../../domain/policy/dates.ts'
import { request } from '../../domain/request.ts'
import * as f from '../commands/facts.ts'
import { serialOf, spkiOf, uuid } from '../ledger/filled.ts'
import { on } from '../support/given.ts'
import { withWorkers } from './bench.ts'

type Site = Readonly<{
  handle: Handle
  /** The issuing authority. */
  issuer: string
  now: () => string
}>

/**
 * Certificates in use of this authority, written as facts of now: none lapses, and none has to be renewed soon.
 * @returns their serial numbers
 */
export const revocable = async ({ handle, issuer, now }: Site, count: number): Promise<readonly string[]> => {
  const at = now()
  const dated: Handle = (decider, command, more) => handle(decider, { ...command, at }, more)
  const term = { notBefore: at, notAfter: addYears(at, 3) }
  const serials = Array.from({ length: count }, (_, n) => serialOf(1_000_000 + n))
  await withWorkers(64, count, async (n) => {
    const [R, P, S] = [uuid(100_000 + n), uuid(300_000 + n), serials[n] ?? '']
    const demand = f.requested({ email: `agent.${n}@douane.example` })
    const asked = { ...demand, data: { ...demand.data, person: P } } as typeof demand
    const planned = f.planned as Extract<typeof f.planned, { type: 'CertificatePlanned' }>
    const own = { issuer, request: R, person: P, spkiSha256: spkiOf(1_000_000 + n) }
    const data = { ...planned.data, ...term, ...own }
    await on(request, R, asked)(dated, randomUUID())
    await on(
      certificate,
      S,
      { type: 'CertificatePlanned', data },
      f.issued,
      f.acceptedByHolder,
    )(dated, randomUUID())
  })
  return serials
}
