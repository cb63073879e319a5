// The alarms of the machine, and the spans that are not sent: what needs no product.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clockOffsets, type ClockParts } from '../../cli/clockOffsets.ts'
import { readConfig } from '../../cli/config.ts'
import { clockAlarm, diskAlarm, diskFree, hostAlarms } from '../../cli/hostAlarms.ts'
import { alarmsOf, failedModels, readModelsState, stateOf } from '../../cli/health.ts'
import { openInstruments } from '../../cli/instruments.ts'
import { lastVerified, markVerified } from '../../cli/verifiedMark.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { databaseTime } from '../../readmodels/metrics.ts'
import { openTracing } from '../../telemetry/openTracing.ts'
import { callerOf, noTracing } from '../../telemetry/tracing.ts'
import { openSomeDatabase } from '../support/database.ts'
import { openReceiver } from './receiver.ts'

const limits = { diskLowMb: 512, clockDriftSeconds: 5 }
const mebibyte = 1024 * 1024

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'grand-livre-host-'))
})
afterAll(() => rm(directory, { recursive: true }))

describe('the disk', () => {
  it('is an alarm below the limit, and says what is left and what to do', async () => {
    expect(diskAlarm(512 * mebibyte, limits)).toBe(true)
    expect(diskAlarm(512 * mebibyte - 1, limits)).toBe(
      '511 MB free for DATA_DIR, less than DISK_LOW_MB (512): make room',
    )
    expect(await diskFree(directory)).toBeGreaterThan(0)
  })

  it('that cannot be looked at is an alarm', async () => {
    const gone = hostAlarms(
      { free: () => diskFree(join(directory, 'gone')), clocks: { ledger: async () => [] } },
      limits,
    )
    expect(await gone()).toEqual({ disk: 'cannot be looked at', clock: true })
  })
})

