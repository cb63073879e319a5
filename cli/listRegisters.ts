// The commands of the registers, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import type { ListTools } from './listTools.ts'

/** The first line of the file names its columns; those in brackets may be left out. */
const registersHelp = {
  referential: `
Columns, the first line naming them; those in brackets may be left out:
  matricule, surname (nom), givenNames (prenoms), [email (courriel)], [siren], [active (actif)]
  UTF-8, fields parted by ; or by commas. The matricule is a text of ten digits, its leading zeros with them.`,
  directory: `
Columns, the first line naming them; those in brackets may be left out:
  surname (nom), givenNames (prenoms), [email (courriel)]
  UTF-8, fields parted by ; or by commas.`,
} as const

const registers = [
  ['referential', 'the referential of agents: who may have an agent card (CGU-27)'],
  ['directory', "the RA's reference directory (CGU-30)"],
] as const

/** Lists `referential` and `directory`. */
export const listRegisters = (program: Command, { env, command, outputOf, found }: ListTools): void => {
  for (const [name, about] of registers) {
    const one = program.command(name).description(about)
    command(one, 'import <file>', `replace the ${name} by a CSV file, all of it or nothing`)
      .option('--skip-bad', 'take the good lines, whatever the others are', false)
      .addHelpText('after', registersHelp[name])
      .action(async (file: string, options: OptionValues & { skipBad: boolean }) => {
        const { importRegister } = await import('./registers.ts')
        const { skipBad } = options
        if (!(await importRegister(env, outputOf(options), { name, file, skipBad }))) found()
      })
  }
}
