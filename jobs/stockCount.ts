// CGU-60: the stock of holders' keys is counted once a day, under each new KEK, and whenever a start finds that it does not add up.
import { countStock, type StockCount, type StockTools } from '../commands/keyStock.ts'
import { dayOf } from '../domain/policy/dates.ts'
import type { Job } from './port.ts'

export type CountTools = StockTools &
  Readonly<{
    /** How many keys are to wait: where none are, and none ever were counted, there is nothing to count. */
    count: number
  }>

export const openStockCount = ({ count, ...tools }: CountTools) => {
  const { service, escrow } = tools
  let last: StockCount | undefined
  const isOf = (one: Readonly<{ at: string; kek: string }> | undefined, kek: string): boolean =>
    one !== undefined && one.kek === kek && dayOf(one.at) === dayOf(service.now())
  const job: Job = {
    name: 'stockCount',
    everySeconds: 600,
    run: async () => {
      if (count === 0 && (await escrow.stockCount()) === undefined) return
      const { id: kek } = await escrow.currentKek()
      if (isOf(last, kek)) return
      const counted = await countStock(tools, (one) => !isOf(one, kek))
      last = counted.isFirst ? undefined : counted
    },
  }
  return {
    job,
    /** True where the last count adds up; else the codes of what does not (commands/stockBalance.ts). */
    alarm: (): true | string =>
      last === undefined || last.faults.length === 0 ? true : last.faults.join(', '),
  }
}
