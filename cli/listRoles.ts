// The processes of an installation, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import type { ListTools } from './listTools.ts'

const rolesHelp = `
For an installation of several processes (docs/adr/0027): LEDGER_URL, DATABASE_URL and SIGNER_SOCKET are needed, by api and worker
REDIS_URL too. Run migrate first; it may be given again. Each of the others answers /livez and /readyz on HOST and PORT, and may be
stopped, killed, or started twice at any moment. One process that does everything is grand-livre start.`

const lasting = {
  api: 'commands and queries over HTTP, and what is published',
  projector: 'keep the read models up with the ledger: one does, the others stand by',
  worker: 'the jobs: what a date or an event has made due, and what a stop has interrupted',
  status:
    'certificates, CRL and OCSP, which go on when everything else is down; it keeps them in DATA_DIR/status',
} as const

/** Lists `migrate`, `api`, `projector`, `worker` and `status`. */
export const listRoles = (program: Command, { env, command, outputOf }: ListTools): void => {
  command(program, 'migrate', 'tables, keys and certificates: once, before the other processes start')
    .addHelpText('after', rolesHelp)
    .action(async (options: OptionValues) =>
      (await import('./roles/run.ts')).runMigrate(env, outputOf(options)),
    )
  for (const [role, about] of Object.entries(lasting))
    command(program, role, about)
      .addHelpText('after', rolesHelp)
      .action(async (options: OptionValues) =>
        (await import('./roles/run.ts')).runRole(role as keyof typeof lasting, env, outputOf(options)),
      )
}
