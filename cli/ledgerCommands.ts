// `grand-livre ledger`: what an auditor asks of a ledger. It is read only, also beside a running service.
import { decodeAny } from '../domain/aggregates.ts'
import { NotOwn, requireOwn } from '../commands/requireOwn.ts'
import { KeyFault } from '../hsm/keyFault.ts'
import type { EventStore } from '../ledger/store.ts'
import { verifyLedger, type KnownHead, type Verified } from '../ledger/verify.ts'
import type { Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { columns, openProgress, watched, type Output } from './output.ts'
import { instantsOf, ledgerOver, openCustody, systemClock, type Custody } from './parts.ts'
import { hasCustody, reading, whyNoCustody } from './reading.ts'
import { markVerified } from './verifiedMark.ts'

type Keys = Readonly<{ custody?: Custody; closedBecause?: string }>

/** The keys of sealed fields, where nobody else has them open. */
const findKeys = async (config: Config): Promise<Keys> => {
  if (!hasCustody(config)) return { closedBecause: whyNoCustody(config) }
  try {
    return { custody: await openCustody(config) }
  } catch (error) {
    if (error instanceof KeyFault) return { closedBecause: error.message }
    throw error
  }
}

/** Seals of another installation would all be found broken: that is said instead. @throws NotOwn; what else is wrong is to be found */
const refuseOthers = async (store: EventStore, config: Config, { keys }: Custody): Promise<void> => {
  const { policy } = config
  await requireOwn({ ledger: ledgerOver(store, config, undefined), policy }, keys).catch((error: unknown) => {
    if (error instanceof NotOwn) throw error
  })
}

/** A head that was kept elsewhere, as `SIZE:ROOT`. @throws ConfigFault */
export const parseHead = (text: string): KnownHead => {
  const [, size = '', root = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (size === '') throw new ConfigFault(`--head: ${text} is not SIZE:ROOT, as 120:9f86…`)
  return { size: Number(size), root }
}

const verdict = (verified: Verified, closedBecause: string | undefined): string => {
  const { size, root, findings, found, opened, closed } = verified
  const seals = closedBecause === undefined ? '' : ` (${closedBecause})`
  return [
    columns([
      ['events', String(size)],
      ['tree head', `${size}:${root}`],
      ['sealed fields', `${opened} opened, ${closed} without a key${seals}`],
      ['findings', String(found)],
    ]),
    ...findings.map(
      ({ index, stream, revision, message }) => `  #${index} ${stream} ${revision}: ${message}`,
    ),
    found === 0 ? 'The ledger holds what was written, all of it, in its order.' : 'The ledger is NOT intact.',
  ].join('\n')
}

/**
 * Recomputes every leaf and the tree, and checks every body, stream and seal.
 * @returns whether nothing was found
 * @throws NotOwn where the keys that are here are not those of the ledger: nothing was verified
 */
export const verify = (
  env: NodeJS.ProcessEnv,
  output: Output,
  known: readonly KnownHead[],
): Promise<boolean> =>
  reading(env, async (store, config, head) => {
    const { custody, closedBecause } = await findKeys(config)
    const progress = openProgress('Verifying')
    try {
      if (custody !== undefined) await refuseOthers(store, config, custody)
      const verified = await verifyLedger(watched(store.readAll(), head, progress), {
        log: config.policy.log,
        decode: decodeAny,
        known,
        ...(custody === undefined ? {} : { keys: custody.vault.dataKeys }),
      })
      progress.stop()
      const { size, root } = verified
      if (verified.found === 0)
        await markVerified(config.dataDir, { at: instantsOf(systemClock)(), size, root })
      output.result({ ...verified, ...(closedBecause === undefined ? {} : { closedBecause }) }, () =>
        verdict(verified, closedBecause),
      )
      return verified.found === 0
    } finally {
      progress.stop()
      await custody?.close()
    }
  })
