// Settings of those who run the service: where /metrics is, what is an alarm of the machine, how long a stop waits.
import { ConfigFault } from './configFault.ts'
import { canDecode, isLedgerUrl } from './ledgerUrl.ts'
import { numberFrom } from './numberSetting.ts'

export type HostLimits = Readonly<{
  /** Free mebibytes of the data directory below which it is an alarm. */
  diskLowMb: number
  /** Seconds that a clock may differ from ours. */
  clockDriftSeconds: number
}>

export type OpsConfig = HostLimits &
  Readonly<{
    /** A listener of its own for /metrics; undefined: none. */
    metrics: Readonly<{ host: string; port: number }> | undefined
    /** Seconds from the signal to stop until requests are no longer taken, while /readyz says 503. */
    drainSeconds: number
    /** Of the status process: certificates about which an answer is ready before anybody asks. */
    ocspReady: number
  }>

type Read = (name: string) => string | undefined

/**
 * @param read a setting
 * @throws ConfigFault that names the setting
 */
export const opsFrom = (read: Read, environment: string): OpsConfig => ({
  metrics:
    read('METRICS_PORT') === undefined
      ? undefined
      : { host: read('METRICS_HOST') ?? '127.0.0.1', port: numberFrom(read, 'METRICS_PORT', 0, [0, 65_535]) },
  drainSeconds: numberFrom(read, 'DRAIN_SECONDS', environment === 'production' ? 5 : 0, [0, 300]),
  ocspReady: numberFrom(read, 'OCSP_READY', 10_000, [0, 100_000]),
  diskLowMb: numberFrom(read, 'DISK_LOW_MB', 512, [0, 100_000_000]),
  clockDriftSeconds: numberFrom(read, 'CLOCK_DRIFT_SECONDS', 5, [0, 3600]),
})

const header = /^\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=([\t\x20-\x7e]*)$/

/** `name=value`, with commas between, values percent-encoded where they have to be. It never quotes them. @throws ConfigFault */
const headersFrom = (name: string, text = ''): Readonly<Record<string, string>> => {
  const wrong = new ConfigFault(`${name}: is no list of name=value with commas between`)
  const pairs = text.split(',').filter((one) => one.trim() !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key = '', value = ''] = header.exec(pair) ?? []
      if (key === '') throw wrong
      try {
        return [key.toLowerCase(), decodeURIComponent(value.trim())]
      } catch {
        throw wrong
      }
    }),
  )
}

/**
 * OpenTelemetry itself knows these by their variables alone: here they also come from files.
 * @param secret a setting, or the file that `<name>_FILE` names
 * @throws ConfigFault that names the setting
 */
export const spanHeadersFrom = (secret: Read): Readonly<Record<string, string>> => {
  const [all, traces] = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'] as const
  return { ...headersFrom(all, secret(all)), ...headersFrom(traces, secret(traces)) }
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** @throws ConfigFault */
export const logLevelFrom = (text: string): string => {
  if (levels.includes(text)) return text
  throw new ConfigFault(`LOG_LEVEL: ${text} is none of ${levels.join(', ')}`)
}

const canSignIn = ({ username, password }: URL): boolean => canDecode(username) && canDecode(password)

/** As `pg` reads it: a host may be in the query, and a % that stands for no sign is one itself. */
const isDatabaseUrl = (text: string): boolean => {
  const read = text.replace('@/', '@host/').replace(/%(?![0-9a-f]{2})/gi, '%25')
  return /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(read) && canSignIn(new URL(read))
}

/** As `ioredis` reads it: what follows the host is the number of a database, and no socket. */
const isRedisUrl = (text: string): boolean => {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return canSignIn(url) && /^\/?\d*$/.test(url.pathname)
}

/** How each begins, and whether its client reads it as it is meant. */
const addresses = {
  LEDGER_URL: { begins: 'esdb://', fits: isLedgerUrl },
  DATABASE_URL: { begins: 'postgres://', fits: isDatabaseUrl },
  REDIS_URL: { begins: 'redis://', fits: isRedisUrl },
} as const

/** What may hold who signs in is not repeated. @throws ConfigFault */
export const urlFrom = (name: keyof typeof addresses, text: string | undefined): string | undefined => {
  const { begins, fits } = addresses[name]
  if (text === undefined || fits(text)) return text
  throw new ConfigFault(
    `${name}: is no address that begins with ${begins} and can be read to its end, options included (in a password, @ is written as %40, / as %2F, # as %23, ? as %3F, : as %3A, % as %25)`,
  )
}
