// `grand-livre ledger export`: the ledger as a file that can be given back, sealed as it is stored; its head signed by the log key where
// two officers are there (CGU-06).
import { createHash } from 'node:crypto'
import { signReport } from '../commands/reports.ts'
import { serviceKeyId } from '../commands/ceremony.ts'
import { decodeAny } from '../domain/aggregates.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { exportLedger, type Exporting } from '../ledger/export.ts'
import type { ExportHead, HeadSignature } from '../ledger/exportFormat.ts'
import type { EventStore } from '../ledger/store.ts'
import { open, twoAccounts, type Officer, type Opened } from './ceremonyParts.ts'
import { readConfig, type Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { requireNew, writeNewFile } from './newFile.ts'
import { columns, openProgress, writeLine, type Output } from './output.ts'
import { NothingThere, reading, requireInstallation } from './reading.ts'
import { readRelease } from './shipped.ts'

export type ExportAsked = Readonly<{ out?: string; officer?: string; second?: string }>

type Store = Pick<EventStore, 'readAll'>

const exportingOf = ({ policy }: Config): Omit<Exporting, 'sign' | 'onHead' | 'onProgress'> => ({
  ...{ log: policy.log, policy: policy.version, release: readRelease(), decode: decodeAny },
})

const words = (file: string, { size, root, signature }: ExportHead): string =>
  [
    columns([
      ['events', String(size)],
      ['tree head', `${size}:${root}`],
      ['signed', signature === undefined ? 'no' : `by the log key ${signature.key}`],
    ]),
    `The ledger was written to ${file}. Keep its head elsewhere.`,
  ].join('\n')

const toFile = async (store: Store, exporting: Exporting, output: Output, file: string): Promise<void> => {
  const progress = openProgress('Exporting')
  let head: ExportHead | undefined
  const lines = exportLedger(store, {
    ...exporting,
    onHead: (found) => (head = found),
    onProgress: (done, size) => progress.update(done, done / size),
  })
  await writeNewFile(file, lines).finally(progress.stop)
  if (head === undefined) throw new Error('the export ended without a head')
  const written = head
  output.result({ file, ...written }, () => words(file, written))
}

const toOutput = async (store: Store, exporting: Exporting): Promise<void> => {
  const progress = openProgress('Exporting')
  try {
    const onProgress = (done: number, size: number): void => progress.update(done, done / size)
    for await (const line of exportLedger(store, { ...exporting, onProgress }))
      if (!(await writeLine(line))) return
  } finally {
    progress.stop()
  }
}

/** The note is in the ledger before it is signed and after: so no signature of the log key is unaccounted for. */
const signerOf = async ({ service, custody }: Opened, second: Officer): Promise<Exporting['sign']> => {
  const id = serviceKeyId(service.policy, 'log', 1)
  const { state } = await service.ledger.load(serviceKey, id)
  if (state.status !== 'live') throw new NothingThere('there is no log key: `grand-livre ceremony` makes it')
  const signer = await custody.keys.signer(id)
  const document = 'head'
  return async (note): Promise<HeadSignature> => {
    const { person, roles } = second
    const report = { report: 'ledgerExport', documents: { [document]: note }, second: { person, roles } }
    const signatures = await signReport(service, { id, signer }, report)
    const signature = Buffer.from(signatures[`${document}.sig`] ?? [])
    return {
      key: createHash('sha256').update(signer.spki).digest('hex'),
      value: signature.toString('base64'),
    }
  }
}

const signed = async (
  config: Config,
  output: Output,
  asked: Readonly<{ out: string; officer: string; second: string }>,
): Promise<void> => {
  requireInstallation(config)
  const accounts = await twoAccounts(config, asked)
  requireNew(asked.out)
  const opened = await open(config, accounts)
  try {
    const sign = await signerOf(opened, opened.officers[1])
    await toFile(opened.store, { ...exportingOf(config), ...(sign && { sign }) }, output, asked.out)
  } finally {
    await opened.close()
  }
}

/**
 * Writes the ledger to standard output, or to a new file; signed, where two officers sign, while the service is stopped.
 * @throws ConfigFault, ExportFault; Error EEXIST: the file is there; NothingThere, LedgerFault, KeyFault
 */
export const exportLines = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  { out, officer, second }: ExportAsked,
): Promise<void> => {
  if (officer !== undefined || second !== undefined) {
    if (out === undefined || officer === undefined || second === undefined)
      throw new ConfigFault('a signed export wants --officer, --second and --out')
    return signed(readConfig(env), output, { out, officer, second })
  }
  return reading(env, (store, config) =>
    out === undefined
      ? toOutput(store, exportingOf(config))
      : toFile(store, exportingOf(config), output, out),
  )
}
