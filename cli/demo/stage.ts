// Where the demo is played: the service that it calls, the folder that it leaves its files in, and who watches.
import type { AgentRecord } from '../../domain/policy/cardKind.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Judge } from './judge.ts'
import type { Steps } from './steps.ts'

export type Stage = Readonly<{
  /** Where the service listens. */
  url: string
  /** Folder of the files that are left. */
  out: string
  steps: Steps
  judge: Judge
  /** Makes an account on the service's machine, as an administrator does. @returns its token */
  account: (id: string, role: string, person?: string) => string
  /** Imports the referential of agents, as an administrator does. */
  enrol: (agents: readonly AgentRecord[]) => Promise<void>
  cguVersion: string
  /** What keeps a signature given here from being one elsewhere. */
  policy: Pick<Policy, 'environment' | 'log'>
}>
