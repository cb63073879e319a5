// How late a revocation is seen, by the rows that the CRL and the responder are read from.
import { expect, it } from 'vitest'
import { openRevocationDelay } from '../../jobs/revocationDelay.ts'
import { createApply } from '../../projections/apply.ts'
import { beginning, resetProjection } from '../../projections/checkpoint.ts'
import { certificateStatus } from '../../projections/certificateStatus.ts'
import { crl } from '../../projections/crl.ts'
import * as f from '../commands/facts.ts'
import { life, tell } from '../projections/lives.ts'
import { openSomeDatabase } from '../support/database.ts'

it('CGU-76: a revocation that is late on the CRL or in OCSP is an alarm while it lasts, and for an hour after it', async () => {
  const database = await openSomeDatabase()
  const { ledger } = await tell([f.cguInForce, ...life(0, 'inUse'), ...life(1, 'revoked')])
  const entries = []
  for await (const entry of ledger.entries()) entries.push(entry)
  const { db } = database
  for (const projection of [certificateStatus, crl]) await resetProjection(db, projection)
  await createApply(ledger, db)([certificateStatus, crl], beginning, entries)
  let [now, lag] = ['2026-03-02T09:00:05Z', 0]
  const delay = openRevocationDelay({ db, issuer: f.issuer, now: () => now, lagSeconds: () => lag })
  expect(await delay.current()).toEqual({ crl: 5, ocsp: 0, worstListed: 0 })
  expect(await delay.alarm()).toBe(true)
  now = '2026-03-02T09:00:06Z'
  expect(await delay.alarm()).toBe('CRL 6 s; promised are 5 s')
  lag = 7.5
  expect(await delay.alarm()).toBe('CRL 6 s, OCSP 8 s; promised are 5 s')
  lag = Infinity
  expect(await delay.alarm()).toBe('CRL 6 s, OCSP unknown; promised are 5 s')
  lag = 0
  // Of another authority, and in time.
  const other = openRevocationDelay({ db, issuer: 'other', now: () => now, lagSeconds: () => lag })
  other.listed(f.issuer, '2026-03-02T08:00:00Z')
  other.listed('other', '2026-03-02T09:00:01Z')
  expect(await other.alarm()).toBe(true)
  other.listed('other', '2026-03-02T08:59:59Z')
  expect(await other.alarm()).toBe('CRL 7 s within the last hour; promised are 5 s')
  now = '2026-03-02T10:00:06Z'
  expect(await other.alarm()).toBe(true)
  await database.close()
})
