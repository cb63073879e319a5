// How people and programs sign in, from the environment: TLS, client certificates, the OpenID Connect provider, sessions, limits.
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { defaultLimits, type Limits } from '../api/signIn/limits.ts'
import { isLoopback, type ProviderSettings } from '../api/signIn/provider.ts'
import { plainSignIn, type SignInSettings } from '../api/signIn/settings.ts'
import { ConfigFault } from './configFault.ts'
import { numberFrom } from './numberSetting.ts'
import { openTrust } from './trust.ts'

export type TlsConfig = Readonly<{ cert: Buffer; key: Buffer; port: number }>

export type SignInConfig = Readonly<{
  publicUrl: string | undefined
  /** The service's own certificate and key, PEM; undefined: a proxy ends TLS. */
  tls: TlsConfig | undefined
  /** Directory of the anchors and lists that client certificates are judged by. */
  clientTrust: string | undefined
  clientCertProxies: readonly string[]
  provider: ProviderSettings | undefined
  session: SignInSettings['session']
  limits: Limits
}>

type Read = (name: string) => string | undefined

const namedNetworks = ['loopback', 'linklocal', 'uniquelocal']

const isNetwork = (text: string): boolean => {
  const [address = '', prefix, ...more] = text.split('/')
  const bits = isIP(address) === 4 ? 32 : 128
  const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
  return namedNetworks.includes(text) || (isIP(address) !== 0 && fits && more.length === 0)
}

/** Addresses and networks, with commas between. @throws ConfigFault */
export const networksFrom = (name: string, text: string | undefined): readonly string[] => {
  const networks = (text ?? '').split(',').map((one) => one.trim())
  const given = networks.filter((one) => one !== '')
  const wrong = given.find((one) => !isNetwork(one))
  if (wrong === undefined) return given
  throw new ConfigFault(
    `${name}: ${wrong} is neither an address, nor a network, nor one of ${namedNetworks.join(', ')}`,
  )
}

/** @throws ConfigFault */
export const directoryFrom = (name: string, directory: string | undefined): string | undefined => {
  if (directory === undefined) return undefined
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return resolve(directory)
  throw new ConfigFault(`${name}: ${directory} is not a directory`)
}

const fileFrom = (name: string, file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch {
    throw new ConfigFault(`${name}: cannot be read: ${file}`)
  }
}

const tlsFrom = (read: Read): TlsConfig | undefined => {
  const [cert, key] = [read('TLS_CERT_FILE'), read('TLS_KEY_FILE')]
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined) throw new ConfigFault('TLS_CERT_FILE: is needed, as TLS_KEY_FILE is set')
  if (key === undefined) throw new ConfigFault('TLS_KEY_FILE: is needed, as TLS_CERT_FILE is set')
  const port = numberFrom(read, 'TLS_PORT', 8443, [0, 65_535])
  return { cert: fileFrom('TLS_CERT_FILE', cert), key: fileFrom('TLS_KEY_FILE', key), port }
}

/** https, or http on the loopback: a session or a code never crosses a network in clear. @throws ConfigFault */
const urlFrom = (name: string, text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new ConfigFault(`${name}: ${text} is no URL without user, query and fragment`)
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
  if (!isSafe) throw new ConfigFault(`${name}: ${text} is neither https nor on the loopback`)
  return url
}

const publicUrlFrom = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined
  const url = urlFrom('PUBLIC_URL', text)
  if (url.pathname !== '/') throw new ConfigFault(`PUBLIC_URL: ${text} has a path`)
  return url.origin
}

