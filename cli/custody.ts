// The `custody` commands, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import type { CombineAsked, SplitAsked } from './custodyPin.ts'
import type { Output } from './output.ts'

type Tools = Readonly<{
  command: (parent: Command, usage: string, about: string) => Command
  outputOf: (options: OptionValues) => Output
  collect: (value: string, before: readonly string[]) => readonly string[]
  env: NodeJS.ProcessEnv
  /** Told the exit status of a command that found something wrong. */
  end: (status: number) => void
}>

const splitHelp = `
Each certificate is an officer's own, for key encipherment or agreement, and its key lies in no escrow that the PIN opens. His
share is opened with his key:
  openssl cms -decrypt -inform DER -in share-1.p7m -inkey KEY -recip CERT -out share-1.json`

const combineHelp = `
A share that is damaged, of another set or given twice is refused by its name, and so are too few; the PIN is not written then, and
the ledger of DATA_DIR or LEDGER_URL, where there is one, is told that it was refused.
Destroy the decrypted shares afterwards.`

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`

/** Lists `custody reconcile`, `custody pin split` and `custody pin combine`. */
export const listCustody = (program: Command, { command, outputOf, collect, env, end }: Tools): void => {
  const custody = program.command('custody').description('keys, and the PIN of the recovery token')
  command(
    custody,
    'reconcile',
    'compare the signatures that the ledger knows with the signer’s own count',
  ).action(async (options: OptionValues) => {
    if (!(await (await import('./reconcile.ts')).reconcile(env, outputOf(options)))) end(1)
  })
  const pin = custody
    .command('pin')
    .description('the PIN of the recovery token, which no administrator has alone')
  command(pin, 'split', 'draw a PIN and split it among officers, k of n')
    .requiredOption('--threshold <k>', 'how many shares are needed, 2 at least')
    .requiredOption('--to <cert>', "an officer's certificate, PEM or DER, once for each share", collect, [])
    .option('--out <dir>', 'where the shares are written', '.')
    .option('--pin-file <file>', 'a PIN drawn before, instead of a new one')
    .option('--pin-out <file>', 'a new file, of mode 0600, for the PIN that is to be set on the token')
    .addHelpText('after', splitHelp)
    .action(async (options: OptionValues & SplitAsked) =>
      (await import('./custodyPin.ts')).splitAmong(outputOf(options), options, now()),
    )
  command(pin, 'combine <shares...>', 'put the PIN together from decrypted shares')
    .option('--out <file>', 'a new file, of mode 0600')
    .option('--stdout', 'print the PIN', false)
    .addHelpText('after', combineHelp)
    .action(async (shares: string[], options: OptionValues & CombineAsked) =>
      (await import('./custodyPin.ts')).combineFrom({ env, output: outputOf(options) }, shares, options),
    )
}
