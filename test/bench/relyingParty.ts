// What relying parties have of the status process over HTTP: its list, and its answers about a certificate, looked at until each of them
// says that it is revoked.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { download } from '../../cli/demo/client.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { constructed, octets, oid, sequence } from '../../pki/der.ts'
import { children, integerHex, read } from '../../pki/derReader.ts'
import { authorityOf } from '../../pki/issuer.ts'
import { entriesOf, parseCrl } from '../../pki/lints/parseCrl.ts'
import { parseOcsp } from '../../pki/lints/parseOcsp.ts'
import { certIdFor } from '../../pki/ocspRequest.ts'
import { lookMs, until } from '../trial/process.ts'

/** After how many milliseconds each was there: the list, the answer that is kept for everybody, and one that is signed for a nonce. */
export type Seen = Readonly<{ crl: number; kept: number; fresh: number }>

export type RelyingParty = Readonly<{
  /** Looks until everything says it. @param from when its revocation was recorded. @throws Error when something never does */
  revoked: (serial: string, from: number) => Promise<Seen>
  /** Waits until OCSP has an answer about it that says good. */
  good: (serial: string) => Promise<unknown>
  stop: () => Promise<void>
}>

const pathOf = ([url = '']: readonly string[]): string => new URL(url).pathname

/** When each serial was first seen on a list. */
const followList = (url: string) => {
  const listed = new Map<string, number>()
  const stopping = new AbortController()
  let known: Buffer = Buffer.alloc(0)
  const look = async (): Promise<void> => {
    const list = await download(url)
    const at = performance.now()
    if (list.equals(known)) return
    known = list
    for (const { serial } of entriesOf(parseCrl(list))) {
      const hex = integerHex(serial)
      if (!listed.has(hex)) listed.set(hex, at)
    }
  }
  const following = (async () => {
    while (!stopping.signal.aborted) {
      // A list that cannot be had is one that does not list it yet: whoever waits for it says so in the end.
      await look().catch(() => undefined)
      await sleep(lookMs)
    }
  })()
  return {
    listed,
    stop: async () => {
      stopping.abort()
      await following
    },
  }
}

const nonceOid = '1.3.6.1.5.5.7.48.1.2'

const requestOf = (certId: Uint8Array, nonce: Uint8Array | undefined): Uint8Array => {
  const list = sequence(sequence(certId))
  if (nonce === undefined) return sequence(sequence(list))
  return sequence(sequence(list, constructed(2, sequence(sequence(oid(nonceOid), octets(octets(nonce)))))))
}

const said = ['good', 'revoked', 'unknown'] as const

/** @throws Error for an answer to another nonce: it may be as old as it likes */
const statusIn = (answer: Buffer, nonce: Buffer | undefined): (typeof said)[number] | undefined => {
  const [outcome] = children(read(answer))
  if (outcome?.content[0] !== 0) return undefined
  if (nonce !== undefined && !answer.includes(nonce)) throw new Error('the answer is not to this nonce')
  const [first] = parseOcsp(answer).responses
  return first && said[first.status.tag & 0x1f]
}

export const openRelyingParty = async (url: string, { publication }: Policy): Promise<RelyingParty> => {
  const issuer = authorityOf(await download(`${url}${pathOf(publication.caCertificate)}`))
  const list = followList(`${url}${pathOf(publication.crl)}`)
  const ask = async (serial: string, nonce?: Buffer) => {
    const response = await fetch(`${url}${pathOf(publication.ocsp)}`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/ocsp-request' } },
      body: requestOf(certIdFor(issuer, serial).der, nonce),
    })
    if (!response.ok) throw new Error(`OCSP: ${response.status}`)
    return statusIn(Buffer.from(await response.arrayBuffer()), nonce)
  }
  const saying = (wanted: (typeof said)[number], look: () => ReturnType<typeof ask>) =>
    until(`OCSP: ${wanted}`, look, (status) => status === wanted)
  return {
    good: (serial) => saying('good', () => ask(serial)),
    revoked: async (serial, from) => {
      const since = (): number => performance.now() - from
      const [crl, kept, fresh] = await Promise.all([
        until(
          'the CRL',
          async () => list.listed.get(serial),
          (at) => at !== undefined,
        ).then((at = NaN) => Math.max(0, at - from)),
        saying('revoked', () => ask(serial)).then(since),
        saying('revoked', () => ask(serial, randomBytes(32))).then(since),
      ])
      return { crl, kept, fresh }
    },
    stop: list.stop,
  }
}
