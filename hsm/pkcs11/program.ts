// The programs that are inside a module, each a process of its own: where they are, with what environment and priority they are started.
import { fork, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants, setPriority } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const threads = 4

/** What a secret is called: an address may have a password in it, and headers sign in at a collector. */
const isSecret = /PIN|PASSPHRASE|PASSWORD|SECRET|TOKEN|URL$|HEADERS$/i

/** Of the environment, everything but secrets: the module has its own variables, as SOFTHSM2_CONF. A session has a thread. */
const environment = (sessions: number): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !isSecret.test(name))),
  UV_THREADPOOL_SIZE: String(Math.max(threads, sessions)),
})

/** What was built beforehand of the sources that run here: the tests start hundreds of processes, each in a third of the time. */
const built = process.env['GRAND_LIVRE_BUILT']

/** A program of ours by its place in the sources: one of them, or what was built of it (build.ts), from a part beside its folders. */
export const programAt = (place: string): string => {
  if (extname(import.meta.url) !== '.ts') return fileURLToPath(new URL(`../${place}.js`, import.meta.url))
  return built === undefined
    ? fileURLToPath(new URL(`../../${place}.ts`, import.meta.url))
    : join(built, `${place}.js`)
}

/** The sources run through tsx, as those of the service do: ours, wherever the service was started. */
const execArgvOf = (program: string): string[] =>
  program.endsWith('.ts')
    ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
    : []

/**
 * The module's threads take a processor for milliseconds each: those that serve go before them, and are not late by that. Said
 * before the process is told of a token: a thread begins with the priority of the one that makes it.
 */
const yieldToService = (pid: number): void => {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, or the system has no priorities: it signs all the same.
  }
}

/** Starts a program; it is told of its token by messages. @param sessions what it does at the same time */
export const startProgram = (program: string, sessions: number): ChildProcess => {
  const started = fork(program, [], {
    ...{ execArgv: execArgvOf(program), env: environment(sessions), serialization: 'advanced' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  if (started.pid !== undefined) yieldToService(started.pid)
  return started
}