describe('runbook: the clock', () => {
  const at = (words: string): (() => Date) => {
    const instant = new Date(words)
    return () => instant
  }

  it('a database whose clock differs, and a clock of ours that was put back, are alarms; to the second they are not', async () => {
    const database = await openSomeDatabase()
    const written = at('2026-03-02T09:00:30Z')
    const store = await openEmbeddedStore({ path: join(directory, 'ledger'), clock: written })
    const body = JSON.stringify({ v: 1, at: written().toISOString(), pub: {}, sealed: {} })
    const event = { id: '5f1d3c55-5b0e-4a3e-9d0e-6a3d3c1f0a77', type: 'Happened', json: true }
    await store.append('thing-1', [{ ...event, data: Buffer.from(body) }], 'no_stream')
    const parts = (now: () => Date, servers: ClockParts['servers']): ClockParts => ({
      ...{ store, database, clock: now, servers },
    })
    const here = { ledger: false, database: false }
    const late = await clockOffsets(parts(at('2026-03-02T09:00:00Z'), here))
    expect(late).toEqual([{ clock: 'ledger', seconds: 30 }])
    expect(clockAlarm(late, limits)).toBe(
      'the newest event is 30 s in our future: our clock was put back (CLOCK_DRIFT_SECONDS is 5)',
    )
    const well = await clockOffsets(parts(at('2026-03-02T09:00:26Z'), { ledger: true, database: false }))
    expect([well.map(({ seconds }) => seconds), clockAlarm(well, limits)]).toEqual([[4, 0], true])

    const theirs = await databaseTime(database.db)
    const behind = await clockOffsets(
      parts(() => new Date(theirs - 3_600_000), { ledger: false, database: true }),
    )
    expect(clockAlarm(behind, limits)).toMatch(
      /^the clock of the database is 36\d\d s ahead of ours; the newest|^the clock of the database is 36\d\d s ahead of ours \(/,
    )
    await store.close()
    await database.close()
  })

  it('that of EventStoreDB is told by what it says of the newest event', () => {
    expect(clockAlarm([{ clock: 'eventStore', seconds: -7.4 }], limits)).toBe(
      'the clock of EventStoreDB was 7 s behind ours at the newest event (CLOCK_DRIFT_SECONDS is 5)',
    )
  })
})

describe('alarms', () => {
  const hanging = (): Promise<never> => new Promise(() => undefined)
  const away = () => Promise.reject(new Error('secret'))

  it.each([
    ['hangs', hanging],
    ['is away', away],
  ])('a database that %s hides neither the disk nor a clock that was put back', async (_, database) => {
    const ahead = async () => [{ clock: 'ledger', seconds: 30 } as const]
    const seen = hostAlarms({ free: async () => 0, clocks: { database, ledger: ahead } }, limits)
    expect(await seen()).toEqual({
      disk: '0 MB free for DATA_DIR, less than DISK_LOW_MB (512): make room',
      clock:
        'the newest event is 30 s in our future: our clock was put back (CLOCK_DRIFT_SECONDS is 5); the clock of the database cannot be looked at',
    })
    const other = hostAlarms({ free: hanging, clocks: { database: async () => [], ledger: away } }, limits)
    expect(await other()).toEqual({
      disk: 'cannot be looked at',
      clock: 'the newest event cannot be looked at',
    })
  })

  it('are looked at beside each other, each in its time', async () => {
    const found = await alarmsOf({
      one: hanging,
      other: away,
      third: async () => true,
      fourth: async () => 'late',
    })
    const not = 'cannot be looked at'
    expect(found).toEqual({ one: not, other: not, third: true, fourth: 'late' })
  })
})

describe('a part that is looked at', () => {
  it('works, or does not: in the words that were given', async () => {
    expect(await stateOf(async () => 1, 'out of reach')).toBe(true)
    expect(await stateOf(() => Promise.reject(new Error('secret')), 'out of reach')).toBe('out of reach')
  })
})

describe('runbook: a poisoned event', () => {
  it('/readyz names the read model that cannot go on, and nothing of the event', () => {
    const models = (state: string) => [
      { name: 'certificateStatus', state, error: 'the surname …' },
      { name: 'search', state: 'live', error: undefined },
    ]
    const said = [[true, 'live'] as const, [false, 'catchingUp'] as const, [false, 'failed'] as const]
    expect(said.map(([isNear, state]) => readModelsState(isNear, failedModels(models(state))))).toEqual([
      true,
      'behind the ledger',
      'behind the ledger; cannot go on: certificateStatus',
    ])
  })
})

describe('the mark of a verification', () => {
  it('is read again; none, or one that is damaged, is none', async () => {
    expect(await lastVerified(directory)).toBe(0)
    await markVerified(directory, { at: '2026-03-02T09:00:00Z', size: 1, root: 'ab' })
    expect(await lastVerified(directory)).toBe(Date.parse('2026-03-02T09:00:00Z') / 1000)
    // Where nothing can be written, nothing happens.
    await markVerified(join(directory, 'gone'), { at: '2026-03-02T09:00:00Z', size: 1, root: 'ab' })
    expect(await lastVerified(join(directory, 'gone'))).toBe(0)
  })
})

describe('OpenTelemetry', () => {
  it.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' },
  ])('is not loaded with %o', async (env) => {
    expect(await openTracing(env, { service: 'test', version: '1' })).toBe(noTracing)
  })

  it('spans are sent with the headers of the settings, a key from a file; those of traces go before', async () => {
    const receiver = await openReceiver()
    const file = join(directory, 'headers')
    await writeFile(file, 'api-key=of%20ours,x-tenant=igc\n', { mode: 0o600 })
    const config = readConfig({
      ...{ DATA_DIR: directory, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      ...{ OTEL_EXPORTER_OTLP_HEADERS_FILE: file, OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'X-Tenant = traces' },
    })
    const { app, close } = await openInstruments(config, { release: 'test' })
    await app.tracing.span('a span', {}, async () => undefined)
    await close()
    expect(receiver.spans().map(({ name }) => name)).toEqual(['a span'])
    expect(receiver.headers()).toMatchObject([{ 'api-key': 'of ours', 'x-tenant': 'traces' }])
    await receiver.close()
  })

  it('W3C Trace Context 3.2.2: what is no traceparent begins a trace of its own', () => {
    const [trace, span] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']
    expect(callerOf(`00-${trace}-${span}-01`)).toEqual({ traceId: trace, spanId: span, flags: 1 })
    const wrong = [
      ...[undefined, '', 'x', `00-${trace}-${span}`, `00-${trace.toUpperCase()}-${span}-01`],
      ...[`ff-${trace}-${span}-01`, `00-${'0'.repeat(32)}-${span}-01`, `00-${trace}-${'0'.repeat(16)}-01`],
      `00-${trace}-${span}-01-D'Été`,
    ]
    expect(wrong.map(callerOf)).toEqual(wrong.map(() => undefined))
    expect(noTracing.request('request', 'x').traceId).toMatch(/^[0-9a-f]{32}$/)
  })
})
