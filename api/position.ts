// Ledger positions as headers carry them: `C:<commit>/P:<prepare>`. Opaque to clients: they hand back what they got.
import type { LedgerPosition } from './services.ts'

export const formatPosition = ({ commit, prepare }: LedgerPosition): string =>
  `C:${commit.toString()}/P:${prepare.toString()}`

/** The position that a text names, or undefined. Both halves are unsigned 64-bit integers. */
export const parsePosition = (text: string): LedgerPosition | undefined => {
  const match = /^C:(\d{1,20})\/P:(\d{1,20})$/.exec(text)
  const [commit, prepare] = [match?.[1], match?.[2]]
  if (commit === undefined || prepare === undefined) return undefined
  return { commit: BigInt(commit), prepare: BigInt(prepare) }
}
