// The commands of those who run the service, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import type { ListTools } from './listTools.ts'
import type { RevokeAsked } from './revokeList.ts'

/** Lists `config check` and `revoke`. */
export const listOperations = (program: Command, { env, command, outputOf, found }: ListTools): void => {
  const config = program.command('config').description('the settings of an installation')
  command(config, 'check', 'the settings in force, secrets masked, and everything that is wrong with them')
    .option('--connect', 'ask what they name for an answer, too; nothing is written, no PIN is tried')
    .action(async (options: OptionValues & { connect?: boolean }) =>
      (await import('./configCheck.ts')).configCheck(env, outputOf(options), options),
    )

  command(program, 'revoke <list>', 'revoke every certificate of a list, at a running service')
    .requiredOption('--officer <file>', 'the token of the officer who revokes')
    .requiredOption('--as <name>', 'his name, as the requests have it (CGU-72)')
    .requiredOption('--cause <cause>', 'as cardFaulty or keyCompromised (CGU-74)')
    .requiredOption('--note <words>', 'why all of them: the motive of each request (CGU-64)')
    .option('--url <url>', 'where the service answers', 'http://127.0.0.1:8080')
    .addHelpText(
      'after',
      '\nThe list: a line each, serial number;name of the holder as the certificate has it. UTF-8.',
    )
    .action(async (list: string, options: OptionValues & RevokeAsked) => {
      const { revokeList } = await import('./revokeList.ts')
      if (!(await revokeList(outputOf(options), list, options))) found()
    })
}
