import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { makeTemplate } from '../database.ts'
import { command } from './command.ts'
import { findPostgres } from './programs.ts'
import { launch, type Restartable } from './service.ts'

type Owner = Readonly<{ uid: number; gid: number }>

const idOf = async (flag: '-u' | '-g', user: string): Promise<number | undefined> => {
  const { status, output } = await command('id', [flag, user])
  return status === 0 ? Number(output) : undefined
}

/** PostgreSQL refuses to be root: then the package's own user runs it, or nobody where there is none. */
const serverOwner = async (): Promise<Owner | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  for (const user of ['postgres', 'nobody']) {
    const uid = await idOf('-u', user)
    const gid = await idOf('-g', user)
    if (uid !== undefined && gid !== undefined) return { uid, gid }
  }
  return undefined
}

const user = 'grandlivre'

const initialise = async (
  initdb: string,
  directory: string,
  password: string,
  owner?: Owner,
): Promise<void> => {
  const passwordFile = `${directory}.password`
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (owner !== undefined) chownSync(passwordFile, owner.uid, owner.gid)
  const made = await command(
    initdb,
    ['-D', directory, '-U', user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`].concat([
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
      '--no-instructions',
    ]),
    { ...owner, cwd: directory, endsWithUs: true },
  )
  rmSync(passwordFile)
  if (made.status !== 0) throw new Error(`initdb failed:\n${made.output}`)
}

/** Of a server whose process may end, and be started again. */
export type Kept = Readonly<{
  /** What it has answered is there when it is started again, as in production. */
  kept?: boolean
}>

/** A PostgreSQL server on 127.0.0.1, without a socket file and without a table: `TEST_POSTGRES_URL`. */
export const startEmptyPostgres = async (
  workspace: string,
  { kept = false }: Kept = {},
): Promise<Restartable> => {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('PostgreSQL is not installed')
  const owner = await serverOwner()
  const directory = join(workspace, 'postgres')
  mkdirSync(directory, { mode: 0o700 })
  if (owner !== undefined) {
    // The server's user has to pass through the workspace, and sees nothing of it but its own directory.
    chmodSync(workspace, 0o711)
    chownSync(directory, owner.uid, owner.gid)
  }
  const password = randomBytes(16).toString('hex')
  await initialise(programs.initdb, directory, password, owner)
  const url = (port: number) => `postgres://${user}:${password}@127.0.0.1:${String(port)}/postgres`
  return launch({
    name: 'postgres',
    workspace,
    file: programs.postgres,
    // Nothing has to outlive the machine: without fsync a commit costs no disk. What was handed to the system outlives the process.
    args: (port) =>
      ['-D', directory, '-p', String(port)].concat(
        ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'full_page_writes=off']
          .concat([`synchronous_commit=${kept ? 'on' : 'off'}`, 'max_connections=100'])
          .flatMap((setting) => ['-c', setting]),
      ),
    ...(owner === undefined ? {} : { owner }),
    probe: async (port) => {
      const client = new pg.Client({ connectionString: url(port) })
      try {
        await client.connect()
      } finally {
        await client.end()
      }
    },
    env: (port) => ({ TEST_POSTGRES_URL: url(port) }),
    // Immediate shutdown, as after a crash: what was committed is in its log.
    endSignal: 'SIGQUIT',
  })
}

/** The same, which holds what test databases are copied from. */
export const startPostgres = async (workspace: string, kept: Kept = {}): Promise<Restartable> => {
  const service = await startEmptyPostgres(workspace, kept)
  try {
    await makeTemplate(service.env['TEST_POSTGRES_URL'] ?? '')
  } catch (error) {
    await service.stop()
    throw error
  }
  return service
}
