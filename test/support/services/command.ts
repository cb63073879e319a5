import { spawn } from 'node:child_process'

export type Outcome = Readonly<{ status: number; output: string }>
export type CommandOptions = Readonly<{
  env?: NodeJS.ProcessEnv
  uid?: number
  gid?: number
  cwd?: string
  /** When this process ends first, the program and all that it started are killed. Not for what must be finished. */
  endsWithUs?: boolean
}>

const endGroup = (pid: number | undefined): void => {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

/** Runs a program to its end without input; its output comes back, and is shown only by whoever finds it wrong. */
export const command = (
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = spawn(file, args, {
      ...options,
      detached: options.endsWithUs === true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const end = () => {
      if (options.endsWithUs === true) endGroup(child.pid)
    }
    process.prependOnceListener('exit', end)
    const parts: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => parts.push(part))
    child.stderr.on('data', (part: Buffer) => parts.push(part))
    child.on('error', (error) => resolve({ status: 127, output: error.message }))
    child.on('close', (code) => {
      process.off('exit', end)
      resolve({ status: code ?? 1, output: Buffer.concat(parts).toString().trim() })
    })
  })
