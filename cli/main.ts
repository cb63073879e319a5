// The `grand-livre` command. Each command has a file of its own; here is what they are called and how they end.
import { Command, CommanderError, type OptionValues } from 'commander'
import { PassphraseFault } from '../hsm/passphrase.ts'
import { KeyFault } from '../hsm/keyFault.ts'
import { JobsFault } from '../jobs/port.ts'
import { LedgerFault } from '../ledger/store.ts'
import { roles } from '../domain/lists.ts'
import { AccountFault } from './accountsFile.ts'
import * as accounts from './accounts.ts'
import { ConfigFault, readRelease } from './config.ts'
import { demo, DemoFailed } from './demo/demo.ts'
import * as ledger from './ledgerCommands.ts'
import { OpensslFault } from './demo/openssl.ts'
import { openOutput, type Output } from './output.ts'
import * as projections from './projections.ts'
import { NothingThere } from './reading.ts'
import { parseInstant, replay } from './replay.ts'
import { start } from './start.ts'

const exitStatus = { done: 0, found: 1, usage: 2, unavailable: 3, internal: 70 } as const

const exitHelp = `
Exit status:
  0  done
  1  done, and something is wrong: the ledger is not intact, a read model is behind, a check of the demo failed
  2  the arguments, a setting or the policy are wrong
  3  what is needed is not there: keys, ledger, database, port, or another process holds them
  70 a fault of Grand-Livre itself`

const settingsHelp = `
Settings, from the environment:
  DATA_DIR                     data directory (./data)
  HOST, PORT                   where to listen (127.0.0.1, 8080)
  POLICY_FILE                  policy of the authority (the one shipped)
  GRAND_LIVRE_PASSPHRASE       passphrase of the keys; or
  GRAND_LIVRE_PASSPHRASE_FILE  a file that holds it (DATA_DIR/passphrase, made with mode 0600)
  LEDGER_URL                   EventStoreDB (the embedded ledger)
  DATABASE_URL                 PostgreSQL (the embedded database)
  REDIS_URL                    Redis, for jobs that several processes share (jobs in the process)
  LOG_LEVEL                    trace, debug, info, warn, error, fatal or silent (info)`

const usageFaults = [ConfigFault, AccountFault]
const unavailable = [PassphraseFault, KeyFault, LedgerFault, JobsFault, NothingThere, OpensslFault]
const unavailableCodes = new Set([
  'EADDRINUSE',
  'EACCES',
  'EADDRNOTAVAIL',
  'ECONNREFUSED',
  'EEXIST',
  'ENOENT',
])

const isOne = (error: unknown, kinds: readonly (new (...args: never) => Error)[]): boolean =>
  kinds.some((kind) => error instanceof kind)

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)

const statusOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.usage
  if (error instanceof DemoFailed) return exitStatus.found
  if (isOne(error, usageFaults)) return exitStatus.usage
  if (isOne(error, unavailable) || unavailableCodes.has(codeOf(error))) return exitStatus.unavailable
  return exitStatus.internal
}

/** Tells what went wrong in a sentence; with the stack only where the fault is ours. */
const report = (error: unknown, json: boolean): number => {
  const status = statusOf(error)
  if (error instanceof CommanderError) return status
  const fault = error instanceof Error ? error : new Error(String(error))
  const text = status === exitStatus.internal ? (fault.stack ?? fault.message) : fault.message
  process.stderr.write(
    json ? `${JSON.stringify({ error: fault.name, message: fault.message })}\n` : `${text}\n`,
  )
  return status
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** Builds the command line. @param end is told the exit status of a command that found something wrong */
const build = (env: NodeJS.ProcessEnv, end: (status: number) => void): Command => {
  const program = new Command('grand-livre')
    .description('The ledger of a certification authority: every fact an event, everything else derived.')
    .version(readRelease())
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', `${settingsHelp}\n${exitHelp}`)

  const command = (parent: Command, usage: string, about: string): Command =>
    parent
      .command(usage)
      .description(about)
      .option('--json', 'print one JSON document, for programs')
      .exitOverride()
  const outputOf = ({ json }: OptionValues): Output => openOutput(json === true)

  command(program, 'start', 'start the service; the first start holds the key ceremony')
    .addHelpText('after', settingsHelp)
    .action((options: OptionValues) => start(env, outputOf(options)))

  command(program, 'demo', "the life of one agent's certificate, over HTTP, each step checked with openssl")
    .option('--out <dir>', 'where the files are left', 'data/demo')
    .action((options: OptionValues & { out: string }) => demo(options.out, outputOf(options)))

  const people = program.command('accounts').description('who may sign in, and as what')
  command(people, 'add <name>', 'add an account and show its token, once')
    .requiredOption('--role <role>', `a role, may be repeated: ${roles.join(', ')}`, collect, [])
    .option('--entity <id>', 'an entity the account acts for, may be repeated', collect, [])
    .option('--person <id>', 'the person number, for somebody who has one (a holder)')
    .action((id: string, options: OptionValues & { role: string[]; entity: string[]; person?: string }) => {
      const { role, entity, person } = options
      const more = person === undefined ? {} : { person }
      return accounts.add(env, outputOf(options), { id, roles: role, entities: entity, ...more })
    })
  command(people, 'list', 'list the accounts').action((options: OptionValues) =>
    accounts.list(env, outputOf(options)),
  )
  command(people, 'remove <name>', 'remove an account').action((id: string, options: OptionValues) =>
    accounts.remove(env, outputOf(options), id),
  )

  const book = program.command('ledger').description('what an auditor asks of the ledger')
  command(book, 'verify', 'recompute every leaf and the tree; check every body, stream and seal')
    .option('--head <size:root>', 'a tree head kept elsewhere that must be met, may be repeated', collect, [])
    .action(async (options: OptionValues & { head: string[] }) => {
      if (!(await ledger.verify(env, outputOf(options), options.head.map(ledger.parseHead))))
        end(exitStatus.found)
    })
  command(book, 'export', 'the ledger as JSON lines, sealed as it is stored')
    .option('--out <file>', 'a new file (standard output)')
    .action((options: OptionValues & { out?: string }) =>
      ledger.exportLines(env, outputOf(options), options.out),
    )

  const models = program.command('projections').description('the read models')
  command(models, 'status', 'how far each read model has come').action(async (options: OptionValues) => {
    if (!(await projections.status(env, outputOf(options)))) end(exitStatus.found)
  })
  command(models, 'rebuild [names...]', 'throw read models away and build them anew from the ledger').action(
    (names: string[], options: OptionValues) => projections.rebuild(env, outputOf(options), names),
  )

  command(program, 'replay', 'the status table as it stood at an instant, from the ledger alone')
    .requiredOption('--at <instant>', 'in UTC, as 2026-11-24T12:00:00Z')
    .action((options: OptionValues & { at: string }) =>
      replay(env, outputOf(options), parseInstant(options.at)),
    )

  return program
}

/** Whoever reads us has seen enough (`… | head`): that is no fault. */
const endWithReader = (error: Error): void => {
  if (codeOf(error) !== 'EPIPE') throw error
  process.exit(exitStatus.done)
}

const run = async (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  try {
    await build(env, (status) => {
      process.exitCode = status
    }).parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error, argv.includes('--json'))
  }
}

process.stdout.on('error', endWithReader)
await run(process.argv, process.env)
