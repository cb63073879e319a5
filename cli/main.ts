// The `grand-livre` command. Each command has a file of its own, loaded when it is asked for; here is what they are called
// and how they end.
import { Command, CommanderError, type OptionValues } from 'commander'
import type { ArlAsked } from './arl.ts'
import type { CeremonyAsked } from './ceremony.ts'
import type { ComplianceAsked } from './compliance.ts'
import { ConfigFault } from './configFault.ts'
import { listCustody } from './custody.ts'
import { listAccounts } from './listAccounts.ts'
import { listEnd } from './listEnd.ts'
import { listJobsCommands } from './listJobs.ts'
import { listLedger } from './listLedger.ts'
import { listOperations } from './listOperations.ts'
import { listRegisters } from './listRegisters.ts'
import { listRoles } from './listRoles.ts'
import { listSigner } from './listSigner.ts'
import { openOutput, type Output } from './output.ts'
import { readRelease } from './shipped.ts'
import { signInHelp } from './signInHelp.ts'

const exitStatus = { done: 0, found: 1, usage: 2, unavailable: 3, internal: 70 } as const

const exitHelp = `
Exit status:
  0  done
  1  done, and something is wrong: the ledger is not intact, a read model is behind, a check of the demo failed,
     a line of an import, a share of a PIN or an exported ledger is wrong, the signer has signed what the ledger does not know
  2  the arguments, a setting or the policy are wrong
  3  what is needed is not there: keys, ledger, database, port, or another process holds them
  70 a fault of Grand-Livre itself`

const settingsHelp = `
Settings, from the environment:
  DATA_DIR                     data directory (./data)
  HOST, PORT                   where to listen (127.0.0.1, 8080)
  POLICY_FILE                  policy of the authority (the one shipped)
  CGU_FILE                     conditions of use, the text that the policy names by its digest (the one shipped)
  GRAND_LIVRE_PASSPHRASE       passphrase of the keys; or
  GRAND_LIVRE_PASSPHRASE_FILE  a file that holds it (DATA_DIR/passphrase, made with mode 0600)
  LEDGER_URL                   EventStoreDB (the embedded ledger)
  DATABASE_URL                 PostgreSQL (the embedded database)
  REDIS_URL                    Redis, for jobs that several processes share (jobs in the process)
                               These three also as LEDGER_URL_FILE and so on: a file that holds it
  SMTP_URL, MAIL_FROM          mail server for notices, also SMTP_URL_FILE (files in DATA_DIR/outbox), and their sender
  PKCS11_MODULE                PKCS#11 module whose tokens hold the keys (keys in software), with
  PKCS11_CA_TOKEN, _CA_PIN     label or serial number and PIN of the authorities' token; also PKCS11_CA_PIN_FILE
  PKCS11_ESCROW_TOKEN, _ESCROW_PIN   the same of the escrow's token
  SIGNER_SOCKET                socket of the signer process that holds keys, vault and cards (this process does)
  ESCROW_STOCK                 holders' keys made ahead (4)
  OCSP_READY                   of \`status\`: answers made before anybody asks (10000)
  TRUSTED_PROXIES              addresses or networks of reverse proxies, with commas between (none)
${signInHelp}
  LOG_LEVEL                    trace, debug, info, warn, error, fatal or silent (info)
  METRICS_PORT, METRICS_HOST   a listener of its own for /metrics (on PORT, for this machine; 127.0.0.1)
  DRAIN_SECONDS                from the signal to stop until no request is taken any more (0; 5 in production)
  DISK_LOW_MB, CLOCK_DRIFT_SECONDS   from when on the disk, or the clock, is an alarm (512, 5)
  OTEL_EXPORTER_OTLP_ENDPOINT  where spans are sent, with the other variables of OpenTelemetry (nowhere)
  OTEL_EXPORTER_OTLP_HEADERS   headers that they are sent with, also OTEL_EXPORTER_OTLP_HEADERS_FILE (none)
                               \`grand-livre config check\` shows what is in force`

/** By their names: their classes lie in what only some commands load. */
const statusOfFault: Readonly<Record<string, number>> = {
  ...{ DemoFailed: exitStatus.found, ShareFault: exitStatus.found, ProcessRefused: exitStatus.found },
  ...{ ConfigFault: exitStatus.usage, AccountFault: exitStatus.usage },
  ...{ RegisterFault: exitStatus.usage, PolicyChanged: exitStatus.usage },
  ...{ PassphraseFault: exitStatus.unavailable, KeyFault: exitStatus.unavailable },
  ...{ LedgerFault: exitStatus.unavailable, NothingThere: exitStatus.unavailable },
  ...{ NotMigrated: exitStatus.unavailable, CeremonyRequired: exitStatus.unavailable },
  ...{ ExportFault: exitStatus.found, ImportRefused: exitStatus.unavailable },
  ...{ JobsFault: exitStatus.unavailable, OpensslFault: exitStatus.unavailable },
}
const unavailableCodes = new Set([
  'EADDRINUSE',
  'EACCES',
  'EADDRNOTAVAIL',
  'ECONNREFUSED',
  'EEXIST',
  'ENOENT',
  // A path that is none, and a disk that is full or takes nothing.
  ...['EISDIR', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EPERM'],
])

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)

const statusOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.usage
  const known = error instanceof Error ? statusOfFault[error.name] : undefined
  return known ?? (unavailableCodes.has(codeOf(error)) ? exitStatus.unavailable : exitStatus.internal)
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

/** As commander names an option: `dryRun` is given as `--dry-run`. */
const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** What a variable that is not set leaves of `--out "$OUT"` would be a file without a name. @throws ConfigFault */
const requireWords = (options: OptionValues): void => {
  for (const [name, value] of Object.entries(options))
    if ([value].flat().includes('')) throw new ConfigFault(`--${dashed(name)}: is empty`)
}

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
      .hook('preAction', (asked) => requireWords(asked.opts()))
  const outputOf = ({ json }: OptionValues): Output => openOutput(json === true)

  command(program, 'start', 'start the service; the first start holds the key ceremony')
    .addHelpText('after', settingsHelp)
    .action(async (options: OptionValues) => (await import('./start.ts')).start(env, outputOf(options)))

  command(
    program,
    'ceremony',
    'make the keys of the authorities by a script: two officers, witnesses, a report',
  )
    .requiredOption('--script <file>', 'JSON: title, place, witnesses (two at least), remarks')
    .requiredOption('--officer <file>', 'the token of the CA officer or the security officer')
    .requiredOption('--second <file>', 'the token of the other of the two')
    .option('--out <dir>', 'where the report is left', 'ceremony')
    .option('--dry-run', 'rehearse it in a place of its own, on throw-away tokens; its keys are destroyed')
    .action(async (options: OptionValues & CeremonyAsked) =>
      (await import('./ceremony.ts')).ceremony(env, outputOf(options), options),
    )

  command(program, 'arl', 'a ceremony: the root revokes the authority that has ended, and lists it')
    .requiredOption('--script <file>', 'JSON: title, place, witnesses (two at least), remarks')
    .requiredOption('--officer <file>', 'the token of the CA officer or the security officer')
    .requiredOption('--second <file>', 'the token of the other of the two')
    .option('--out <dir>', 'where list and report are left', 'arl')
    .option('--dry-run', 'say what would be revoked and listed, and why it may not; nothing is changed')
    .action(async (options: OptionValues & ArlAsked) => {
      const { ceremonyOfArl } = await import('./arl.ts')
      if (!(await ceremonyOfArl(env, outputOf(options), options))) end(exitStatus.found)
    })

  command(program, 'demo', "the life of one agent's certificate, over HTTP, each step checked with openssl")
    .option('--out <dir>', 'where the files are left', 'data/demo')
    .action(async (options: OptionValues & { out: string }) =>
      (await import('./demo/demo.ts')).demo(options.out, outputOf(options)),
    )

  const tools = { command, outputOf, collect, env, found: () => end(exitStatus.found) }
  listRoles(program, tools)
  listAccounts(program, tools)
  listRegisters(program, tools)
  listLedger(program, tools)
  listEnd(program, tools)
  listJobsCommands(program, tools)

  command(program, 'end-of-life', 'a dry run of the end of the authority, from the ledger alone').action(
    async (options: OptionValues) => (await import('./endOfLife.ts')).endOfLife(env, outputOf(options)),
  )
  command(program, 'compliance', 'the report of the Comité de Surveillance, from the ledger alone')
    .requiredOption('--from <day>', 'first day of the period, as 2026-01-01')
    .requiredOption('--to <day>', 'last day of the period: what is recorded later changes nothing')
    .option('--out <dir>', 'where the files are written (one form to standard output)')
    .option('--format <form>', 'html, json or csv (all of them with --out, else html)')
    .option('--names', 'name the accounts behind the duties that fell to the same hand')
    .action(async (options: OptionValues & ComplianceAsked) =>
      (await import('./compliance.ts')).compliance(env, outputOf(options), options),
    )

  listCustody(program, tools)
  listSigner(program, tools)
  listOperations(program, tools)

  return program
}

/** Whoever reads us has seen enough (`… | head`): that is no fault, and the command's verdict stands all the same. */
const goOnUnread = (error: Error): void => {
  if (codeOf(error) !== 'EPIPE') throw error
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

process.stdout.on('error', goOnUnread)
await run(process.argv, process.env)
