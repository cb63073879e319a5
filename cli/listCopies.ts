// The commands that take a ledger out, look at what was taken, and give it back.
import type { Command, OptionValues } from 'commander'
import type { ExportAsked } from './ledgerExport.ts'
import type { ImportAsked } from './ledgerImport.ts'
import type { ListTools } from './listTools.ts'

/** Lists `ledger export`, `check` and `import`. */
export const listCopies = (book: Command, { env, command, outputOf, collect, found }: ListTools): void => {
  command(book, 'export', 'the ledger as lines of JSON that can be imported, sealed as it is stored')
    .option('--out <file>', 'a new file (standard output)')
    .option(
      '--officer <file>',
      'to sign its head by the log key: the token of the CA officer or the security officer',
    )
    .option('--second <file>', 'the token of the other of the two')
    .action(async (options: OptionValues & ExportAsked) =>
      (await import('./ledgerExport.ts')).exportLines(env, outputOf(options), options),
    )

  const withProof = (one: Command): Command =>
    one
      .option('--key <file>', 'the public log key in PEM: the head has to be signed by it')
      .option(
        '--head <size:root>',
        'a tree head kept elsewhere that must be met, may be repeated',
        collect,
        [],
      )
  withProof(command(book, 'check <file>', 'whether an exported ledger is whole')).action(
    async (file: string, options: OptionValues & ImportAsked) =>
      (await import('./ledgerImport.ts')).check(env, outputOf(options), file, options),
  )
  withProof(
    command(book, 'import <file>', 'an exported ledger into an empty one; given again, it goes on'),
  ).action(async (file: string, options: OptionValues & ImportAsked) => {
    const { importFile } = await import('./ledgerImport.ts')
    if (!(await importFile(env, outputOf(options), file, options))) found()
  })
}
