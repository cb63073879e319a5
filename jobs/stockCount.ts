// CGU-60: the stock of holders' keys is counted once a day, under each new KEK, and whenever a start finds that it does not add up. As often
// it is seen whether the KEKs are there that keys lie under (CGU-41).
import { countStock, type StockCount, type StockTools } from '../commands/keyStock.ts'
import { dayOf } from '../domain/policy/dates.ts'
import type { Job } from './port.ts'

export type CountTools = StockTools &
  Readonly<{
    /** How many keys are to wait: where none are, and none ever were counted, there is nothing to count. */
    count: number
    /** How many keys lie under KEKs that are gone (commands/escrowKeks.ts). */
    lost: () => Promise<number>
  }>

export const openStockCount = ({ count, lost, ...tools }: CountTools) => {
  const { service, escrow } = tools
  let last: StockCount | undefined
  let seen: Readonly<{ on: string; lost: number }> | undefined
  const isOf = (one: Readonly<{ at: string; kek: string }> | undefined, kek: string): boolean =>
    one !== undefined && one.kek === kek && dayOf(one.at) === dayOf(service.now())
  const job: Job = {
    name: 'stockCount',
    everySeconds: 600,
    run: async () => {
      const today = dayOf(service.now())
      if (seen?.on !== today) seen = { on: today, lost: await lost() }
      if (count === 0 && (await escrow.stockCount()) === undefined) return
      const { id: kek } = await escrow.currentKek()
      if (isOf(last, kek)) return
      const counted = await countStock(tools, (one) => !isOf(one, kek))
      last = counted.isFirst ? undefined : counted
    },
  }
  return {
    job,
    /** True where the last count adds up, and every KEK is there; else the codes of what does not (commands/stockBalance.ts). */
    alarm: (): true | string =>
      [...(last?.faults ?? []), ...(seen !== undefined && seen.lost > 0 ? ['escrowKekMissing'] : [])].join(
        ', ',
      ) || true,
  }
}
