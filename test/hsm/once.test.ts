// What the token is asked for once a run.
import { expect, it } from 'vitest'
import { openKept } from '../../hsm/once.ts'

it('hsm.md 7: a key that was found is not looked for again; one that could not be is, by whoever asks next', async () => {
  const kept = openKept<string>()
  const looks: string[] = []
  const look = (found: string) => async () => {
    looks.push(found)
    return found
  }
  await expect(kept.of('kek', () => Promise.reject(new Error('out of reach')))).rejects.toThrow(
    'out of reach',
  )
  expect(await Promise.all([kept.of('kek', look('one')), kept.of('kek', look('other'))])).toEqual([
    'one',
    'one',
  ])
  expect([await kept.of('kek', look('third')), looks]).toEqual(['one', ['one']])
  kept.forget('kek')
  expect(await kept.of('kek', look('anew'))).toBe('anew')
})

it('hsm.md 7: a look that fails late takes nothing away that was found since it was forgotten', async () => {
  const kept = openKept<string>()
  let fail: (error: Error) => void = () => undefined
  const late = kept.of('kek', () => new Promise((_, reject) => (fail = reject)))
  kept.forget('kek')
  expect(await kept.of('kek', async () => 'found')).toBe('found')
  fail(new Error('late'))
  await expect(late).rejects.toThrow('late')
  expect(await kept.of('kek', async () => 'looked for again')).toBe('found')
})
