// Holders' keys made ahead: as many as are wanted, while nobody waits.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { escrowStockJob } from '../../jobs/escrowStock.ts'
import { inOrder } from '../../jobs/port.ts'
import { openCustody, removeDirectory, type Custody } from '../hsm/custody.ts'

let custody: Custody
beforeAll(async () => {
  custody = await openCustody()
})
afterAll(async () => {
  await custody.close()
  await removeDirectory(custody.directory)
})

const inStock = async (): Promise<number> =>
  (await custody.vault.escrow.inventory()).filter(({ state }) => state === 'stock').length

it('CGU-60: keys are made ahead up to the number, each accounted for, and none while somebody is at a desk', async () => {
  const { escrow } = custody.vault
  let quiet = [0, 9000, 4999]
  const job = escrowStockJob({
    recordKek: escrow.currentKek,
    escrow,
    count: 3,
    quietFor: () => quiet.shift() ?? 9000,
  })
  await job.run(inOrder)
  expect(await inStock()).toBe(0)
  // Somebody comes after the first.
  await job.run(inOrder)
  expect(await inStock()).toBe(1)
  quiet = []
  await job.run(inOrder)
  await job.run(inOrder)
  expect(await inStock()).toBe(3)
  const { spkiSha256 } = await escrow.reserve('4f000000000000000000000000000001')
  const held = await escrow.inventory()
  expect(held.find((one) => one.spkiSha256 === spkiSha256)?.state).toBe('reserved')
  expect(await inStock()).toBe(2)
})
