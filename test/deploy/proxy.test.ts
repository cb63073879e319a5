// deploy/haproxy.cfg in the real HAProxy: mutual TLS, and what reaches the processes behind it.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openssl } from '../../cli/demo/openssl.ts'
import { openSibling, zoeSubject } from '../pki/sibling.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { findProgram } from '../support/services/programs.ts'
import { freePort } from '../support/services/service.ts'
import { until } from '../trial/process.ts'

const haproxy = findProgram('haproxy')

describe.skipIf(haproxy === undefined)('deploy/haproxy.cfg (needs haproxy)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'grand-livre-proxy-'))
  const file = (name: string): string => join(directory, name)
  const servers: Server[] = []
  let proxy: ChildProcess | undefined
  let product: Embedded | undefined
  let ports: Readonly<{ api: number; status: number; health: number }>

  const certificate = async (name: string, ...more: readonly string[]): Promise<void> => {
    const ca = name === 'ca' ? [] : ['-CA', 'ca.pem', '-CAkey', 'ca.key']
    await openssl(
      directory,
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...ca, ...more],
    )
  }

  /** A process behind: it answers with the headers that have reached it. */
  const behind = async (name: string): Promise<number> => {
    const server = createServer((asked, reply) => {
      reply.setHeader('content-type', 'application/json')
      reply.end(JSON.stringify({ name, url: asked.url, headers: asked.headers }))
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** RFC 9440 2.2. */
  const header = (who: string): string =>
    `:${readFileSync(file(`${who}.pem`), 'utf8').replace(/-----[^-]+-----|\s/g, '')}:`

  type Seen = Readonly<{ name: string; headers: Readonly<Record<string, string>> }>
  type Answer = Readonly<{ status: number; headers: Readonly<Record<string, unknown>>; seen: Seen }>

  const ask = (path: string, who?: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const key =
        who === undefined
          ? {}
          : { cert: readFileSync(file(`${who}.pem`)), key: readFileSync(file(`${who}.key`)) }
      const call = request(
        {
          ...key,
          host: '127.0.0.1',
          port: ports.api,
          path,
          headers,
          agent: false,
          rejectUnauthorized: false,
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (part: string) => (text += part))
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              seen: (text.startsWith('{') ? JSON.parse(text) : {}) as Seen,
            }),
          )
        },
      )
      call.on('error', reject).end()
    })

  beforeAll(async () => {
    await certificate('ca')
    await certificate('server')
    await certificate('person')
    writeFileSync(
      file('proxy.pem'),
      ['server.pem', 'server.key'].map((name) => readFileSync(file(name), 'utf8')).join(''),
    )
    // Expired by the clock of the proxy, and by that of the product, which stands still.
    const sibling = openSibling(directory)
    await sibling.chain()
    await sibling.issue('expired', { subject: zoeSubject, by: 'sibling', until: '20260302085900Z' })
    // Signed by nobody whom proxy or product know.
    await sibling.issue('stranger', { subject: zoeSubject })
    const month = { from: '20260301000000Z', until: '20260401000000Z' }
    await sibling.list('rootList', 'root', month)
    await sibling.list('list', 'sibling', month)
    const pem = (name: string): string => readFileSync(file(`${name}.pem`), 'utf8')
    mkdirSync(file('authorities'))
    for (const name of ['root', 'sibling', 'rootList', 'list'])
      writeFileSync(file(`authorities/${name}.pem`), pem(name))
    writeFileSync(file('client-ca.pem'), ['ca', 'root', 'sibling'].map(pem).join(''))
    product = await openEmbedded({}, { CLIENT_CA_DIR: file('authorities'), CLIENT_CERT_PROXIES: '127.0.0.2' })
    ports = { api: await freePort(), status: await freePort(), health: await freePort() }
    const [api, status] = [await behind('api'), await behind('status')]
    const text = readFileSync(join(import.meta.dirname, '../../deploy/haproxy.cfg'), 'utf8')
      .replace('/run/secrets/proxy.pem', file('proxy.pem'))
      .replace('/run/secrets/client-ca.pem', file('client-ca.pem'))
      .replace('bind :8443', `bind 127.0.0.1:${ports.api}`)
      .replace('bind :8080', `bind 127.0.0.1:${ports.status}`)
      .replace('127.0.0.1:8404', `127.0.0.1:${ports.health}`)
      .replace('api:8080', `127.0.0.1:${api}`)
      .replace('status:8080', `127.0.0.1:${status}`)
    writeFileSync(file('haproxy.cfg'), text)
    proxy = spawn(haproxy ?? '', ['-db', '-f', file('haproxy.cfg')], { stdio: 'ignore' })
    const health = `http://127.0.0.1:${ports.health}/livez`
    await until(
      'the proxy',
      () => fetch(health),
      ({ status: said }) => said === 200,
    )
    await until(
      'what is behind it',
      () => ask('/'),
      ({ status: said }) => said === 200,
    )
  })
  afterAll(async () => {
    proxy?.kill('SIGKILL')
    await product?.close()
    for (const server of servers) server.close().closeAllConnections()
    rmSync(directory, { recursive: true })
  })

  it('the program itself finds nothing wrong with it, nor anything to warn of', () => {
    const { status, stdout, stderr } = spawnSync(haproxy ?? '', ['-c', '-f', file('haproxy.cfg')], {
      encoding: 'utf8',
    })
    expect([status, `${stdout}${stderr}`.replace(/^\[NOTICE\].*\n/gm, '').trim()]).toEqual([
      0,
      'Configuration file is valid',
    ])
  })

  it('RFC 9440 2.2: the certificate that was shown reaches the api, as its octets between colons', async () => {
    const { seen } = await ask('/api/v1/entities', 'person')
    expect(seen.name).toBe('api')
    expect(seen.headers['client-cert']).toBe(header('person'))
  })

  it('RFC 9440 4: what a client sends under these names is thrown away, with a certificate and without', async () => {
    const forged = { 'Client-Cert': ':AAAA:', 'client-cert-chain': ':AAAA:', 'X-Forwarded-For': '10.9.8.7' }
    const without = (await ask('/', undefined, forged)).seen.headers
    expect(without['client-cert']).toBeUndefined()
    expect(without['client-cert-chain']).toBeUndefined()
    expect(without['x-forwarded-for']).toBe('127.0.0.1')
    const shown = (await ask('/', 'person', forged)).seen.headers
    expect(shown['client-cert']).not.toContain('AAAA')
    const plain = await fetch(`http://127.0.0.1:${ports.status}/x.crl`, { headers: forged })
    const { name, headers } = (await plain.json()) as Seen
    expect([name, headers['client-cert'], headers['x-forwarded-for']]).toEqual([
      'status',
      undefined,
      '127.0.0.1',
    ])
  })

  it.each([
    ['that its authorities have not signed', 'stranger', 'pathUnknown'],
    ['that has expired', 'expired', 'expired'],
  ])('a certificate %s is handed on; the api refuses it, and the journal has that', async (_, who, cause) => {
    const { seen } = await ask('/', who)
    expect(seen.headers['client-cert']).toBe(header(who))
    const answer = await product!.app.inject({
      ...{ url: '/api/v1/certificates?limit=1', remoteAddress: '127.0.0.2' },
      headers: { 'client-cert': seen.headers['client-cert'] },
    })
    expect(answer.statusCode).toBe(401)
    const failed = (await product!.journal()).findLast(({ type }) => type === 'SignInFailed')
    expect(failed?.data).toMatchObject({ means: 'certificate', cause })
  })

  it('RFC 8446 4.4.3: nobody comes in by a certificate whose key he has not', async () => {
    writeFileSync(file('thief.pem'), readFileSync(file('person.pem')))
    writeFileSync(file('thief.key'), readFileSync(file('stranger.key')))
    await expect(ask('/', 'thief')).rejects.toThrow()
  })

  it('TLS 1.2 at least, strict transport security, and no probe of what is behind it', async () => {
    const connect = ['s_client', '-connect', `127.0.0.1:${ports.api}`, '-tls1_1']
    await expect(openssl(directory, ...connect)).rejects.toThrow()
    expect((await ask('/')).headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
    // The processes behind read a path that is written with escapes as the same one.
    for (const path of ['/readyz', '/livez', '/%72eadyz', '/live%7A', '/%72%65%61%64%79%7a?x']) {
      expect((await ask(path)).status).toBe(404)
      expect((await fetch(`http://127.0.0.1:${ports.status}${path}`)).status).toBe(404)
    }
    expect((await product!.app.inject('/%72eadyz')).json()).toMatchObject({ ready: true })
  })
})
