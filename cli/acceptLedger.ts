// `grand-livre ledger accept`: keys and vault go on with a ledger that is older than they are, because somebody says so who has looked at it.
import { followAnew } from '../commands/purge.ts'
import { requireOwn } from '../commands/requireOwn.ts'
import { decodeAny } from '../domain/aggregates.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { verifyLedger } from '../ledger/verify.ts'
import { installedIn, lastListOf } from '../projections/rootList.ts'
import { ConfigFault } from './configFault.ts'
import { parseHead } from './ledgerCommands.ts'
import { columns, openProgress, watched, type Output } from './output.ts'
import { ledgerOver } from './parts.ts'
import { reading, withCustody } from './reading.ts'

/** Number of the newest list that the ledger has of each authority. */
const newestLists = async (ledger: Ledger) => {
  const { root, issuing } = (await installedIn(ledger)) ?? {}
  const issuers = [root, issuing].filter((one) => one !== undefined)
  return Promise.all(issuers.map(async (issuer) => ({ issuer, number: await lastListOf(ledger, issuer) })))
}

/**
 * @param head of the ledger that is meant, as `SIZE:ROOT`
 * @returns false where the ledger is not intact
 * @throws ConfigFault where it is another one; LedgerFault where the keys are those of another installation; NothingThere; KeyFault
 */
export const acceptLedger = (env: NodeJS.ProcessEnv, output: Output, head: string): Promise<boolean> =>
  reading(env, (store, config, last) =>
    withCustody(config, async ({ keys, vault }) => {
      const { policy } = config
      const known = parseHead(head)
      const ledger = ledgerOver(store, config, vault.dataKeys)
      await requireOwn({ ledger, policy }, keys)
      const progress = openProgress('Verifying')
      const { size, root, found } = await verifyLedger(watched(store.readAll(), last, progress), {
        log: policy.log,
        decode: decodeAny,
        keys: vault.dataKeys,
      }).finally(progress.stop)
      if (size !== known.size || root !== known.root)
        throw new ConfigFault(`--head: the ledger's is ${size}:${root}`)
      if (found > 0) {
        output.result(
          { size, root, found },
          () => 'The ledger is NOT intact: see `grand-livre ledger verify`.',
        )
        return false
      }
      const lists = await newestLists(ledger)
      await followAnew(vault)
      output.result({ size, root, lists }, () =>
        [
          `Keys and vault go on with the ledger of ${size} events.`,
          'Newest list that it has of each authority; what is published with a higher number comes from what is lost:',
          columns(lists.map(({ issuer, number }) => [issuer, String(number)])),
        ].join('\n'),
      )
      return true
    }),
  )
