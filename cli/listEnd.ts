// The ceremonies at the end of an authority, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import type { DestructionAsked } from './caKeyDestruction.ts'
import type { ReceiptAsked } from './custodyReceipt.ts'
import type { TransferAsked } from './custodyTransfer.ts'
import type { ListTools } from './listTools.ts'

const destructionHelp = `
The script lists every copy that the ledger knows: {"copy": its id, "reference", "holder", "seal", "destroyed": {"at", "how"}}. While one
is not told to be destroyed, the destruction is ordered and nothing else: destroy the copies then, and give the command again.`

const transferHelp = `
The service is stopped meanwhile. Stopped at any moment, the command given again with the same directory goes on. The escrow stays as it
is; the transfer is done when the successor's receipt is recorded (docs/escrow-transfer.md).`

const officers = (command: Command): Command =>
  command
    .requiredOption('--officer <file>', 'the token of the CA officer or the security officer')
    .requiredOption('--second <file>', 'the token of the other of the two')

/** Lists `ca-key-destruction`. */
export const listEnd = (program: Command, { env, command, outputOf, found }: ListTools): void => {
  const destruction = command(
    program,
    'ca-key-destruction',
    'a ceremony: the key of the authority that has ended and every copy are destroyed',
  ).requiredOption('--script <file>', 'JSON: title, place, witnesses (two at least), remarks, copies')
  officers(destruction)
    .option('--out <dir>', 'where the report is left', 'ca-key-destruction')
    .option('--dry-run', 'say what would be destroyed, and why it may not; nothing is changed')
    .addHelpText('after', destructionHelp)
    .action(async (options: OptionValues & DestructionAsked) => {
      const { destroyCaKey } = await import('./caKeyDestruction.ts')
      if (!(await destroyCaKey(env, outputOf(options), options))) found()
    })
}

/** Lists the transfer of the escrow among the `custody` commands. */
export const listTransfer = (custody: Command, { env, command, outputOf, found }: ListTools): void => {
  const transfer = command(custody, 'transfer', 'a ceremony: the escrow goes to who takes it over')
    .requiredOption('--to <cert>', "the successor's certificate: RSA of 3072 bits at least, for encryption")
    .requiredOption('--script <file>', 'JSON: title, place, witnesses (two at least), remarks')
  officers(transfer)
    .requiredOption('--out <dir>', 'a new directory for the package, or that of a transfer that was begun')
    .option('--dry-run', 'say what would go, and why it may not; nothing is changed')
    .addHelpText('after', transferHelp)
    .action(async (options: OptionValues & TransferAsked) => {
      const { transferEscrow } = await import('./custodyTransfer.ts')
      if (!(await transferEscrow(env, outputOf(options), options))) found()
    })
  const receipt = command(custody, 'transfer-receipt', 'record that the successor has opened the package')
    .requiredOption('--receipt <file>', 'what he gave back')
    .requiredOption('--package <dir>', 'the package, or its inventory alone')
    .requiredOption('--script <file>', 'JSON: title, place, witnesses (two at least), remarks')
  officers(receipt).action(async (options: OptionValues & ReceiptAsked) =>
    (await import('./custodyReceipt.ts')).recordReceipt(env, outputOf(options), options),
  )
}
