// A connection to PostgreSQL that ends under a question, on its way through a socket that the test cuts.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer } from '../../host/postgres.ts'
import { openLockSession } from '../../host/postgresLocks.ts'

const server = process.env['TEST_POSTGRES_URL']
const open = new Set<Socket>()
const answering = new Set<Socket>()
/** What the server says from now on goes nowhere. */
const silence = (): void => answering.forEach((socket) => socket.pause())
/** In order, as a server's system does: the driver is told of the end, and of no error. */
const cut = (): void => open.forEach((socket) => socket.end())

describe.skipIf(server === undefined)(
  'a connection that is lost is told by a code (needs TEST_POSTGRES_URL)',
  () => {
    const to = new URL(server ?? 'postgres://127.0.0.1')
    const relay = createServer((near) => {
      const far = connect(Number(to.port), to.hostname)
      for (const socket of [near, far]) open.add(socket.on('error', () => undefined))
      answering.add(far)
      near.pipe(far).pipe(near)
    })
    let url = ''
    beforeAll(async () => {
      relay.listen(0, '127.0.0.1')
      await once(relay, 'listening')
      const through = new URL(to)
      through.port = String((relay.address() as AddressInfo).port)
      url = through.href
    })
    afterAll(() => {
      cut()
      relay.close()
    })

    it('under a question', async () => {
      const { pool, close } = openServer(url)
      const client = await pool.connect()
      const asked = client.query('select pg_sleep(60)')
      cut()
      await expect(asked).rejects.toMatchObject({ code: '08006' })
      await expect(client.query('select 1')).rejects.toMatchObject({ code: '08006' })
      client.release(true)
      await close()
    })

    it('where locks are held', async () => {
      const session = await openLockSession(url)
      const asked = session.tryTake('a name')
      cut()
      await expect(asked).rejects.toMatchObject({ code: '08006' })
      await session.lost
    })

    it('where it is not known whether the lock was taken: the session ends, and nobody keeps it', async () => {
      const [session, other] = [
        await openLockSession(url, { answerMs: 100 }),
        await openLockSession(server ?? ''),
      ]
      silence()
      await expect(session.tryTake('another name')).rejects.toMatchObject({ code: '08006' })
      await session.lost
      while (!(await other.tryTake('another name'))) await sleep(10)
      await other.close()
    })

    it('what the server itself refuses keeps its own code', async () => {
      const { pool, close } = openServer(url)
      const client = await pool.connect()
      await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' })
      client.release()
      await close()
    })
  },
)
