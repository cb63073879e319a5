// `grand-livre custody reconcile`: the signatures that the ledger knows of each key, beside the signer's own count. It asks no key, and
// runs beside the service.
import { join } from 'node:path'
import {
  isReconciled,
  reconcileSignatures,
  type Counted,
  type Known,
  type Reconciled,
} from '../commands/reconcileSignatures.ts'
import { readSignatureCounts, signaturesFile } from '../hsm/signatureCount.ts'
import type { Entry, Ledger } from '../ledger/ledger.ts'
import { replaySignatures, type KnownSignatures } from '../projections/signatureReplay.ts'
import type { Config } from './config.ts'
import { columns, openProgress, watched, type Output } from './output.ts'
import { ledgerOver, openCustody } from './parts.ts'
import { reading, requireCustody } from './reading.ts'

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((one, other) => one + other, 0)

const rangeOf = ({ servicekey, purpose, recorded, understood }: KnownSignatures): Known => {
  const least = sum(recorded)
  return { servicekey, purpose, least, most: least + sum(understood) }
}

export type ReconciledKey = Reconciled & Pick<KnownSignatures, 'recorded' | 'understood'>

/** Compares every key. @param entries the whole ledger, in its order */
export const reconciledKeys = async (
  ledger: Pick<Ledger, 'publicPart'>,
  entries: AsyncIterable<Entry>,
  counted: () => Promise<Readonly<Record<string, Counted>>>,
): Promise<readonly ReconciledKey[]> => {
  const known = await replaySignatures(ledger, entries)
  const details = new Map(known.map((one) => [one.servicekey, one]))
  return reconcileSignatures(known.map(rangeOf), await counted()).map((one) => {
    const { recorded = {}, understood = {} } = details.get(one.servicekey) ?? {}
    return { ...one, recorded, understood }
  })
}

/** A service may sign while the ledger is read: the count from before it is the least, that from after it the most. */
const between = (
  before: Readonly<Record<string, Counted>>,
  after: Readonly<Record<string, Counted>>,
): Readonly<Record<string, Counted>> =>
  Object.fromEntries(
    Object.entries(after).map(([id, { signatures }]) => {
      const first = before[id] ?? { signatures: 0, uncertain: 0 }
      return [id, { signatures, uncertain: signatures - (first.signatures - first.uncertain) }]
    }),
  )

/** The count of whoever signs: its file, or its own word. @throws KeyFault where SIGNER_SOCKET names one that does not answer */
const countsOf = async (config: Config): Promise<Readonly<Record<string, Counted>>> => {
  if (config.signer === undefined) return readSignatureCounts(join(config.dataDir, 'keys', signaturesFile))
  const { keys, close } = await openCustody(config)
  try {
    return await keys.signatures()
  } finally {
    await close()
  }
}

const range = (least: number, most: number): string => (least === most ? `${least}` : `${least}–${most}`)

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ') || '-'

const rowOf = (key: ReconciledKey): readonly string[] => {
  const { servicekey, purpose, least, most, signatures, uncertain, verdict, difference } = key
  return [
    ...[servicekey, purpose, range(least, most), range(signatures - uncertain, signatures)],
    ...[
      difference === 0 ? verdict : `${verdict} ${difference}`,
      listed(key.recorded),
      listed(key.understood),
    ],
  ]
}

const explanation = `Ledger: outcomes, and as many more as are understood: planned and not finished; late, more than half a second after its plan,
and so perhaps signed before a stop and after it; abandoned, and perhaps signed. Signer: what its file says has left, and no more than that
with what it had reserved when it was stopped, and what it threw away as it did not verify. An OCSP key may be ahead of the ledger
(unrecorded): its answers are recorded by the hour.`

/**
 * Shows the comparison.
 * @returns whether it holds
 * @throws NothingThere where no start has ever made a key here
 */
export const reconcile = (env: NodeJS.ProcessEnv, output: Output): Promise<boolean> =>
  reading(env, async (store, config, head) => {
    requireCustody(config)
    const ledger = ledgerOver(store, config, undefined)
    const progress = openProgress('Reading')
    const before = await countsOf(config)
    const keys = await reconciledKeys(ledger, watched(ledger.entries(), head, progress), async () =>
      between(before, await countsOf(config)),
    ).finally(progress.stop)
    const holds = isReconciled(keys)
    output.result({ reconciled: holds, keys }, () =>
      [
        columns([
          ['KEY', 'PURPOSE', 'LEDGER', 'SIGNER', 'VERDICT', 'RECORDED', 'UNDERSTOOD'],
          ...keys.map(rowOf),
        ]),
        explanation,
        holds ? 'Every signature is accounted for.' : 'THE LEDGER AND THE SIGNER DIFFER.',
      ].join('\n'),
    )
    return holds
  })
