// The commands of the accounts, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import { roles } from '../domain/roles.ts'
import type { ListTools } from './listTools.ts'

type Asked = OptionValues & Readonly<{ role: string[]; entity: string[]; person?: string }>

const wantedOf = (id: string, { role, entity, person }: Asked) => ({
  ...{ id, roles: role, entities: entity },
  ...(person === undefined ? {} : { person }),
})

/** Lists `accounts` and what is below it. */
export const listAccounts = (program: Command, { env, command, outputOf, collect }: ListTools): void => {
  const people = program.command('accounts').description('who may sign in, by what, and as what')
  const adding = (usage: string, about: string): Command =>
    command(people, usage, about)
      .requiredOption('--role <role>', `a role, may be repeated: ${roles.join(', ')}`, collect, [])
      .option('--entity <id>', 'an entity the account acts for, may be repeated', collect, [])

  adding('add <name>', 'add an account and show its token, once')
    .option('--person <id>', 'the person number, for somebody who has one (a holder)')
    .option('--no-token', 'without a token: it will sign in by a certificate or an identity')
    .action(async (id: string, options: Asked & { token: boolean }) => {
      const { add } = await import('./accounts.ts')
      await add(env, outputOf(options), { ...wantedOf(id, options), withToken: options.token })
    })
  adding('client <name>', 'add an account of a program, which asks for access tokens; show its secret, once')
    .option('--key <file>', 'its public key, PEM, on P-256 or P-384: it signs assertions instead (RFC 7523)')
    .option('--no-secret', 'without a secret: it will show a certificate (RFC 8705)')
    .action(async (id: string, options: Asked & { key?: string; secret: boolean }) => {
      const { key, secret } = options
      const by = { withSecret: secret, ...(key === undefined ? {} : { key }) }
      const { addApiClient } = await import('./accounts.ts')
      await addApiClient(env, outputOf(options), wantedOf(id, options), by)
    })
  for (const [name, about, undo] of [
    ['bind', 'let an account sign in by a certificate', false],
    ['unbind', 'take a certificate away from an account', true],
  ] as const)
    command(people, `${name} <name>`, about)
      .requiredOption('--certificate <file>', 'the certificate, PEM or DER')
      .action(async (id: string, options: OptionValues & { certificate: string }) =>
        (await import('./accounts.ts')).bind(env, outputOf(options), id, { ...options, undo }),
      )
  for (const [name, about, undo] of [
    ['link', 'let an account sign in as a subject (sub) of an OpenID Connect provider', false],
    ['unlink', 'take an identity away from an account; its sessions end', true],
  ] as const)
    command(people, `${name} <name> <issuer> <sub>`, about).action(
      async (id: string, issuer: string, subject: string, options: OptionValues) =>
        (await import('./accounts.ts')).link(env, outputOf(options), id, { issuer, subject, undo }),
    )
  command(people, 'list', 'list the accounts').action(async (options: OptionValues) =>
    (await import('./accounts.ts')).list(env, outputOf(options)),
  )
  command(people, 'remove <name>', 'remove an account').action(async (id: string, options: OptionValues) =>
    (await import('./accounts.ts')).remove(env, outputOf(options), id),
  )
}
