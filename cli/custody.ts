// The `custody` commands, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import type { CopyAsked } from './custodyCopy.ts'
import type { DestroyKekAsked } from './custodyDestroyKek.ts'
import type { CombineAsked, SplitAsked } from './custodyPin.ts'
import { listTransfer } from './listEnd.ts'
import type { ListTools } from './listTools.ts'

const splitHelp = `
Each certificate is an officer's own, for key encipherment or agreement, and its key lies in no escrow that the PIN opens. His
share is opened with his key:
  openssl cms -decrypt -inform DER -in share-1.p7m -inkey KEY -recip CERT -out share-1.json`

const combineHelp = `
A share that is damaged, of another set or given twice is refused by its name, and so are too few; the PIN is not written then, and
the ledger of DATA_DIR or LEDGER_URL, where there is one, is told that it was refused.
Destroy the decrypted shares afterwards.`

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`

const rewrapHelp = `
The service is stopped meanwhile. Each key is moved in one write and recorded after it; stopped at any moment, the command goes on from
there. Back up the vault afterwards, before the old KEK is destroyed: an older backup has its keys under that one alone.`

const copyHelp = `
Of each copy that is made of the token, or of the keys of a custody in software, when it is made. It prints the id under which
\`destroy-kek\` wants the copy listed.`

const destroyHelp = `
Refused while a key lies under it. Keys that were made and never anybody's are removed first. Where the ledger has copies of it, each is listed:
  [{ "copy": "ID", "reference": "clone 2", "holder": "A. Martin", "seal": "S-0042",
     "destroyed": { "at": "2036-03-02T09:00:00Z", "how": "support broyé" } }]
While one has no "destroyed", the destruction is ordered and nothing is destroyed: exit status 1.`

/** Lists the `custody` commands. */
export const listCustody = (program: Command, tools: ListTools): void => {
  const { env, command, outputOf, collect, found } = tools
  const custody = program.command('custody').description('keys, and the PIN of the recovery token')
  command(
    custody,
    'reconcile',
    'compare the signatures that the ledger knows with the signer’s own count',
  ).action(async (options: OptionValues) => {
    if (!(await (await import('./reconcile.ts')).reconcile(env, outputOf(options)))) found()
  })
  command(custody, 'keks', 'list the KEKs of the escrow, and how many keys lie under each').action(
    async (options: OptionValues) => (await import('./custodyKeks.ts')).listKeks(env, outputOf(options)),
  )
  command(custody, 'rewrap', 'move the escrowed keys of a KEK under a new one; given again, it goes on')
    .option('--from <kek>', 'id of the KEK (the one that new keys are put under)')
    .addHelpText('after', rewrapHelp)
    .action(async (options: OptionValues & { from?: string }) => {
      const { rewrap } = await import('./custodyKeks.ts')
      if (!(await rewrap(env, outputOf(options), options.from))) found()
    })
  command(custody, 'copy <kek>', 'record a copy of a KEK, as a clone of its token, so that it goes with it')
    .requiredOption('--officer <file>', 'the token of the CA officer or the security officer')
    .requiredOption('--second <file>', 'the token of the other of the two')
    .requiredOption('--present <text>', 'who is there, for the record')
    .requiredOption('--reference <text>', 'by what the copy is found')
    .requiredOption('--holder <text>', 'who has it')
    .requiredOption('--seal <text>', 'the number of its seal')
    .option('--out <dir>', 'where the minutes are left', '.')
    .addHelpText('after', copyHelp)
    .action(async (kek: string, options: OptionValues & CopyAsked) =>
      (await import('./custodyCopy.ts')).recordCopy(env, outputOf(options), kek, options),
    )
  command(
    custody,
    'destroy-kek <kek>',
    'destroy a KEK that no key lies under: every backup of those that did',
  )
    .requiredOption('--officer <file>', 'the token of the CA officer or the security officer')
    .requiredOption('--second <file>', 'the token of the other of the two')
    .requiredOption('--present <text>', 'who is there, for the record')
    .option('--copies <file>', 'JSON: every copy of it that was recorded, and how it went')
    .option('--out <dir>', 'where the attestation is left', '.')
    .addHelpText('after', destroyHelp)
    .action(async (kek: string, options: OptionValues & DestroyKekAsked) => {
      const { destroyKek } = await import('./custodyDestroyKek.ts')
      if (!(await destroyKek(env, outputOf(options), kek, options))) found()
    })
  listTransfer(custody, tools)
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
