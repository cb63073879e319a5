// Holders' keys made ahead, so that nobody waits for one at a desk (CGU-60: each is used once). They lie wrapped in the escrow, in the
// inventory as `stock`, until one is set aside for a serial.
import { openStockCount, type CountTools } from './stockCount.ts'
import type { Job } from './port.ts'

/** Made while nobody is at a desk: what takes both cores for a second may wait. */
const quietMs = 5_000

export type StockTools = Readonly<{
  /** Records the KEK of the year, before keys are put under it (RGS VI.1.1). */
  recordKek: () => Promise<unknown>
  escrow: Readonly<{ fillStock: (count: number, goesOn: () => boolean) => Promise<number> }>
  /** How many keys wait, at most. */
  count: number
  /** Milliseconds since a session last asked for a key. */
  quietFor: () => number
}>

export const escrowStockJob = ({ recordKek, escrow, count, quietFor }: StockTools): Job => ({
  name: 'escrowStock',
  everySeconds: 30,
  run: async () => {
    // Without a stock as well: keys are then made at the desks.
    await recordKek()
    if (count === 0) return
    await escrow.fillStock(count, () => quietFor() >= quietMs)
  },
})

/** Both jobs of the stock: it is filled, and it is counted (stockCount.ts). */
export const openEscrowStock = (tools: StockTools & CountTools) => {
  const counted = openStockCount(tools)
  return { jobs: [escrowStockJob(tools), counted.job], alarm: counted.alarm }
}
