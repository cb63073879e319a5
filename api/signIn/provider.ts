// The OpenID Connect provider (OpenID Connect Core 1.0, authorization code flow with PKCE; ProConnect is one). What comes back is
// believed once its state, nonce, code verifier, issuer, audience, dates and signature are right, of the ID token and of the
// userinfo, which has to be a signed one (ProConnect signs it), and both are about the same subject.
import * as client from 'openid-client'
import type { Identity } from '../../commands/accounts.ts'

export type ProviderSettings = Readonly<{
  issuer: string
  clientId: string
  clientSecret: string
  /** With `openid` among them. */
  scopes: string
  /** Levels of authentication that are asked for, one of which it has to be; none: any. */
  acrValues: readonly string[]
  /** RFC 7636. */
  pkce: boolean
  /** The one algorithm that ID tokens and userinfo may be signed with. */
  algorithm: string
}>

/** What has to be known again when the browser comes back. */
export type Attempt = Readonly<{ state: string; nonce: string; verifier?: string; returnTo: string }>

export type SignedInThere = Identity & Readonly<{ idToken: string }>

export type Provider = Readonly<{
  /** Where to send the browser. @throws ProviderFault */
  begin: (returnTo: string) => Promise<Readonly<{ url: URL; attempt: Attempt }>>
  /** What the browser has brought back. @throws ProviderFault */
  finish: (url: URL, attempt: Attempt) => Promise<SignedInThere>
  /** Where a browser signs out there too. @throws ProviderFault */
  signOut: (idToken: string, backTo: string) => Promise<URL>
}>

/** The provider's answer does not sign anybody in, or there is none: `cause` is a code, with nothing of what was answered. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault'
  readonly fault: string
  readonly isAway: boolean
  constructor(fault: string, options: ErrorOptions & Readonly<{ isAway?: boolean }> = {}) {
    super(fault, options)
    this.fault = fault
    this.isAway = options.isAway === true
  }
}

/** oauth4webapi's codes say what it found; whatever has none of them is a network that failed. */
const faultOf = (error: unknown): ProviderFault => {
  if (error instanceof ProviderFault) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^OAUTH_[A-Z_]{1,58}$/.test(code)
    ? new ProviderFault(code, { cause: error })
    : new ProviderFault('providerUnavailable', { cause: error, isAway: true })
}

const guarded = async <T>(act: () => Promise<T>): Promise<T> => {
  try {
    return await act()
  } catch (error) {
    throw faultOf(error)
  }
}

/** Plain HTTP stays on the machine there. */
export const isLoopback = (url: URL): boolean => ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)

const discover = async (settings: ProviderSettings): Promise<client.Configuration> => {
  const { issuer, clientId, clientSecret, algorithm } = settings
  const url = new URL(issuer)
  const metadata = {
    id_token_signed_response_alg: algorithm,
    userinfo_signed_response_alg: algorithm,
  }
  // oxlint-disable-next-line typescript/no-deprecated -- marked so to stand out: here it is for a provider on the loopback alone.
  const insecure = isLoopback(url) ? [client.allowInsecureRequests] : []
  return client.discovery(url, clientId, metadata, client.ClientSecretBasic(clientSecret), {
    execute: [client.enableNonRepudiationChecks, ...insecure],
    timeout: 10,
  })
}

/** OpenID Connect Core 5.3.2: a signed userinfo says by whom and for whom it is; openid-client lets it leave that out. */
const requireOurs = (claims: client.UserInfoResponse, { issuer, clientId }: Checked): void => {
  const audience = [claims['aud']].flat()
  if (claims['iss'] !== issuer) throw new ProviderFault('userinfoIssuer')
  if (!audience.includes(clientId)) throw new ProviderFault('userinfoAudience')
}
type Checked = Readonly<{ issuer: string; clientId: string }>

const requireLevel = (acr: unknown, acrValues: readonly string[]): void => {
  if (acrValues.length > 0 && !acrValues.includes(String(acr))) throw new ProviderFault('acrInsufficient')
}

/** @param redirectUri where the provider sends the browser back to */
export const openProvider = (settings: ProviderSettings, redirectUri: string): Provider => {
  const { scopes, acrValues, pkce, clientId } = settings
  let known: Promise<client.Configuration> | undefined
  /** Discovered at the first use, and again after a failure: a provider that is away keeps nobody from starting. */
  const configuration = (): Promise<client.Configuration> => {
    const now = known ?? discover(settings)
    known = now
    now.catch(() => {
      known = undefined
    })
    return now
  }
  return {
    begin: (returnTo) =>
      guarded(async () => {
        const config = await configuration()
        const verifier = pkce ? client.randomPKCECodeVerifier() : undefined
        const attempt = {
          // 43 characters of 256 random bits; ProConnect wants 32 at least.
          ...{ state: client.randomState(), nonce: client.randomNonce(), returnTo },
          ...(verifier === undefined ? {} : { verifier }),
        }
        const url = client.buildAuthorizationUrl(config, {
          ...{ redirect_uri: redirectUri, scope: scopes, state: attempt.state, nonce: attempt.nonce },
          ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
          ...(verifier === undefined
            ? {}
            : {
                code_challenge: await client.calculatePKCECodeChallenge(verifier),
                code_challenge_method: 'S256',
              }),
        })
        return { url, attempt }
      }),
    finish: (url, { state, nonce, verifier }) =>
      guarded(async () => {
        const config = await configuration()
        const tokens = await client.authorizationCodeGrant(config, url, {
          ...{ expectedState: state, expectedNonce: nonce, idTokenExpected: true },
          ...(verifier === undefined ? {} : { pkceCodeVerifier: verifier }),
        })
        const claims = tokens.claims()
        if (claims === undefined || tokens.id_token === undefined) throw new ProviderFault('idTokenMissing')
        requireLevel(claims.acr, acrValues)
        const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
        const { issuer } = config.serverMetadata()
        requireOurs(info, { issuer, clientId })
        return { issuer, subject: claims.sub, idToken: tokens.id_token }
      }),
    signOut: (idToken, backTo) =>
      guarded(async () => {
        const config = await configuration()
        if (config.serverMetadata().end_session_endpoint === undefined)
          throw new ProviderFault('endSessionMissing')
        return client.buildEndSessionUrl(config, {
          ...{ id_token_hint: idToken, post_logout_redirect_uri: backTo, state: client.randomState() },
        })
      }),
  }
}
