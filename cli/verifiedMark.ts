// When `ledger verify` last found nothing: a mark in the data directory, for /metrics. It proves nothing: the verification does. So what
// keeps it from being written is no fault, and what is no mark is none.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceDurable } from '../hsm/durable.ts'

export type VerifiedMark = Readonly<{ at: string; size: number; root: string }>

const fileOf = (dataDir: string): string => join(dataDir, 'ledger-verified.json')

/** Written where the data directory can be written to; else nothing happens. */
export const markVerified = (dataDir: string, mark: VerifiedMark): Promise<void> =>
  replaceDurable(fileOf(dataDir), Buffer.from(JSON.stringify(mark))).catch(() => undefined)

/** In seconds since 1970; 0: there is no mark. */
export const lastVerified = async (dataDir: string): Promise<number> => {
  try {
    const { at } = JSON.parse(await readFile(fileOf(dataDir), 'utf8')) as Partial<VerifiedMark>
    const seconds = Date.parse(at ?? '') / 1000
    return Number.isFinite(seconds) ? seconds : 0
  } catch {
    return 0
  }
}
