// The gauges: which source fills which, under the names that operators are promised (docs/adr/0029-watching.md; each is in
// test/ops/observed.test.ts).
import { Gauge, type Registry } from 'prom-client'
import type { SourceName, Sources, ValueOf } from './sources.ts'

type Labels = Readonly<Record<string, string>>
type Point = readonly [value: number, labels?: Labels]
/** A gauge of a source: its help, its labels, and what it shows. */
type Shown<V> = Readonly<{
  help: string
  labels?: readonly string[]
  points: (value: V) => readonly Point[]
}>

const one = <V>(help: string, value: (of: V) => number): Shown<V> => ({ help, points: (of) => [[value(of)]] })

/** Of each of several, with the labels that it has; one that has no such value is left out. */
const each = <R>(
  help: string,
  labels: readonly (keyof R & string)[],
  value: (row: R) => number | undefined,
): Shown<readonly R[]> => ({
  help,
  labels,
  points: (rows) =>
    rows.flatMap((row): readonly Point[] => {
      const shown = value(row)
      const labelled = Object.fromEntries(labels.map((label) => [label, String(row[label])]))
      return shown === undefined ? [] : [[shown, labelled]]
    }),
})

type States = Readonly<Record<string, true | string>>
const states = (help: string, label: string, whileTrue: 0 | 1): Shown<States> => ({
  help,
  labels: [label],
  points: (of) =>
    Object.entries(of).map(([name, state]) => [
      state === true ? whileTrue : 1 - whileTrue,
      { [label]: name },
    ]),
})

type Table = Readonly<{ [N in SourceName]: Readonly<Record<string, Shown<ValueOf<N>>>> }>

const table: Table = {
  certificates: {
    igc_certificates: each(
      "Holders' certificates, by what they have become",
      ['status', 'card'],
      ({ count }) => count,
    ),
  },
  expiring: {
    igc_expiring_certificates: each(
      'Valid certificates that end within the window; a longer window has those of the shorter ones too',
      ['window'],
      ({ count }) => count,
    ),
  },
  recoveryPending: {
    igc_recovery_pending: one('Requests for recovery that are not at their end', (count) => count),
  },
  crls: {
    igc_crl_age_seconds: each('Age of the newest CRL', ['ca'], ({ ageSeconds }) => ageSeconds),
    igc_crl_next_update_timestamp: each(
      'nextUpdate of the newest CRL, in seconds since 1970',
      ['ca'],
      ({ nextUpdate }) => nextUpdate,
    ),
    igc_crl_number: each('Number of the newest CRL', ['ca'], ({ number }) => number),
    igc_crl_entries: each('Certificates on the newest CRL', ['ca'], ({ entries }) => entries),
  },
  projections: {
    igc_projection_lag_events: each(
      'Events that the read model has not taken in; more than 10000 are counted as 10000',
      ['projection'],
      ({ lagEvents }) => lagEvents,
    ),
    igc_projection_lag_seconds: each(
      'Age of the oldest event that the read model has not taken in',
      ['projection'],
      ({ lagSeconds }) => lagSeconds,
    ),
  },
  revocationDelays: {
    igc_revocation_delay_seconds: each(
      'Age of the oldest revocation that the CRL (crl) or the responder (ocsp) does not show, and the longest of the last hour until a CRL listed one (crlLastHour)',
      ['seen'],
      ({ seconds }) => seconds,
    ),
  },
  queues: {
    igc_queue_jobs: each('Runs of each job, by state', ['queue', 'state'], ({ count }) => count),
  },
  hsmUp: {
    igc_hsm_up: one('Whether what holds the keys works (1) or not (0)', (isUp) => (isUp ? 1 : 0)),
  },
  lastVerified: {
    igc_audit_verify_last_success_timestamp: one(
      'When `grand-livre ledger verify` last found the ledger whole, in seconds since 1970; 0: never here',
      (at) => at,
    ),
  },
  checks: { igc_check_up: states('Parts that /readyz looks at: 1 works, 0 does not', 'check', 1) },
  alarms: { igc_alarm: states('What people have to look after: 1 now, 0 nothing is wrong', 'alarm', 0) },
  clockOffsets: {
    igc_clock_offset_seconds: each(
      'By how much another clock is ahead of ours',
      ['clock'],
      ({ seconds }) => seconds,
    ),
  },
  diskFree: { igc_disk_free_bytes: one('Free octets where the data directory is', (bytes) => bytes) },
}

/** Long enough for a busy database, shorter than a scrape may last. */
const patienceMs = 5_000

const inTime = <T>(value: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs)
  })
  return Promise.race([value, late]).finally(() => clearTimeout(timer))
}

export type Gauges = Readonly<{
  /** Makes the gauges of the sources that there are. */
  add: (sources: Sources) => void
  /** Asks every source. One that fails has its gauges emptied, and `igc_source_up` says which. */
  fill: () => Promise<void>
}>

export const createGauges = (registry: Registry): Gauges => {
  const registers = [registry]
  const fills: (() => Promise<void>)[] = []
  const up = new Gauge({
    ...{ name: 'igc_source_up', help: 'Whether these numbers could be asked for (1) or not (0)' },
    ...{ labelNames: ['source'], registers },
  })

  const addOne = <N extends SourceName>(source: N, read: () => Promise<ValueOf<N>>): void => {
    const shown = Object.entries<Shown<ValueOf<N>>>(table[source]).map(
      ([name, { help, labels = [], points }]) => ({
        gauge: new Gauge({ name, help, labelNames: [...labels], registers }),
        points,
      }),
    )
    fills.push(async () => {
      const found = await inTime(read()).then(
        (value) => shown.map(({ points }) => points(value)),
        () => undefined,
      )
      up.set({ source }, found === undefined ? 0 : 1)
      shown.forEach(({ gauge }, index) => {
        gauge.reset()
        // A gauge without labels would show a zero that nobody has counted.
        if (found === undefined) gauge.remove({})
        for (const [value, labels = {}] of found?.[index] ?? []) gauge.set(labels, value)
      })
    })
  }

  return {
    add: (sources) => {
      for (const source of Object.keys(table) as SourceName[]) {
        const read = sources[source]
        if (read !== undefined) addOne(source, read as () => Promise<ValueOf<typeof source>>)
      }
    },
    fill: async () => {
      await Promise.all(fills.map((fill) => fill()))
    },
  }
}
