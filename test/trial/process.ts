// One process of an installation, started as a service manager would: its settings in the environment, its log in a file.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export type Program = Readonly<{
  /** The launcher of the `grand-livre` command. */
  launcher: string
  env: NodeJS.ProcessEnv
  cwd: string
  /** Told beside what it prints. */
  log: string
}>

export type Running = Readonly<{
  /** What it printed when it had started: a URL, for those that answer at one. */
  said: Readonly<{ url?: string; tlsUrl?: string; metricsUrl?: string; pid: number }>
  /** Asks it to stop. @returns its exit status */
  stop: () => Promise<number | null>
  /** It ends as in a power failure. */
  kill: () => Promise<void>
}>

const endOf = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

const launch = ({ launcher, env, cwd, log }: Program, args: readonly string[]) => {
  const output = openSync(log, 'a')
  const child = spawn(process.execPath, [launcher, ...args, '--json'], {
    cwd,
    env,
    // A Ctrl-C reaches it through us, and in order.
    detached: true,
    stdio: ['ignore', 'pipe', output],
  })
  closeSync(output)
  const { stdout } = child
  if (stdout === null) throw new Error('its standard output is a pipe')
  return { child, stdout }
}

const fault = ({ log }: Program, args: readonly string[], status: number | null): Error =>
  new Error(`${args.join(' ')} ended with ${String(status)}:\n${readFileSync(log, 'utf8').slice(-2000)}`)

/** Starts it and waits for its first line. @throws Error with the end of its log where it ends instead */
export const start = async (program: Program, args: readonly string[]): Promise<Running> => {
  const { child, stdout } = launch(program, args)
  // Whatever it prints is looked at where its log is.
  stdout.on('data', (part: Buffer) => appendFileSync(program.log, part))
  const first = once(createInterface({ input: stdout }), 'line') as Promise<[string]>
  const early = once(child, 'exit').then(([status]): never => {
    throw fault(program, args, status as number | null)
  })
  early.catch(() => undefined)
  const [line] = await Promise.race([first, early])
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal)
    return endOf(child)
  }
  return {
    said: JSON.parse(line) as Running['said'],
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL')
    },
  }
}

/** Runs it to its end. @returns the document that it printed. @throws Error with the end of its log for a fault */
export const run = async <T>(program: Program, args: readonly string[]): Promise<T> => {
  const { child, stdout } = launch(program, args)
  let text = ''
  stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await once(child, 'close')
  if (child.exitCode !== 0) throw fault(program, args, child.exitCode)
  return JSON.parse(text) as T
}

export type Probe = Readonly<{
  status: number
  body: Readonly<{ ready: boolean; checks: Record<string, unknown>; state?: Record<string, string> }>
}>

export const probe = async (url: string): Promise<Probe> => {
  const answer = await fetch(`${url}/readyz`)
  return { status: answer.status, body: (await answer.json()) as Probe['body'] }
}

const patienceMs = 180_000
/** How often somebody who waits looks, in milliseconds. */
export const lookMs = 50

/** Asks until it comes out. @throws Error with what was seen last */
export const until = async <T>(
  what: string,
  look: () => Promise<T>,
  comesOut: (seen: T) => boolean,
): Promise<T> => {
  const started = performance.now()
  for (;;) {
    const seen = await look().catch((error: unknown) => error as Error)
    if (!(seen instanceof Error) && comesOut(seen)) return seen
    if (performance.now() - started > patienceMs)
      throw new Error(
        `${what} does not come out: ${seen instanceof Error ? seen.message : JSON.stringify(seen)}`,
      )
    await sleep(lookMs)
  }
}

/** Waits until it says that it is ready. */
export const ready = (url: string): Promise<Probe> =>
  until(
    `${url}/readyz`,
    () => probe(url),
    ({ status }) => status === 200,
  )
