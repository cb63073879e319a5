// What a process counts and shows to Prometheus. A registry of its own each time: two applications in one process share nothing.
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import { createGauges } from './gauges.ts'
import type { Sources } from './sources.ts'

/** What came of a command; `code`: of a refusal or a fault, else `none`. */
export type CommandEnd = Readonly<{
  command: string
  outcome: 'accepted' | 'replayed' | 'refused' | 'failed'
  code: string
}>

/** `status`: what an OCSP answer says: good, revoked, unknown, mixed, or the error of RFC 6960 2.3. */
export type OcspEnd = Readonly<{ method: 'GET' | 'POST'; status: string }>

export type Metrics = Readonly<{
  /** Durations in seconds. */
  command: (end: CommandEnd, seconds: number) => void
  ocsp: (end: OcspEnd, seconds: number) => void
  /** An act of custody, by its kind: `sign`, `release`, … */
  hsm: (op: string, seconds: number) => void
  /** More to show: what a process has only once it has composed its parts. A source is given once. */
  add: (sources: Sources) => void
  /** Everything, in the text form of Prometheus, and its media type. */
  exposition: () => Promise<Readonly<{ type: string; text: string }>>
}>

export type MetricsOptions = Readonly<{
  /** Those of Node and of the process as well: once a process, for it keeps watching until the process ends. */
  process?: boolean
}>

const milliseconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
// A command has a series for each of these.
const fewer = [0.005, 0.025, 0.1, 0.5, 2.5, 10]

/**
 * Makes the metrics of one process, or of one role of it: what it has no source for is left out.
 * @param sources asked at each scrape
 */
export const createMetrics = (sources: Sources, options: MetricsOptions = {}): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  const commands = new Counter({
    name: 'igc_commands_total',
    help: 'Commands that were decided, those of the program itself included; code: of the refusal or the fault',
    labelNames: ['command', 'outcome', 'code'],
    registers,
  })
  const commandSeconds = new Histogram({
    name: 'igc_command_duration_seconds',
    help: 'From the command to its events on disk, or to its refusal',
    labelNames: ['command'],
    buckets: fewer,
    registers,
  })
  const requests = new Counter({
    name: 'igc_ocsp_requests_total',
    help: 'OCSP requests; status: what the answer says, or its error (RFC 6960 2.3)',
    labelNames: ['method', 'status'],
    registers,
  })
  const ocspSeconds = new Histogram({
    name: 'igc_ocsp_duration_seconds',
    help: 'From the octets of an OCSP request to those of its answer',
    buckets: milliseconds,
    registers,
  })
  const hsmSeconds = new Histogram({
    name: 'igc_hsm_op_duration_seconds',
    help: 'Acts of custody, failed ones included',
    labelNames: ['op'],
    buckets: milliseconds,
    registers,
  })
  const gauges = createGauges(registry)
  gauges.add(sources)
  if (options.process === true) collectDefaultMetrics({ register: registry })

  // Two scrapes at once are one.
  let scrape: Promise<string> | undefined
  const scraped = async (): Promise<string> => {
    await gauges.fill()
    return registry.metrics()
  }

  return {
    command: (end, seconds) => {
      commands.inc(end)
      commandSeconds.observe({ command: end.command }, seconds)
    },
    ocsp: (end, seconds) => {
      requests.inc(end)
      ocspSeconds.observe(seconds)
    },
    hsm: (op, seconds) => hsmSeconds.observe({ op }, seconds),
    add: gauges.add,
    exposition: async () => {
      scrape ??= scraped().finally(() => {
        scrape = undefined
      })
      return { type: registry.contentType, text: await scrape }
    },
  }
}
