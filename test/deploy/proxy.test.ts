// deploy/haproxy.cfg in the real HAProxy: mutual TLS, and what reaches the processes behind it.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openssl } from '../../cli/demo/openssl.ts'
import { findProgram } from '../support/services/programs.ts'
import { freePort } from '../support/services/service.ts'
import { until } from '../trial/process.ts'

const haproxy = findProgram('haproxy')

describe.skipIf(haproxy === undefined)('deploy/haproxy.cfg (needs haproxy)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'grand-livre-proxy-'))
  const file = (name: string): string => join(directory, name)
  const servers: Server[] = []
  let proxy: ChildProcess | undefined
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
    // Signed by nobody whom the proxy trusts.
    await openssl(
      directory,
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=stranger',
      '-keyout',
      'stranger.key',
      '-out',
      'stranger.pem',
    )
    writeFileSync(
      file('proxy.pem'),
      ['server.pem', 'server.key'].map((name) => readFileSync(file(name), 'utf8')).join(''),
    )
    ports = { api: await freePort(), status: await freePort(), health: await freePort() }
    const [api, status] = [await behind('api'), await behind('status')]
    const text = readFileSync(join(import.meta.dirname, '../../deploy/haproxy.cfg'), 'utf8')
      .replace('/run/secrets/proxy.pem', file('proxy.pem'))
      .replace('/run/secrets/client-ca.pem', file('ca.pem'))
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
    const der = Buffer.from(
      readFileSync(file('person.pem'), 'utf8').replace(/-----[^-]+-----|\s/g, ''),
      'base64',
    )
    expect(seen.name).toBe('api')
    expect(seen.headers['client-cert']).toBe(`:${der.toString('base64')}:`)
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

  it('a certificate that its authorities have not signed does not come in', async () => {
    await expect(ask('/', 'stranger')).rejects.toThrow()
  })

  it('TLS 1.2 at least, strict transport security, and no probe of what is behind it', async () => {
    const connect = ['s_client', '-connect', `127.0.0.1:${ports.api}`, '-tls1_1']
    await expect(openssl(directory, ...connect)).rejects.toThrow()
    expect((await ask('/')).headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains')
    expect((await ask('/readyz')).status).toBe(404)
    expect((await fetch(`http://127.0.0.1:${ports.status}/readyz`)).status).toBe(404)
  })
})
