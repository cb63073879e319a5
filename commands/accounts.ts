// The port of accounts: who may sign in, by what, with which roles. Secrets are kept as digests only.
import type { Role } from '../domain/lists.ts'

export type Account = Readonly<{
  /** Short name, `[A-Za-z0-9._-]{1,64}`: not a person's name. */
  id: string
  person: string
  roles: readonly Role[]
  entities: readonly string[]
}>

/** A subject of an OpenID Connect provider: both together name one person (OpenID Connect Core 2, `sub`). */
export type Identity = Readonly<{ issuer: string; subject: string }>

/** An account of a program that asks for access tokens (RFC 6749 section 4.4). */
export type Client = Readonly<{
  account: Account
  /** SHA-256, hex, of its secret; undefined: it has none. */
  secretSha256: string | undefined
  /** Public key, PEM, that its assertions are verified with (RFC 7523); undefined: it has none. */
  key: string | undefined
}>

/** What an account may sign in by is looked up by digest: how long it takes says nothing about the secret. */
export type Accounts = Readonly<{
  /** The account whose token this is. */
  byToken: (token: string) => Promise<Account | undefined>
  /** The account that a certificate is bound to. @param sha256 of its DER, in hex */
  byCertificate: (sha256: string) => Promise<Account | undefined>
  /** The account that an identity is linked to. */
  byIdentity: (identity: Identity) => Promise<Account | undefined>
  /** An API client by the name of its account. */
  client: (id: string) => Promise<Client | undefined>
  /** Roles that the accounts of a person name. */
  rolesOf: (person: string) => Promise<readonly Role[]>
}>
