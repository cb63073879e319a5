import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { requireRoom } from '../../host/room.ts'

it('what a disk has no room for is not begun, in a sentence', () => {
  requireRoom(tmpdir(), 'the read models', 0)
  const more = 2 ** 40
  const begin = (): void => requireRoom(tmpdir(), 'the read models', more)
  expect(begin).toThrow(
    new RegExp(`^no room for the read models: the disk of .* has [0-9.]+ MB left, and it takes ${more}$`),
  )
  expect(begin).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
})
