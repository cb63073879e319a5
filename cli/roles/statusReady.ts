// Answers that are ready before anybody asks: whoever asks for the first time when nothing else is up is answered too. OCSP is refreshed
// here: each answer once half of its term is over. At any moment at least half of it is left, as long as signing all of them takes less than
// the other half.
import { setTimeout as sleep } from 'node:timers/promises'
import type { OcspResponder } from '../../api/ocspAnswers.ts'
import { certIdFor, type CertId } from '../../pki/ocspRequest.ts'
import { standingSerials } from '../../readmodels/ocspAnswer.ts'
import type { StatusKeep } from './statusKeep.ts'
import type { StatusSources } from './statusSources.ts'

/** A certificate that was issued a moment ago has its answer within so long. */
const betweenMs = 20_000
const faultsAtMost = 3

type Options = Readonly<{
  /** For so many certificates at most. */
  most: number
  /** Told what could not be done: the next round tries it again. */
  onFault: (error: unknown) => void
  everyMs?: number
}>

type Parts = Readonly<{
  keep: Pick<StatusKeep, 'authorities'>
  sources: Pick<StatusSources, 'db' | 'now'>
  prepare: OcspResponder['prepare']
}>

/** Goes on until it is stopped. Who asks is served before: as long as a signature took, the next one waits. */
export const keepReady = (
  { keep, sources, prepare }: Parts,
  { most, onFault, everyMs = betweenMs }: Options,
): Readonly<{ stop: () => Promise<void> }> => {
  const stopping = new AbortController()
  const { signal } = stopping
  const pause = (ms: number): Promise<unknown> => sleep(ms, undefined, { signal }).catch(() => undefined)

  const made = async (certId: CertId): Promise<boolean> => {
    const begun = performance.now()
    try {
      if (await prepare(certId)) await pause(performance.now() - begun)
      return true
    } catch (error) {
      onFault(error)
      return false
    }
  }
  const round = async (): Promise<void> => {
    const ca = keep.authorities()?.ca
    if (ca === undefined) return
    // One that cannot be answered about does not keep the others from it; where several in a row cannot be, it is not their fault.
    let faults = 0
    for await (const serial of standingSerials(sources.db, ca.id, { at: sources.now(), most })) {
      if (signal.aborted || faults === faultsAtMost) return
      faults = (await made(certIdFor(ca.issuer, serial))) ? 0 : faults + 1
    }
  }
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await round().catch(onFault)
      await pause(everyMs)
    }
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
