// The `grand-livre` command as its users have it: a process of its own, in a data directory of its own.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { vi } from 'vitest'
import { giveMaster } from '../support/cheapMaster.ts'
import { createOnServer } from '../support/database.ts'
import { giveReadModels } from '../support/embeddedDatabase.ts'
import { quickPolicyText } from '../support/quickPolicy.ts'

// Every command is a process, and starts the slower the more the machine has to do.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const root = join(import.meta.dirname, '../..')
/** As its image has it, where `npm test` has laid it out; else the sources. */
const launcher = process.env['GRAND_LIVRE_LAUNCHER'] ?? join(root, 'cli/grand-livre.js')

export type Ended = Readonly<{ status: number | null; stdout: string; stderr: string }>
export type Env = Readonly<Record<string, string>>

export type Running = Readonly<{
  url: string
  /** With TLS of its own, where it is set. */
  tlsUrl?: string
  pid: number
  /** Asks it to stop, as an init system does. */
  stop: () => Promise<Ended>
  /** It ends as in a power failure. */
  kill: () => Promise<Ended>
}>

export type Site = Readonly<{
  /** Beside the data directory: for what a test needs. */
  file: (name: string) => string
  dataDir: string
  policy: Readonly<Record<string, unknown>>
  run: (args: readonly string[], env?: Env) => Promise<Ended>
  /** Runs it with `--json`, expects exit status 0. @returns the one document that it printed */
  json: <T>(args: readonly string[], env?: Env) => Promise<T>
  /** A database of its own, where there is a server, for what is not about the embedded one, which takes its time to be made. */
  onServer: () => Promise<Env>
  /** Runs it with its standard output closed from the beginning. */
  unread: (args: readonly string[], env?: Env) => Promise<Ended>
  /** Runs it where no file may become longer than so many octets, a multiple of 512, as on a disk that is full. */
  within: (octets: number, args: readonly string[], env?: Env) => Promise<Ended>
  /** Starts the service, or the other command that runs on, and waits until it listens. */
  start: (env?: Env, command?: string) => Promise<Running>
  /** Starts the service, and kills it when it says these words. */
  killAt: (words: string, env?: Env) => Promise<Ended>
  /** Runs it in such a way that it can be killed. */
  killable: (args: readonly string[], env?: Env) => Readonly<{ kill: () => void; ended: Promise<Ended> }>
  /** Ends what still runs, and removes the directory. */
  close: () => Promise<void>
}>

/** Commands that make keys where there are none; a ceremony has to find nothing. */
const begins = ['start', 'migrate', 'signer']
/** Settings by which it has its read models on a server. */
const onServers = ['DATABASE_URL', 'DATABASE_URL_FILE']
/** Settings by which it has its keys, or its passphrase, from elsewhere. */
const elsewhere = ['DATA_DIR', 'SIGNER_SOCKET', 'GRAND_LIVRE_PASSPHRASE', 'GRAND_LIVRE_PASSPHRASE_FILE']
const names = (env: Env, settings: readonly string[]): boolean => settings.some((name) => name in env)

/** A place of its own, with that policy. */
export const openSite = (): Site => {
  const directory = mkdtempSync(join(tmpdir(), 'grand-livre-cli-'))
  const file = (name: string): string => join(directory, name)
  const dataDir = file('data')
  const text = quickPolicyText()
  const policy = JSON.parse(text) as Record<string, unknown>
  writeFileSync(file('policy.json'), text)
  // Nothing of the caller's settings: a database or a ledger that they name is not ours to write to.
  const own: Env = {
    ...{ PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir() },
    ...{
      DATA_DIR: dataDir,
      POLICY_FILE: file('policy.json'),
      HOST: '127.0.0.1',
      PORT: '0',
      ESCROW_STOCK: '0',
      LOG_LEVEL: 'warn',
    },
  }
  const children = new Set<ChildProcessWithoutNullStreams>()

  const launch = (args: readonly string[], env: Env, by: readonly string[] = []) => {
    if (begins.includes(args[0] ?? '') && !names(env, elsewhere)) {
      giveMaster(dataDir)
      if (!names(env, onServers)) giveReadModels(dataDir)
    }
    const [program = '', ...given] = [...by, process.execPath, launcher, ...args]
    const child = spawn(program, given, { cwd: directory, env: { ...own, ...env } })
    children.add(child)
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text
      })
    const ended = once(child, 'close').then(([status]): Ended => {
      children.delete(child)
      return { status: status as number | null, ...said }
    })
    return { child, said, ended }
  }

  const run: Site['run'] = (args, env = {}) => launch(args, env).ended

  const drops: (() => Promise<void>)[] = []

  return {
    ...{ file, dataDir, policy, run },
    onServer: async () => {
      if (process.env['TEST_POSTGRES_URL'] === undefined) return {}
      const { url, drop } = await createOnServer()
      drops.push(drop)
      return { DATABASE_URL: url }
    },
    json: async <T>(args: readonly string[], env?: Env) => {
      const { status, stdout, stderr } = await run([...args, '--json'], env)
      if (status !== 0) throw new Error(`${args.join(' ')}: ${String(status)} ${stdout} ${stderr}`)
      return JSON.parse(stdout) as T
    },
    killable: (args, env = {}) => {
      const { child, ended } = launch(args, env)
      return { kill: () => void child.kill('SIGKILL'), ended }
    },
    unread: (args, env = {}) => {
      const { child, ended } = launch(args, env)
      child.stdout.destroy()
      return ended
    },
    within: (octets, args, env = {}) =>
      launch(args, env, ['sh', '-c', `ulimit -f ${octets / 512} && exec "$0" "$@"`]).ended,
    start: async (env = {}, command = 'start') => {
      const { child, ended } = launch([command, '--json'], env)
      const first = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>
      const early = ended.then(({ status, stderr }): never => {
        throw new Error(`the service ended with ${String(status)}: ${stderr}`)
      })
      const [line] = await Promise.race([first, early])
      early.catch(() => undefined)
      const end = (signal: NodeJS.Signals): Promise<Ended> => {
        child.kill(signal)
        return ended
      }
      const listens = JSON.parse(line) as Pick<Running, 'url' | 'tlsUrl' | 'pid'>
      return {
        ...listens,
        stop: () => end('SIGTERM'),
        kill: () => end('SIGKILL'),
      }
    },
    killAt: (words, env = {}) => {
      const { child, said, ended } = launch(['start'], env)
      child.stdout.on('data', () => {
        if (said.stdout.includes(words)) child.kill('SIGKILL')
      })
      return ended
    },
    close: async () => {
      await Promise.all(
        [...children].map(async (child) => {
          child.kill('SIGKILL')
          if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
        }),
      )
      await Promise.all(drops.map((drop) => drop()))
      rmSync(directory, { recursive: true })
    },
  }
}
