import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findProgram } from './programs.ts'
import type { Kept } from './postgres.ts'
import { launch, type Restartable } from './service.ts'

/** A Redis server that drops nothing (`noeviction`, as BullMQ asks), and keeps nothing unless it is asked to: `TEST_REDIS_URL`. */
export const startRedis = async (workspace: string, { kept = false }: Kept = {}): Promise<Restartable> => {
  const file = findProgram('redis-server')
  if (file === undefined) throw new Error('Redis is not installed')
  const directory = join(workspace, 'redis')
  mkdirSync(directory, { mode: 0o700 })
  const password = randomBytes(16).toString('hex')
  const settings = join(directory, 'redis.conf')
  writeFileSync(
    settings,
    [
      'bind 127.0.0.1',
      'protected-mode yes',
      'save ""',
      `appendonly ${kept ? 'yes' : 'no'}`,
      'maxmemory-policy noeviction',
      `dir "${directory}"`,
      `requirepass ${password}`,
    ].join('\n'),
    { mode: 0o600 },
  )
  const url = (port: number) => `redis://:${password}@127.0.0.1:${String(port)}`
  return launch({
    name: 'redis',
    workspace,
    file,
    args: (port) => [settings, '--port', String(port)],
    probe: async (port) => {
      const client = new Redis(url(port), { lazyConnect: true, retryStrategy: () => null })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await client.ping()
      } finally {
        client.disconnect()
      }
    },
    env: (port) => ({ TEST_REDIS_URL: url(port) }),
    endSignal: 'SIGTERM',
  })
}
