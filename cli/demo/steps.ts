// What the demo shows: each step with its clauses, then the events that it wrote, then what openssl says about it.
import type { Ledger } from '../../ledger/ledger.ts'
import type { Position } from '../../ledger/store.ts'
import type { Output } from '../output.ts'

export type StepRecord = Readonly<{
  title: string
  clauses: readonly string[]
  events: readonly Readonly<{ rank: number; type: string; stream: string }>[]
  checks: readonly string[]
}>

/** Notes what an independent check has found. */
export type Check = (finding: string) => void

export type Steps = Readonly<{
  /** Runs one step. What it throws ends the demo. */
  step: <T>(title: string, clauses: readonly string[], act: (check: Check) => Promise<T>) => Promise<T>
  done: () => readonly StepRecord[]
}>

const short = (stream: string): string => {
  const [name = '', ...id] = stream.split('-')
  const whole = id.join('-')
  return whole.length > 13 ? `${name}-${whole.slice(0, 8)}…` : stream
}

/** @param ledger is read after each step for what the step wrote, whoever wrote it */
export const openSteps = (ledger: Ledger, output: Output): Steps => {
  const records: StepRecord[] = []
  let after: Position | undefined
  let rank = 0

  const newEvents = async (): Promise<StepRecord['events']> => {
    const events = []
    for await (const { type, stream, position } of ledger.entries(after)) {
      events.push({ rank, type, stream })
      output.say(`     #${String(rank).padEnd(4)} ${type.padEnd(24)} ${short(stream)}`)
      rank += 1
      after = position
    }
    return events
  }

  return {
    step: async (title, clauses, act) => {
      const number = String(records.length + 1).padStart(2)
      output.say(`\n${number}. ${title}${clauses.length === 0 ? '' : `  [${clauses.join(', ')}]`}`)
      const checks: string[] = []
      try {
        return await act((finding) => checks.push(finding))
      } finally {
        const events = await newEvents()
        for (const check of checks) output.say(`     ✔ ${check}`)
        records.push({ title, clauses, events, checks })
      }
    },
    done: () => records,
  }
}
