// Where the demo has what nobody keeps: keys in software, and the one that was recovered in the clear.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A directory that goes with the demo, also where a signal ends it. */
export const openWorkspace = async (): Promise<Readonly<{ path: string; remove: () => void }>> => {
  const path = await mkdtemp(join(tmpdir(), 'grand-livre-demo-'))
  // Something may still be written into it.
  const clear = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  const interrupted = (signal: NodeJS.Signals): never => {
    clear()
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of signals) process.once(signal, interrupted)
  return {
    path,
    remove: () => {
      for (const signal of signals) process.off(signal, interrupted)
      clear()
    },
  }
}
