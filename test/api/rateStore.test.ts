// What limits count by.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { networkOf } from '../../api/rateStore.ts'
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

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('RFC 6177: %s is counted as %s: whoever has a network has one bucket', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
