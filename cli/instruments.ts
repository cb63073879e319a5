// How a process is watched: metrics, spans, the alarms of its machine, and whether it is being stopped.
import { openOpsListener } from '../api/metrics.ts'
import type { Probed } from '../api/probes.ts'
import type { ServerOptions } from '../api/server.ts'
import type { Services } from '../api/services.ts'
import { createMetrics, type MetricsOptions } from '../telemetry/metrics.ts'
import { openTracing } from '../telemetry/openTracing.ts'
import type { Sources } from '../telemetry/sources.ts'
import type { Close } from './closing.ts'
import { clockOffsets, clocksOf } from './clockOffsets.ts'
import type { Parts } from './compose/common.ts'
import type { Config } from './config.ts'
import { diskFree, hostAlarms } from './hostAlarms.ts'
import { hostSources } from './metricSources.ts'
import { measureOf, watchedCustody, watchedStore, type Measure, type Watch } from './observed.ts'

export type Instruments = Readonly<{
  /** What the application is given. */
  app: Required<Pick<ServerOptions, 'metrics' | 'localMetrics' | 'tracing' | 'isDraining'>>
  watch: Watch
  /** Watches over commands and jobs. */
  measure: Measure
  /** The parts, watched over. */
  over: (parts: Parts) => Parts
  /** What the machine of these parts has to say of itself. */
  machine: (parts: Parts) => Readonly<{ alarms: Services['alarms']; sources: Sources }>
  /**
   * Shows what there is to show, on a port of its own where METRICS_PORT is set.
   * @returns where. @throws Error with a `code`, as EADDRINUSE, where it is taken
   */
  show: (sources: Sources, probed: Probed, onClose: (close: Close) => void) => Promise<string | undefined>
  /** From now on /readyz says that the process is being stopped. */
  drain: () => void
  /** Sends the spans that wait. */
  close: () => Promise<void>
}>

export type InstrumentsOptions = MetricsOptions &
  Readonly<{
    release: string
    /** The role of the process, where it has one of several. */
    role?: string
  }>

/** @param config.ops where /metrics is, and from when on the machine is an alarm */
export const openInstruments = async (
  config: Config,
  { release, role, ...options }: InstrumentsOptions,
): Promise<Instruments> => {
  const { ops, dataDir, policy } = config
  const service = role === undefined ? 'grand-livre' : `grand-livre-${role}`
  const tracing = await openTracing(config.env, {
    ...{ service, version: release },
    headers: config.spanHeaders,
  })
  const metrics = createMetrics({}, options)
  const watch = { metrics, tracing }
  const localMetrics = ops.metrics === undefined && policy.environment === 'test'
  let isStopped = false
  const isDraining = (): boolean => isStopped

  return {
    app: { metrics, localMetrics, tracing, isDraining },
    watch,
    measure: measureOf(watch),
    over: (parts) => ({
      ...parts,
      custody: watchedCustody(parts.custody, watch),
      store: watchedStore(parts.store, watch),
    }),
    machine: (parts) => {
      const servers = { ledger: config.ledgerUrl !== undefined, database: config.databaseUrl !== undefined }
      const free = () => diskFree(dataDir)
      const over = { ...parts, servers }
      const offsets = () => clockOffsets(over)
      const { keysHealth } = parts.custody
      return {
        alarms: hostAlarms({ free, clocks: clocksOf(over) }, ops),
        sources: hostSources({ dataDir, keysHealth, free, offsets }),
      }
    },
    show: async (sources, probed, onClose) => {
      metrics.add(sources)
      if (ops.metrics === undefined) return undefined
      const { url, close } = await openOpsListener(ops.metrics, {
        metrics,
        readiness: { ...probed, isDraining },
      })
      onClose(close)
      return url
    },
    drain: () => {
      isStopped = true
    },
    close: tracing.close,
  }
}
