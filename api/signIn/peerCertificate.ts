// The certificate of whoever asks: of the TLS connection itself, or as a proxy that ended it hands it on in `Client-Cert`
// (RFC 9440). The header is believed from the proxies that are named, and refused from anybody else: whoever sends it from
// elsewhere tries to be somebody, or is a proxy that nobody has made sure of.
import { BlockList, isIP } from 'node:net'
import { TLSSocket, type PeerCertificate } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import { parseItem, parseList } from 'structured-headers'

/** DER: the client's own, and what he sent beside it. */
export type PeerChain = Readonly<{ certificate: Uint8Array; chain: readonly Uint8Array[] }>

export type PeerFault = 'proxyUnknown' | 'headerInvalid'

/** More than any path has: the rest is not looked at. */
const longestChain = 8

const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** Whether an address is one of those: addresses, networks, or the names that TRUSTED_PROXIES has for some. */
export const addressesIn = (networks: readonly string[]): ((address: string | undefined) => boolean) => {
  const list = new BlockList()
  for (const network of networks.flatMap((one) => named[one] ?? [one])) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return (address) => {
    const kind = isIP(address ?? '')
    return address !== undefined && kind !== 0 && list.check(address, kind === 6 ? 'ipv6' : 'ipv4')
  }
}

type Bare = ReturnType<typeof parseItem>[0]

/** RFC 9440 2.1: a byte sequence, in base64 as RFC 9651 3.3.5 has it. */
const octetsOf = (value: Bare): Uint8Array | undefined =>
  value instanceof ArrayBuffer && value.byteLength > 0 ? new Uint8Array(value) : undefined

const parsed = <T>(parse: () => T): T | undefined => {
  try {
    return parse()
  } catch {
    return undefined
  }
}

/** RFC 9440 2.2, 2.3. A header that is sent twice arrives joined by a comma, which is no item. */
const fromHeaders = (own: unknown, chain: unknown): PeerChain | PeerFault => {
  const item = typeof own === 'string' ? parsed(() => parseItem(own)) : undefined
  const certificate = item && octetsOf(item[0])
  const list =
    chain === undefined ? [] : typeof chain === 'string' ? parsed(() => parseList(chain)) : undefined
  const others = list?.map(([value]) => (Array.isArray(value) ? undefined : octetsOf(value)))
  if (certificate === undefined || others === undefined) return 'headerInvalid'
  const read = others.filter((one) => one !== undefined)
  return read.length === others.length && read.length <= longestChain
    ? { certificate, chain: read }
    : 'headerInvalid'
}

/** TLS has proved that the client has the key (RFC 8446 4.4.3); nothing else is settled about the certificate. */
const fromSocket = (socket: TLSSocket): PeerChain | undefined => {
  let peer: Partial<Pick<ReturnType<TLSSocket['getPeerCertificate']>, 'raw'>> & {
    issuerCertificate?: PeerCertificate
  } = socket.getPeerCertificate(true)
  const found: Uint8Array[] = []
  while (peer.raw !== undefined && found.length <= longestChain) {
    found.push(peer.raw)
    // The last one is its own issuer.
    if (peer.issuerCertificate === undefined || peer.issuerCertificate === peer) break
    peer = peer.issuerCertificate
  }
  const [certificate, ...chain] = found
  return certificate && { certificate, chain }
}

/** @param isProxy whether an address is one of the proxies that hand certificates on */
export const peerReader =
  (isProxy: (address: string | undefined) => boolean) =>
  (request: FastifyRequest): PeerChain | PeerFault | undefined => {
    const { 'client-cert': own, 'client-cert-chain': chain } = request.headers
    // The machine at the other end of the connection, not the one that `X-Forwarded-For` speaks of.
    const atProxy = isProxy(request.socket.remoteAddress)
    if (own !== undefined || chain !== undefined) return atProxy ? fromHeaders(own, chain) : 'proxyUnknown'
    // A proxy's own certificate is nobody's.
    if (atProxy || !(request.socket instanceof TLSSocket)) return undefined
    return fromSocket(request.socket)
  }
