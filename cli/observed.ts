// The parts of an installation, watched over: each command, append, act of custody and job has its time taken and its span. What is
// told of them is their kind; which certificate, whose key and what it says stay inside.
import { faultCodeOf } from '../commands/program.ts'
import type { Handle } from '../commands/handle.ts'
import type { Job } from '../jobs/port.ts'
import type { EventStore } from '../ledger/store.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { Custody } from './parts.ts'

export type Watch = Readonly<{ metrics: Metrics; tracing: Tracing }>

/** What is watched inside of the composition. */
export type Measure = Readonly<{ handle: (handle: Handle) => Handle; job: (job: Job) => Job }>

export const unmeasured: Measure = { handle: (handle) => handle, job: (job) => job }

const secondsSince = (began: number): number => (performance.now() - began) / 1000

const measuredHandle =
  ({ metrics, tracing }: Watch, handle: Handle): Handle =>
  (decider, command, circumstances) =>
    tracing.span(`command ${decider.type}`, { 'igc.command': decider.type }, async (span) => {
      const began = performance.now()
      const end = (outcome: 'accepted' | 'replayed' | 'refused' | 'failed', code = 'none'): void => {
        span.set({ 'igc.outcome': outcome, 'igc.code': code })
        metrics.command({ command: decider.type, outcome, code }, secondsSince(began))
      }
      try {
        const result = await handle(decider, command, circumstances)
        if ('refused' in result) end('refused', result.refused.code)
        else end(result.replayed ? 'replayed' : 'accepted')
        return result
      } catch (error) {
        end('failed', faultCodeOf(error))
        throw error
      }
    })

/** For `compose`. */
export const measureOf = (watch: Watch): Measure => ({
  handle: (handle) => measuredHandle(watch, handle),
  job: (job) => ({
    ...job,
    run: (each, again) =>
      watch.tracing.span(`job ${job.name}`, { 'igc.job': job.name }, () => job.run(each, again)),
  }),
})

/** An act of custody: its time, and its span. */
const actOf =
  ({ metrics, tracing }: Watch) =>
  <A extends readonly unknown[], T>(op: string, act: (...asked: A) => Promise<T>) =>
  (...asked: A): Promise<T> =>
    tracing.span(`custody ${op}`, { 'igc.hsm.op': op }, async () => {
      const began = performance.now()
      try {
        return await act(...asked)
      } finally {
        metrics.hsm(op, secondsSince(began))
      }
    })

/** The same custody, whose acts are counted: signatures, keys that are made, kept and given out. */
export const watchedCustody = <C extends Custody>(custody: C, watch: Watch): C => {
  const { keys, vault } = custody
  const { escrow } = vault
  const act = actOf(watch)
  return {
    ...custody,
    keys: {
      ...keys,
      generate: act('generate', keys.generate),
      signer: async (id) => {
        const signer = await keys.signer(id)
        return { ...signer, sign: act('sign', signer.sign) }
      },
      destroy: act('destroy', keys.destroy),
    },
    vault: {
      ...vault,
      escrow: {
        ...escrow,
        reserve: act('reserve', escrow.reserve),
        keep: act('keep', escrow.keep),
        release: act('release', escrow.release),
        releaseTo: act('releaseTo', escrow.releaseTo),
        rewrap: act('rewrap', escrow.rewrap),
        destroyKey: act('destroyKey', escrow.destroyKey),
      },
    },
  }
}

/** The same store, whose appends have their spans. */
export const watchedStore = (store: EventStore, { tracing }: Watch): EventStore => ({
  ...store,
  append: (stream, events, expected) =>
    tracing.span(
      'ledger append',
      { 'igc.aggregate': stream.split('-')[0] ?? '', 'igc.events': events.length },
      () => store.append(stream, events, expected),
    ),
})
