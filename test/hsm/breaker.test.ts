// A module that fails is left alone, each time for longer; what a person has to look at is never tried again (hsm.md 7).
import { beforeEach, describe, expect, it } from 'vitest'
import { openActBreaker, openBreaker } from '../../hsm/pkcs11/breaker.ts'
import { faultOf, isFinal, mayHeal, ModuleFault, type FaultKind } from '../../hsm/pkcs11/fault.ts'

const kindOf = (act: () => void): FaultKind | 'goes on' => {
  try {
    act()
    return 'goes on'
  } catch (error) {
    return (error as ModuleFault).kind
  }
}

it('hsm.md 7: after a fault nothing is asked for a second, then for twice as long each time, and a minute at most', () => {
  let now = 0
  const breaker = openBreaker(() => now)
  expect(kindOf(breaker.check)).toBe('goes on')
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    breaker.failed(new ModuleFault('device', 'the device is gone'))
    now += seconds * 1000 - 1
    expect([seconds, kindOf(breaker.check)]).toEqual([seconds, 'waiting'])
    now += 1
    expect([seconds, kindOf(breaker.check)]).toEqual([seconds, 'goes on'])
  }
  breaker.closed()
  breaker.failed(new ModuleFault('lost', 'the token is gone'))
  now += 1000
  expect(kindOf(breaker.check)).toBe('goes on')
})

it.each(['pin', 'foreign'] as const)('hsm.md 7: %s is final, however long it is left alone', (kind) => {
  let now = 0
  const breaker = openBreaker(() => now)
  breaker.failed(new ModuleFault(kind, 'x'))
  now += 24 * 3600 * 1000
  expect(kindOf(breaker.check)).toBe(kind)
})

describe('hsm.md 7: an act that fails again once the token was opened anew', () => {
  let [now, opening] = [0, 0]
  const { guard, open } = openActBreaker(() => now)
  const fault = new ModuleFault('device', 'no key is made')
  const endOf = (guarded: Promise<string>): Promise<string> =>
    guarded.catch((error: unknown) => (error as ModuleFault).kind)
  const failing = (at: number) =>
    endOf(
      guard('make', (failedAgain) => {
        failedAgain(fault, at)
        return Promise.reject(fault)
      }),
    )
  const fails = () => failing((opening += 1))
  const works = (name = 'make') => endOf(guard(name, () => Promise.resolve('done')))
  const threeTimes = async (): Promise<void> => {
    for (let n = 0; n < 3; n += 1) expect([await fails(), n]).toEqual(['device', n])
  }
  beforeEach(async () => {
    now += 24 * 3600 * 1000
    await works()
  })

  it('is left alone after the third time, alone, and for twice as long each time; one that is done closes it', async () => {
    await threeTimes()
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      now += seconds * 1000 - 1
      expect([seconds, await works(), await works('sign'), open()?.kind]).toEqual([
        ...[seconds, 'waiting', 'done', 'waiting'],
      ])
      now += 1
      expect([seconds, open(), await fails()]).toEqual([seconds, undefined, 'device'])
    }
    now += 60_000
    expect([await works(), await works(), open()]).toEqual(['done', 'done', undefined])
    await threeTimes()
  })

  it('is tried once when it was left alone for its time: the others wait for what that gives', async () => {
    await threeTimes()
    now += 1000
    const answers: ((answer: string) => void)[] = []
    const trying = guard('make', () => new Promise<string>((resolve) => answers.push(resolve)))
    expect([await works(), open()?.kind]).toEqual(['waiting', 'waiting'])
    answers[0]!('done')
    expect([await trying, await works(), open()]).toEqual(['done', 'done', undefined])
    // One that ends for another reason says nothing of the module: the next one tries.
    await threeTimes()
    now += 1000
    await expect(guard('make', () => Promise.reject(new Error('a wrong blob')))).rejects.toThrow(
      'a wrong blob',
    )
    expect(await works()).toBe('done')
  })

  it('is not left alone for one that was done between, nor for all that were at work when it failed once', async () => {
    for (let n = 0; n < 9; n += 1)
      expect([await fails(), await fails(), await works()]).toEqual(['device', 'device', 'done'])
    const together = Array.from({ length: 9 }, () => failing(opening))
    expect(new Set(await Promise.all(together))).toEqual(new Set(['device']))
    expect([open(), await works()]).toEqual([undefined, 'done'])
  })
})

it.each([
  ['CKR_DEVICE_ERROR', 'device', true, false],
  ['CKR_DEVICE_REMOVED', 'device', true, false],
  ['CKR_GENERAL_ERROR', 'device', true, false],
  ['CKR_CRYPTOKI_NOT_INITIALIZED', 'device', true, false],
  ['CKR_TOKEN_NOT_PRESENT', 'lost', true, false],
  ['CKR_SESSION_HANDLE_INVALID', 'session', true, false],
  ['CKR_OBJECT_HANDLE_INVALID', 'session', true, false],
  ['CKR_USER_NOT_LOGGED_IN', 'session', true, false],
  ['CKR_PIN_INCORRECT', 'pin', false, true],
  ['CKR_PIN_LOCKED', 'pin', false, true],
  ['CKR_MECHANISM_INVALID', 'notAllowed', false, false],
] as const)('PKCS#11 v2.40 2.1: %s is %s', (name, kind, heals, final) => {
  const fault = faultOf(new Error(`${name}:1`), 'sign')
  expect([fault.kind, mayHeal(fault), isFinal(fault)]).toEqual([kind, heals, final])
})
