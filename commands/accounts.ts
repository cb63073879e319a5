// The port of accounts: who may sign in, with which roles. Tokens are kept as digests only.
import type { Role } from '../domain/lists.ts'

export type Account = Readonly<{
  /** Short name, `[A-Za-z0-9._-]{1,64}`: not a person's name. */
  id: string
  person: string
  roles: readonly Role[]
  entities: readonly string[]
}>

export type Accounts = Readonly<{
  /** The account whose token this is; the comparison does not depend on the token's content. */
  byToken: (token: string) => Promise<Account | undefined>
  /** Roles that the accounts of a person name. */
  rolesOf: (person: string) => Promise<readonly Role[]>
}>
