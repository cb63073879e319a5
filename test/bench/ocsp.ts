import Fastify, { type FastifyInstance } from 'fastify'
import { fork, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openReaders, pemOf } from '../pki/readers.ts'
import { ask } from '../pki/responder.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { inUse } from '../support/life.ts'
import type { Order, Report } from './askForever.ts'
import { speedOf, takeTurns, withWorkers, type Bench, type Side } from './bench.ts'

const connections = 16
const path = '/ac-online-mef-qualifiees/'
const requestType = 'application/ocsp-request'

const portOf = async (app: FastifyInstance): Promise<number> => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** The same framework with nothing behind it. */
const openBare = async (answer: Buffer): Promise<FastifyInstance> => {
  const bare = Fastify()
  bare.addContentTypeParser(requestType, { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  bare.post(path, async (_, reply) => reply.type('application/ocsp-response').send(answer))
  return bare
}

const requestsFor = async (
  { services }: Embedded,
  serial: string,
): Promise<Readonly<Record<string, Uint8Array>>> => {
  const readers = openReaders()
  try {
    readers.file('ca.pem', pemOf(services.authority.ca.certificate))
    return {
      plain: await ask(readers, '-serial', `0x${serial}`, '-no_nonce'),
      nonce: await ask(readers, '-serial', `0x${serial}`),
    }
  } finally {
    readers.close()
  }
}

/** @throws Error when an answer was not a successful one */
const asking =
  (asker: ChildProcess, order: Order): Side =>
  () =>
    speedOf(order.count, async () => {
      asker.send(order)
      const [{ fault }] = (await once(asker, 'message')) as [Report]
      if (fault !== undefined) throw new Error(fault)
    })

const promisedSign = promisify<string, Uint8Array, KeyObject, Buffer>(sign)

/** A key of the same kind as the responder's, and the digest that goes with it. */
const keyLike = (certificate: Uint8Array): Readonly<{ key: KeyObject; digest: string; about: string }> => {
  const { publicKey } = new X509Certificate(certificate)
  const { namedCurve, modulusLength } = publicKey.asymmetricKeyDetails ?? {}
  if (publicKey.asymmetricKeyType === 'rsa' && modulusLength !== undefined) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength })
    return { key: privateKey, digest: 'sha256', about: `RSA-${modulusLength}` }
  }
  if (namedCurve === undefined) throw new Error('the responder has a key of another kind')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve })
  return {
    key: privateKey,
    digest: namedCurve === 'secp384r1' ? 'sha384' : 'sha256',
    about: `ECDSA ${namedCurve}`,
  }
}

const signing = (
  certificate: Uint8Array,
  octets: number,
  count: number,
): Readonly<{ side: Side; about: string }> => {
  const { key, digest, about } = keyLike(certificate)
  const tbs = Buffer.alloc(octets, 1)
  return {
    side: () => speedOf(count, () => withWorkers(connections, count, () => promisedSign(digest, tbs, key))),
    about: `the signature alone, ${about}`,
  }
}

const measure = async (product: Embedded, asker: ChildProcess, quick: boolean) => {
  const { serial } = await inUse(product)
  await product.settle()
  const { plain, nonce } = await requestsFor(product, serial)
  if (plain === undefined || nonce === undefined) throw new Error('OpenSSL wrote no request')
  const headers = { 'content-type': requestType }
  const answered = await product.app.inject({
    method: 'POST',
    url: path,
    headers,
    payload: Buffer.from(plain),
  })
  const answer = answered.rawPayload
  const bare = await openBare(answer)
  const ports = { ours: await portOf(product.app), bare: await portOf(bare) }
  const order = (port: number, request: Uint8Array, count: number): Order => ({
    ...{ port, path, connections, count },
    request: Buffer.from(request).toString('base64'),
  })
  const many = quick ? 1000 : 5000
  const fewer = quick ? 200 : 2000
  const { certificate } = await product.services.authority.responder()
  const alone = signing(certificate, answer.length, fewer)
  try {
    const speeds = await takeTurns(
      {
        kept: asking(asker, order(ports.ours, plain, many)),
        bare: asking(asker, order(ports.bare, plain, many)),
        fresh: asking(asker, order(ports.ours, nonce, fewer)),
        alone: alone.side,
      },
      { quick },
    )
    return { ...speeds, about: alone.about, octets: answer.length }
  } finally {
    await bare.close()
  }
}

export const ocsp: Bench = {
  name: 'ocsp',
  about: 'OCSP answers over HTTP, kept and signed anew, asked for by another process on 16 connections',
  run: async ({ quick }) => {
    const product = await openEmbedded({ publication: 1_000_000_000 })
    const asker = fork(join(import.meta.dirname, 'askForever.ts'), { execArgv: ['--import', 'tsx'] })
    try {
      const { kept, bare, fresh, alone, about, octets } = await measure(product, asker, quick)
      const [unit, route] = ['answers/s', 'a bare fastify route that answers the same octets']
      return {
        comparisons: [
          { what: 'without a nonce, kept', unit, against: route, ours: kept, baseline: bare },
          { what: 'with a nonce, signed', unit, against: about, ours: fresh, baseline: alone },
        ],
        notes: [
          `answers of ${octets} octets; the status of a kept one is read when the table has moved, else for each; every request is logged`,
          'the product verifies each signature before it answers, and lints what it signs; the baseline does neither',
        ],
      }
    } finally {
      if (asker.connected) asker.disconnect()
      await product.close()
    }
  },
}
