// A module that fails is left alone, each time for longer; what a person has to look at is never tried again (hsm.md 7).
import { expect, it } from 'vitest'
import { openBreaker } from '../../hsm/pkcs11/breaker.ts'
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
