// How people and programs sign in to one installation, beside the tokens of its accounts.
import type { ReadTrust } from '../../pki/trust.ts'
import type { ProviderSettings } from './provider.ts'
import type { SessionLimits } from './sessionDoor.ts'

export type SignInSettings = Readonly<{
  /** Where browsers and programs find the service, as `https://igc.example`. */
  publicUrl?: string
  /** Nobody signs in on the plain port, because there is one with TLS beside it (api/tlsServer.ts). */
  tlsOnly: boolean
  /** Anchors and lists that client certificates are judged by; undefined: none signs anybody in. */
  clientTrust?: ReadTrust
  /** Addresses of the proxies whose `Client-Cert` is believed. */
  clientCertProxies: readonly string[]
  provider?: ProviderSettings
  session: SessionLimits
}>

export const plainSignIn: SignInSettings = {
  tlsOnly: false,
  clientCertProxies: [],
  session: { idle: 1800, absolute: 8 * 3600 },
}
