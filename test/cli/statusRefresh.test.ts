// How what the status process serves is brought up to date, and who is told when it is not. No clock is waited for but the one of the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { CrlFile } from '../../api/crlFile.ts'
import type { KeptAnswer } from '../../api/ocspKept.ts'
import { openStatusKeep, type StatusKeep } from '../../cli/roles/statusKeep.ts'
import { refreshStatus, type Refreshing } from '../../cli/roles/statusRefresh.ts'
import type { StatusSources } from '../../cli/roles/statusSources.ts'
import type { Authorities } from '../../commands/findChain.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { openSomeDatabase } from '../support/database.ts'

const directory = mkdtempSync(join(tmpdir(), 'grand-livre-refresh-'))
const none = new Uint8Array()
const authorities = {
  ca: { id: 'ca', certificate: none },
  rootCa: { id: 'root', certificate: none },
} as unknown as Authorities
const dates = { thisUpdate: '2026-03-02T09:00:00Z', nextUpdate: '2026-03-03T09:00:00Z' }

let [now, lag, number, commit] = ['2026-03-02T09:00:00Z', 0, 1, 1n]
let isBroken = true
let whenLookedAt = async (): Promise<void> => undefined
let database: OpenDatabase
let keep: StatusKeep
let refreshing: Refreshing
const onFault = vi.fn()

const list = async (): Promise<CrlFile> => {
  if (isBroken) throw new Error(`CRL ${number} does not come out as it was signed`)
  return { ...dates, number, bytes: none, sha256: '' }
}

beforeAll(async () => {
  database = await openSomeDatabase()
  keep = await openStatusKeep(directory, () => now, onFault)
  const standing = {
    position: () => ({ commit, prepare: commit }),
    lagSeconds: () => lag,
    lookAgain: () => whenLookedAt(),
  }
  const sources = {
    ...{ db: database.db, now: () => now, list },
    authorities: async () => authorities,
    standing: () => standing,
  } as unknown as StatusSources
  refreshing = refreshStatus(keep, sources, { maxLag: 60, onFault, everyMs: 1 })
})
afterAll(async () => {
  await refreshing.stop()
  await keep.written()
  await database.close()
  rmSync(directory, { recursive: true })
})

/** A round that was under way has ended, and another one has failed. */
const failed = async (): Promise<void> => {
  const before = onFault.mock.calls.length
  await vi.waitFor(() => expect(onFault.mock.calls.length).toBeGreaterThan(before + 1))
}
const isGood = (): Promise<void> => vi.waitFor(() => expect(refreshing.alarm()).toBe(true))

it('CGU-76: a copy that is not brought up to date within the promised seconds is an alarm, however small the lag, until it is', async () => {
  await failed()
  now = '2026-03-02T09:00:05Z'
  expect(refreshing.alarm()).toBe(true)
  now = '2026-03-02T09:00:06Z'
  expect(refreshing.alarm()).toBe('not brought up to date for 6 s; promised are 5 s')
  isBroken = false
  await isGood()
  expect(keep.list('crl')?.number).toBe(1)

  isBroken = true
  number = 2
  await failed()
  now = '2026-03-02T09:01:00Z'
  expect(refreshing.alarm()).toBe('not brought up to date for 54 s; promised are 5 s')
  expect(keep.list('crl')?.number).toBe(1)
  isBroken = false
  await isGood()
  expect(keep.list('crl')?.number).toBe(2)
})

it('CGU-107: a kept answer that rows contradict is dropped once they can be trusted, also where they have not moved since', async () => {
  keep.keep('asked', {
    ...{
      ...dates,
      renewAt: dates.nextUpdate,
      bytes: none,
      responder: '',
      serials: ['0a'],
      statuses: ['good'],
    },
    said: { good: 1, revoked: 0, unknown: 0 },
  })
  lag = Infinity
  commit = 2n
  // A round that has seen the rows move, and could do nothing with them.
  number = 3
  await vi.waitFor(() => expect(keep.list('crl')?.number).toBe(3))
  number = 4
  await vi.waitFor(() => expect(keep.list('crl')?.number).toBe(4))
  expect(keep.find('asked')).toBeDefined()
  now = '2026-03-02T09:02:00Z'
  expect(refreshing.alarm()).toBe('not brought up to date for 60 s; promised are 5 s')
  lag = 0
  await isGood()
  expect(keep.find('asked')).toBeUndefined()
})

it('CGU-107: an answer that is kept while the others are looked at is none of those', async () => {
  const kept: KeptAnswer = {
    ...{ ...dates, renewAt: dates.nextUpdate, bytes: none, responder: '', serials: ['0b'] },
    ...{ statuses: ['good'], said: { good: 1, revoked: 0, unknown: 0 } },
  }
  // It comes between the question for the rows and the look at every answer; the rows do not move any more.
  whenLookedAt = async () => keep.keep('later', kept)
  commit += 1n
  number += 1
  await vi.waitFor(() => expect(keep.find('later')).toBeDefined())
  whenLookedAt = async () => undefined
  number += 1
  await vi.waitFor(() => expect(keep.list('crl')?.number).toBe(number))
  expect(keep.find('later')).toBeDefined()
})
