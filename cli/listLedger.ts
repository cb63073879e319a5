// The commands about the ledger and what is derived from it, as the command line knows them; what they do is loaded when they
// are asked for.
import type { Command, OptionValues } from 'commander'
import { listCopies } from './listCopies.ts'
import type { ListTools } from './listTools.ts'

const acceptHelp = `
The service is stopped meanwhile. What was issued, revoked or destroyed after this ledger was copied is in it no more: certificates that
nobody can revoke may be in use, and the next list of an authority bears a number that was given before. See docs/backup.md.`

/** Lists `ledger`, `projections` and `replay`. */
export const listLedger = (program: Command, { env, command, outputOf, collect, found }: ListTools): void => {
  const book = program.command('ledger').description('what an auditor asks of the ledger')
  command(book, 'verify', 'recompute every leaf and the tree; check every body, stream and seal')
    .option('--head <size:root>', 'a tree head kept elsewhere that must be met, may be repeated', collect, [])
    .action(async (options: OptionValues & { head: string[] }) => {
      const { parseHead, verify } = await import('./ledgerCommands.ts')
      if (!(await verify(env, outputOf(options), options.head.map(parseHead)))) found()
    })
  command(book, 'accept', 'go on with a ledger that is older than keys and vault, because it is all there is')
    .requiredOption('--head <size:root>', 'its tree head, as `ledger verify` shows it')
    .addHelpText('after', acceptHelp)
    .action(async (options: OptionValues & { head: string }) => {
      const { acceptLedger } = await import('./acceptLedger.ts')
      if (!(await acceptLedger(env, outputOf(options), options.head))) found()
    })
  listCopies(book, { env, command, outputOf, collect, found })

  const models = program.command('projections').description('the read models')
  command(models, 'status', 'how far each read model has come').action(async (options: OptionValues) => {
    const { status } = await import('./projections.ts')
    if (!(await status(env, outputOf(options)))) found()
  })
  command(models, 'rebuild [names...]', 'throw read models away and build them anew from the ledger').action(
    async (names: string[], options: OptionValues) =>
      (await import('./projections.ts')).rebuild(env, outputOf(options), names),
  )

  command(program, 'replay', 'the status table as it stood at an instant, from the ledger alone')
    .requiredOption('--at <instant>', 'in UTC, as 2026-11-24T12:00:00Z')
    .action(async (options: OptionValues & { at: string }) => {
      const { parseInstant, replay } = await import('./replay.ts')
      await replay(env, outputOf(options), parseInstant(options.at))
    })
}
