// The settings of one installation, from the environment. Secrets come by file or are generated, never by argument.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parsePolicy, type Policy } from '../domain/policy/policy.ts'
import { cardsFrom, type CardsConfig } from './cardConfig.ts'
import { ConfigFault } from './configFault.ts'
import { mailFrom, type MailConfig } from './mailConfig.ts'
import { logLevelFrom, opsFrom, spanHeadersFrom, urlFrom, type OpsConfig } from './opsConfig.ts'
import { shipped } from './shipped.ts'
import { signerFrom } from './signerConfig.ts'
import { directoryFrom, networksFrom, signInFrom, type SignInConfig } from './signInConfig.ts'
import { tokensFrom, type TokensConfig } from './tokenConfig.ts'

export type Config = Readonly<{
  dataDir: string
  host: string
  port: number
  policy: Policy
  /** Text of the conditions of use; its digest is the policy's. */
  cguText: string
  /** EventStoreDB connection string; undefined: the embedded ledger. */
  ledgerUrl: string | undefined
  /** PostgreSQL connection string; undefined: PGlite in the data directory. */
  databaseUrl: string | undefined
  /** Redis connection string; undefined: jobs in this process. */
  redisUrl: string | undefined
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[]
  /** Directory of the authorities and revocation lists that a holder's authentication certificate is judged by. */
  authTrust: string | undefined
  /** How people and programs sign in, and how often they may ask. */
  signIn: SignInConfig
  /** The PKCS#11 tokens that hold the keys; undefined: keys in software. */
  tokens: TokensConfig | undefined
  /** What writes holders' cards. */
  cards: CardsConfig
  /** Socket of the signer process that holds keys and cards; undefined: this process does. */
  signer: string | undefined
  /** How notices leave; undefined: as files of the outbox. */
  mail: MailConfig | undefined
  /** Holders' keys that are made ahead and wait in the escrow. */
  escrowStock: number
  logLevel: string
  /** Metrics, alarms of the machine, how a stop goes. */
  ops: OpsConfig
  /** Headers that spans are sent with. */
  spanHeaders: Readonly<Record<string, string>>
  env: NodeJS.ProcessEnv
}>

/** A secret: from the variable itself, or from the file that `<name>_FILE` names. */
const secretOf = (env: NodeJS.ProcessEnv, name: string): string | undefined => {
  const file = env[`${name}_FILE`]
  if (env[name] !== undefined || file === undefined) return env[name]
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch {
    throw new ConfigFault(`${name}_FILE: cannot be read: ${file}`)
  }
  if (text === '') throw new ConfigFault(`${name}_FILE: is empty: ${file}`)
  return text
}

type Filled = 'DATA_DIR' | 'HOST' | 'POLICY_FILE' | 'CGU_FILE'

/** Empty, as of a variable that was never given its value: taken at its word, it would be this directory, or every address. @throws ConfigFault */
const filled = (env: NodeJS.ProcessEnv, name: Filled): string | undefined => {
  if (env[name]?.trim() === '') throw new ConfigFault(`${name}: is empty`)
  return env[name]
}

const portOf = (value: string): number => {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw new ConfigFault(`PORT: ${value} is not a port`)
  return port
}

const stockFrom = (value: string): number => {
  const count = Number(value)
  if (!/^\d{1,4}$/.test(value)) throw new ConfigFault(`ESCROW_STOCK: ${value} is no number from 0 to 9999`)
  return count
}

const policyFrom = (file: string | URL): Policy => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new ConfigFault(`POLICY_FILE: cannot be read: ${String(file)}`)
  }
  try {
    return parsePolicy(JSON.parse(text))
  } catch (error) {
    throw new ConfigFault(`POLICY_FILE: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** CGU-01: what is published is the text that the policy names by its digest, and that holders accept by it. */
const cguTextFrom = (file: string | URL, { cgu }: Policy): string => {
  let text: Buffer
  try {
    text = readFileSync(file)
  } catch {
    throw new ConfigFault(`CGU_FILE: cannot be read: ${String(file)}`)
  }
  if (createHash('sha256').update(text).digest('hex') !== cgu.sha256)
    throw new ConfigFault(
      `CGU_FILE: ${String(file)} is not the text whose SHA-256 is the policy's cgu.sha256`,
    )
  return text.toString('utf8')
}

/** What a production environment does not accept of these settings; undefined where there is nothing. */
const notForProduction = (
  tokens: TokensConfig | undefined,
  { driver }: CardsConfig,
  signer: string | undefined,
): string | undefined => {
  // It has been asked, and a client that finds one of another environment does not start.
  if (signer !== undefined) return undefined
  if (tokens === undefined)
    return 'environment: production refuses software keys: PKCS11_MODULE is not set (RGS A2 XI.2)'
  // A SoftHSM2 token is files on a disk, whatever speaks PKCS#11 to it: no QSCD.
  return driver === 'pcsc'
    ? undefined
    : `environment: production refuses test cards: CARD_DRIVER is ${driver}, and has to be pcsc (RGS A2 XII.1)`
}

/**
 * Reads the settings.
 * @throws ConfigFault that names the setting or the policy's field
 */
export const readConfig = (env: NodeJS.ProcessEnv): Config => {
  const policy = policyFrom(
    filled(env, 'POLICY_FILE') ?? shipped('domain/policy/ac-confidentialite-mef-qualifiee.json'),
  )
  const read = (name: string): string | undefined => env[name]
  const secret = (name: string): string | undefined => secretOf(env, name)
  const tokens = tokensFrom(read, secret)
  const dataDir = resolve(filled(env, 'DATA_DIR') ?? './data')
  const cards = cardsFrom(read, dataDir)
  const signer = signerFrom(read)
  const config = {
    dataDir,
    host: filled(env, 'HOST') ?? '127.0.0.1',
    port: portOf(env['PORT'] ?? '8080'),
    policy,
    cguText: cguTextFrom(
      filled(env, 'CGU_FILE') ?? shipped('docs/cgu/cgu-ac-confidentialite-mef-qualifiee.txt'),
      policy,
    ),
    ledgerUrl: urlFrom('LEDGER_URL', secret('LEDGER_URL')),
    databaseUrl: urlFrom('DATABASE_URL', secret('DATABASE_URL')),
    redisUrl: urlFrom('REDIS_URL', secret('REDIS_URL')),
    trustedProxies: networksFrom('TRUSTED_PROXIES', env['TRUSTED_PROXIES']),
    // CGU-58: without it, nobody renews alone.
    authTrust: directoryFrom('AUTH_TRUST', env['AUTH_TRUST']),
    signIn: signInFrom(read, secret),
    ...{ tokens, cards, signer },
    mail: mailFrom(read, secret),
    escrowStock: stockFrom(env['ESCROW_STOCK'] ?? '4'),
    logLevel: logLevelFrom(env['LOG_LEVEL'] ?? 'info'),
    ops: opsFrom(read, policy.environment),
    spanHeaders: spanHeadersFrom(secret),
    env,
  }
  // Last: every other fault is a setting's own.
  const refused = policy.environment === 'production' ? notForProduction(tokens, cards, signer) : undefined
  if (refused !== undefined) throw new ConfigFault(refused)
  return config
}