/** RFC 7518 3.1: signatures that a provider's public keys verify; `none` and secrets are not among them. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA']

const pkceFrom = (text: string): boolean => {
  if (text !== 'on' && text !== 'off') throw new ConfigFault(`OIDC_PKCE: ${text} is neither on nor off`)
  return text === 'on'
}

const providerFrom = (read: Read, secret: Read): ProviderSettings | undefined => {
  const issuer = read('OIDC_ISSUER')
  if (issuer === undefined) return undefined
  urlFrom('OIDC_ISSUER', issuer)
  const needed = (name: string, value: string | undefined): string => {
    if (value !== undefined && value !== '') return value
    throw new ConfigFault(`${name}: is needed, as OIDC_ISSUER is set`)
  }
  needed('PUBLIC_URL', read('PUBLIC_URL'))
  const scopes = read('OIDC_SCOPES') ?? 'openid'
  if (!scopes.split(' ').includes('openid'))
    throw new ConfigFault(`OIDC_SCOPES: ${scopes} has no scope openid`)
  const algorithm = read('OIDC_ALGORITHM') ?? 'RS256'
  if (!algorithms.includes(algorithm))
    throw new ConfigFault(`OIDC_ALGORITHM: ${algorithm} is none of ${algorithms.join(', ')}`)
  return {
    ...{ issuer, scopes, algorithm },
    clientId: needed('OIDC_CLIENT_ID', read('OIDC_CLIENT_ID')),
    clientSecret: needed('OIDC_CLIENT_SECRET', secret('OIDC_CLIENT_SECRET')),
    acrValues: (read('OIDC_ACR_VALUES') ?? '').split(' ').filter((one) => one !== ''),
    pkce: pkceFrom(read('OIDC_PKCE') ?? 'on'),
  }
}

const limitsFrom = (read: Read): Limits => {
  const perMinute = (name: string, otherwise: number): number =>
    numberFrom(read, name, otherwise, [1, 10_000_000])
  const { api, publication, entrance, commands, reads, signIn } = defaultLimits
  return {
    api: perMinute('RATE_LIMIT_API', api),
    publication: perMinute('RATE_LIMIT_PUBLICATION', publication),
    entrance: perMinute('RATE_LIMIT_SIGN_IN', entrance),
    commands: perMinute('RATE_LIMIT_COMMANDS', commands),
    reads: perMinute('RATE_LIMIT_READS', reads),
    signIn,
  }
}

/**
 * @param read a setting; @param secret a setting that may also come from the file that `<name>_FILE` names
 * @throws ConfigFault that names the setting
 */
export const signInFrom = (read: Read, secret: Read): SignInConfig => {
  const idle = numberFrom(read, 'SESSION_IDLE_MINUTES', plainSignIn.session.idle / 60, [1, 1440])
  const absolute = numberFrom(read, 'SESSION_HOURS', plainSignIn.session.absolute / 3600, [1, 24])
  const clientTrust = directoryFrom('CLIENT_CA_DIR', read('CLIENT_CA_DIR'))
  const clientCertProxies = networksFrom('CLIENT_CERT_PROXIES', read('CLIENT_CERT_PROXIES'))
  if (clientCertProxies.length > 0 && clientTrust === undefined)
    throw new ConfigFault('CLIENT_CA_DIR: is needed, as CLIENT_CERT_PROXIES is set')
  return {
    publicUrl: publicUrlFrom(read('PUBLIC_URL')),
    tls: tlsFrom(read),
    ...{ clientTrust, clientCertProxies },
    provider: providerFrom(read, secret),
    session: { idle: idle * 60, absolute: absolute * 3600 },
    limits: limitsFrom(read),
  }
}

const signInSettings = (config: SignInConfig): SignInSettings => {
  const { publicUrl, tls, clientTrust, clientCertProxies, provider, session } = config
  return {
    ...{ tlsOnly: tls !== undefined, clientCertProxies, session },
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(clientTrust === undefined ? {} : { clientTrust: openTrust(clientTrust) }),
    ...(provider === undefined ? {} : { provider }),
  }
}

/** What the API is given of the settings: who is believed, how somebody signs in, how often he may ask. */
export const webSettings = ({
  trustedProxies,
  signIn,
}: Readonly<{ trustedProxies: readonly string[]; signIn: SignInConfig }>) => ({
  ...{ trustedProxies, limits: signIn.limits },
  signIn: signInSettings(signIn),
})
