import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { requireRoom } from '../../host/room.ts'

it('what a disk has no room for is not begun, in a sentence', async () => {
  await requireRoom(tmpdir(), 'a ledger', 0)
  const more = 2 ** 40
  const refused = requireRoom(tmpdir(), 'a ledger', more)
  await expect(refused).rejects.toThrow(
    new RegExp(`^no room for a ledger: the disk of .* has [0-9.]+ MB left, and it takes ${more}$`),
  )
  await expect(refused).rejects.toHaveProperty('code', 'ENOSPC')
})
