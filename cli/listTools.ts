// What a file that lists commands is handed.
import type { Command, OptionValues } from 'commander'
import type { Output } from './output.ts'

export type ListTools = Readonly<{
  env: NodeJS.ProcessEnv
  /** Told when a command found something wrong. */
  found: () => void
  command: (parent: Command, usage: string, about: string) => Command
  outputOf: (options: OptionValues) => Output
  collect: (value: string, before: readonly string[]) => readonly string[]
}>
