// What limits count by.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { openServer } from '../../api/server.ts'

it('a clock that was put back lets nobody wait for longer than the window', async () => {
  const app = await openServer('test', {})
  const limit = app.createRateLimit({ max: 1, timeWindow: 200 })
  app.get('/', async (request) => {
    const state = await limit(request)
    return { isExceeded: !state.isAllowed && state.isExceeded }
  })
  await app.ready()
  const isExceeded = async () => (await app.inject('/')).json<{ isExceeded: boolean }>().isExceeded
  expect([await isExceeded(), await isExceeded()]).toEqual([false, true])
  const right = Date.now.bind(Date)
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => right() - 86_400_000)
  try {
    await sleep(250)
    expect([await isExceeded(), await isExceeded()]).toEqual([false, true])
  } finally {
    clock.mockRestore()
    await app.close()
  }
})
