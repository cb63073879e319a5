// The signer process, as the command line knows it; what it does is loaded when it is asked for.
import type { Command, OptionValues } from 'commander'
import type { ListTools } from './listTools.ts'

const signerHelp = `
It listens at SIGNER_SOCKET, or at DATA_DIR/signer/custody.sock, for processes of the same user. Every other process of the installation
is given that path as SIGNER_SOCKET, and no PIN and no passphrase.`

/** Lists `signer`. */
export const listSigner = (program: Command, { env, command, outputOf, found }: ListTools): void => {
  command(program, 'signer', 'hold keys, vault and cards in a process of their own, for the other processes')
    .option('--check', 'ask the one that runs whether it works, instead', false)
    .addHelpText('after', signerHelp)
    .action(async (options: OptionValues & { check: boolean }) => {
      const { checkSigner, signer } = await import('./signer.ts')
      if (!options.check) await signer(env, outputOf(options))
      else if (!(await checkSigner(env, outputOf(options)))) found()
    })
}
