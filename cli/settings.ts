// Every setting by its name: what it is without being set, and whether it is a secret, which then also comes by `<name>_FILE`.
// test/ops/configCheck.test.ts finds one that is read somewhere and is not here.

export type Setting = Readonly<{
  name: string
  /** What holds where it is not set. */
  standard: string | ((environment: string) => string)
  /** Never shown; `url`: shown without who signs in. */
  secret?: true | 'url'
}>

export const settings: readonly Setting[] = [
  { name: 'DATA_DIR', standard: './data' },
  { name: 'HOST', standard: '127.0.0.1' },
  { name: 'PORT', standard: '8080' },
  { name: 'POLICY_FILE', standard: 'the one shipped' },
  { name: 'CGU_FILE', standard: 'the one shipped' },
  { name: 'GRAND_LIVRE_PASSPHRASE', standard: 'DATA_DIR/passphrase', secret: true },
  { name: 'LEDGER_URL', standard: 'embedded', secret: 'url' },
  { name: 'DATABASE_URL', standard: 'embedded', secret: 'url' },
  { name: 'REDIS_URL', standard: 'jobs in the process', secret: 'url' },
  { name: 'PKCS11_MODULE', standard: 'keys in software' },
  { name: 'PKCS11_CA_TOKEN', standard: 'none' },
  { name: 'PKCS11_CA_PIN', standard: 'none', secret: true },
  { name: 'PKCS11_ESCROW_TOKEN', standard: 'none' },
  { name: 'PKCS11_ESCROW_PIN', standard: 'none', secret: true },
  { name: 'PKCS11_SESSIONS', standard: '4' },
  { name: 'PKCS11_WRAP_MECHANISM', standard: 'CKM_AES_KEY_WRAP_PAD' },
  { name: 'PKCS11_REHEARSAL_CA_TOKEN', standard: 'none' },
  { name: 'PKCS11_REHEARSAL_ESCROW_TOKEN', standard: 'none' },
  { name: 'CARD_DRIVER', standard: 'software' },
  { name: 'CARD_READER', standard: 'every reader' },
  { name: 'CARD_TOKEN_MODULE', standard: 'PKCS11_MODULE' },
  { name: 'CARD_TOKEN_DIR', standard: 'DATA_DIR/cards/tokens' },
  { name: 'AUTH_TRUST', standard: 'none' },
  { name: 'SIGNER_SOCKET', standard: 'keys in the process' },
  { name: 'SMTP_URL', standard: 'files of the outbox', secret: 'url' },
  { name: 'MAIL_FROM', standard: "the policy's contact" },
  { name: 'ESCROW_STOCK', standard: '4' },
  { name: 'OCSP_READY', standard: '10000' },
  { name: 'TRUSTED_PROXIES', standard: 'none' },
  { name: 'PUBLIC_URL', standard: 'none' },
  { name: 'TLS_CERT_FILE', standard: 'a proxy ends TLS' },
  { name: 'TLS_KEY_FILE', standard: 'none' },
  { name: 'TLS_PORT', standard: '8443' },
  { name: 'CLIENT_CA_DIR', standard: 'none' },
  { name: 'CLIENT_CERT_PROXIES', standard: 'none' },
  { name: 'OIDC_ISSUER', standard: 'none' },
  { name: 'OIDC_CLIENT_ID', standard: 'none' },
  { name: 'OIDC_CLIENT_SECRET', standard: 'none', secret: true },
  { name: 'OIDC_SCOPES', standard: 'openid' },
  { name: 'OIDC_ACR_VALUES', standard: 'none' },
  { name: 'OIDC_PKCE', standard: 'on' },
  { name: 'OIDC_ALGORITHM', standard: 'RS256' },
  { name: 'SESSION_IDLE_MINUTES', standard: '30' },
  { name: 'SESSION_HOURS', standard: '8' },
  { name: 'RATE_LIMIT_API', standard: '1200' },
  { name: 'RATE_LIMIT_PUBLICATION', standard: '60000' },
  { name: 'RATE_LIMIT_SIGN_IN', standard: '60' },
  { name: 'RATE_LIMIT_COMMANDS', standard: '300' },
  { name: 'RATE_LIMIT_READS', standard: '900' },
  { name: 'LOG_LEVEL', standard: 'info' },
  {
    name: 'METRICS_PORT',
    standard: (environment) => (environment === 'production' ? 'none' : 'on PORT, for this machine'),
  },
  { name: 'METRICS_HOST', standard: '127.0.0.1' },
  { name: 'DRAIN_SECONDS', standard: (environment) => (environment === 'production' ? '5' : '0') },
  { name: 'DISK_LOW_MB', standard: '512' },
  { name: 'CLOCK_DRIFT_SECONDS', standard: '5' },
  // By these one signs in at a collector; its other variables OpenTelemetry reads by itself.
  { name: 'OTEL_EXPORTER_OTLP_HEADERS', standard: 'none', secret: true },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', standard: 'none', secret: true },
]

/** The setting that a variable sets: `LEDGER_URL` for `LEDGER_URL_FILE`; itself where it is no file of a secret of ours. */
export const settingOf = (variable: string): string =>
  settings.find(({ name, secret }) => secret !== undefined && variable === `${name}_FILE`)?.name ?? variable

const names = new Set(
  settings.flatMap(({ name, secret }) => (secret === undefined ? [name] : [name, `${name}_FILE`])),
)

/** What begins like one of ours is meant for us. */
const prefixes = [
  ...['GRAND_LIVRE_', 'PKCS11_', 'CARD_', 'METRICS_', 'ESCROW_', 'LEDGER_', 'DATABASE_', 'REDIS_'],
  ...['SIGNER_', 'SMTP_', 'MAIL_', 'OIDC_', 'RATE_LIMIT_', 'TLS_', 'CLIENT_C', 'SESSION_'],
]

/** Letters to add, to leave out, to change, or to exchange with their neighbour (Damerau, Levenshtein). */
const distance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i])
    for (let j = 1; j <= b.length; j += 1) {
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, changed, exchanged))
    }
  }
  return at(a.length, b.length)
}

/** What others read, and machines have: near to ours, and not meant for us. */
const others = ['SSL_CERT_FILE', 'SSL_CERT_DIR']

/** Short names are near to anything. */
const longEnough = 6
const nearEnough = 2

/** Variables that nobody reads and that look as if somebody should, with the setting that may have been meant. */
export const strangers = (
  env: NodeJS.ProcessEnv,
): readonly Readonly<{ name: string; meant: string | undefined }>[] =>
  Object.keys(env)
    .filter((name) => !names.has(name) && !others.includes(name))
    .sort()
    .flatMap((name) => {
      const nearest = [...names]
        .filter((known) => Math.min(known.length, name.length) >= longEnough)
        .map((known) => ({ known, steps: distance(name, known) }))
        .toSorted((a, b) => a.steps - b.steps)[0]
      const meant = nearest !== undefined && nearest.steps <= nearEnough ? nearest.known : undefined
      const ours = prefixes.some((prefix) => name.startsWith(prefix))
      return meant === undefined && !ours ? [] : [{ name, meant }]
    })
