// A whole installation without containers: PostgreSQL and Redis from the system's packages, and every process of Grand-Livre as one. The
// EventStoreDB server is no package of any system: LEDGER_URL names a real one; else the loopback server of the tests speaks its protocol,
// over an embedded ledger.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openLoopback } from '../support/eventstoredb/loopback.ts'
import { startEmptyPostgres } from '../support/services/postgres.ts'
import { startRedis } from '../support/services/redis.ts'
import { ready, run, start, type Program, type Running } from './process.ts'

export type RoleName = 'signer' | 'api' | 'projector' | 'worker' | 'status'
type Stop = () => Promise<unknown>

/** How a process has ended once it was asked to: 0, where nothing was wrong with it. */
export type Ended = Readonly<{ role: RoleName; status: number | null }>

export type Trial = Readonly<{
  /** Where the accounts and everything else of the installation lies. */
  dataDir: string
  /** Starts one more process of a role, and waits until it is ready. @param more settings of its own */
  start: (role: RoleName, more?: NodeJS.ProcessEnv) => Promise<Running>
  /** Runs a command to its end. @returns the document that it printed */
  run: <T>(args: readonly string[]) => Promise<T>
  /** Settings of those processes. */
  env: NodeJS.ProcessEnv
  /** Stops a server, does something, and starts it again: it has what it had. */
  restart: (server: 'postgres' | 'redis', meanwhile: () => Promise<unknown>) => Promise<void>
  /** Stops what the processes stand on: the ledger, PostgreSQL, Redis. */
  stopServers: () => Promise<void>
  /** Stops all that still runs, the newest first. @returns how each process has ended */
  close: () => Promise<readonly Ended[]>
}>

export type TrialOptions = Readonly<{
  /** A directory for everything. */
  directory: string
  launcher: string
  /** Settings beside those by which the processes find each other. */
  env: NodeJS.ProcessEnv
  say: (line: string) => void
}>

type Servers = Readonly<{ env: NodeJS.ProcessEnv; stop: Stop; restart: Trial['restart'] }>

const startLedger = async (directory: string, ledgerUrl: string | undefined) => {
  if (ledgerUrl !== undefined) return { url: ledgerUrl, stop: async () => undefined }
  const path = join(directory, 'ledger')
  mkdirSync(path, { mode: 0o700 })
  const node = await openLoopback(() => openEmbeddedStore({ path }))
  return { url: node.connectionString, stop: node.close }
}

const startServers = async ({ directory, env, say }: TrialOptions): Promise<Servers> => {
  const stops: Stop[] = []
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).toReversed()) await one()
  }
  try {
    const postgres = await startEmptyPostgres(directory, { kept: true })
    stops.push(postgres.stop)
    say('  · PostgreSQL')
    const redis = await startRedis(directory, { kept: true })
    stops.push(redis.stop)
    say('  · Redis')
    const ledger = await startLedger(directory, env['LEDGER_URL'])
    stops.push(ledger.stop)
    say(
      `  · ledger: ${env['LEDGER_URL'] === undefined ? 'loopback server over an embedded ledger' : 'LEDGER_URL'}`,
    )
    return {
      env: {
        LEDGER_URL: ledger.url,
        DATABASE_URL: postgres.env['TEST_POSTGRES_URL'],
        REDIS_URL: redis.env['TEST_REDIS_URL'],
      },
      stop,
      restart: (server, meanwhile) => ({ postgres, redis })[server].restart(meanwhile),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Where each role keeps its data: the status process has a directory of its own. */
const dataOf = (directory: string, role: string): string =>
  join(directory, role === 'status' ? 'status' : 'data')

/** Brings the servers up. No process of Grand-Livre is started yet. */
export const openTrial = async (options: TrialOptions): Promise<Trial> => {
  const { directory, launcher, say } = options
  for (const role of ['signer', 'status']) {
    const data = dataOf(directory, role)
    if (!existsSync(data)) mkdirSync(data, { mode: 0o700 })
  }
  const servers = await startServers(options)
  const socket = join(directory, 'data', 'signer', 'custody.sock')
  const running = new Map<Running, RoleName>()
  let isClosed = false
  const programOf = (role: string): Program => ({
    launcher,
    cwd: directory,
    log: join(directory, `${role}.log`),
    env: {
      ...{ PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'warn' },
      ...options.env,
      ...servers.env,
      ...{ DATA_DIR: dataOf(directory, role), SIGNER_SOCKET: socket },
    },
  })
  const noted = (role: RoleName, process: Running): Running => {
    const gone = (): void => void running.delete(noting)
    const noting: Running = {
      said: process.said,
      stop: () => process.stop().finally(gone),
      kill: () => process.kill().finally(gone),
    }
    running.set(noting, role)
    return noting
  }
  return {
    dataDir: dataOf(directory, 'api'),
    env: programOf('api').env,
    restart: servers.restart,
    start: async (role, more = {}) => {
      const program = programOf(role)
      const process = noted(role, await start({ ...program, env: { ...program.env, ...more } }, [role]))
      if (isClosed) {
        await process.stop()
        throw new Error(`${role}: everything is being taken down`)
      }
      if (process.said.url !== undefined) await ready(process.said.url)
      say(`  · ${role}${process.said.url === undefined ? '' : ` at ${process.said.url}`}`)
      return process
    },
    run: (args) => run(programOf(args[0] ?? ''), args),
    stopServers: () => servers.stop().then(() => undefined),
    close: async () => {
      isClosed = true
      const ended: Ended[] = []
      for (const [process, role] of [...running].toReversed())
        ended.push({ role, status: await process.stop() })
      await servers.stop()
      return ended
    },
  }
}
