// `grand-livre ledger check` and `ledger import`: whether an exported ledger is whole, and giving it back into an empty one, of either
// adapter. No key is needed: what is sealed stays sealed.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { decodeAny } from '../domain/aggregates.ts'
import { importLedger, type Imported } from '../ledger/importLedger.ts'
import { checkExport, type ReadExport, type ReadingExport } from '../ledger/readExport.ts'
import { readConfig, type Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { parseHead } from './ledgerCommands.ts'
import { columns, openProgress, type Output, type Progress } from './output.ts'
import { openStore } from './parts.ts'
import { NothingThere } from './reading.ts'

export type ImportAsked = Readonly<{ key?: string; head: readonly string[] }>

/** @throws ConfigFault */
const keyFrom = (file: string): KeyObject => {
  try {
    return createPublicKey(readFileSync(file))
  } catch {
    throw new ConfigFault(`--key: ${file} is no public key in PEM`)
  }
}

const pieces = (file: string) => (): AsyncIterable<Uint8Array> =>
  createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>

/** It is read twice, so it may not be a pipe. @throws NothingThere */
const requireFile = (file: string): void => {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new NothingThere(`${file} is not a file`)
}

const readingOf = ({ policy }: Config, { key, head }: ImportAsked): ReadingExport => ({
  ...{ log: policy.log, decode: decodeAny, known: head.map(parseHead) },
  ...(key === undefined ? {} : { logKey: keyFrom(key) }),
})

const rows = ({ header, head, sha256 }: ReadExport, key: string | undefined): string[][] => [
  ['log', header.log],
  ['written by', `release ${header.release}, policy ${header.policy}`],
  ['events', String(head.size)],
  ['tree head', `${head.size}:${head.root}`],
  [
    'signature',
    head.signature === undefined
      ? 'none'
      : key === undefined
        ? 'not checked: no --key'
        : `of the key in ${key}`,
  ],
  ['SHA-256', sha256],
]

const shown = ({ header, head, sha256 }: ReadExport, { key }: ImportAsked) => ({
  ...{
    log: header.log,
    policy: header.policy,
    release: header.release,
    size: head.size,
    root: head.root,
    sha256,
  },
  signature: head.signature === undefined ? 'none' : key === undefined ? 'notChecked' : 'verified',
})

const telling = (progress: Progress) => (done: number, size: number) => progress.update(done, done / size)

/** Reads an exported ledger through, and says what is in it. @throws ExportFault on the first line that is not right */
export const check = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  file: string,
  asked: ImportAsked,
): Promise<void> => {
  const config = readConfig(env)
  requireFile(file)
  const progress = openProgress('Checking')
  const found = await checkExport(pieces(file)(), {
    ...readingOf(config, asked),
    onProgress: telling(progress),
  }).finally(progress.stop)
  output.result(shown(found, asked), () =>
    [columns(rows(found, asked.key)), 'The file is whole: it can be imported.'].join('\n'),
  )
}

// The embedded store commits in the order in which it is called, and many appends in one go; a server gets one at a time.
const appendsAtOnce = ({ ledgerUrl }: Config): number => (ledgerUrl === undefined ? 256 : 1)

const titles = { file: 'Checking the file', append: 'Importing', readBack: 'Reading back' } as const

const importInto = async (config: Config, file: string, asked: ImportAsked): Promise<Imported> => {
  const reading = readingOf(config, asked)
  const store = await openStore(config, { importing: true })
  let progress = openProgress(titles.file)
  try {
    return await importLedger(store, pieces(file), {
      ...{ ...reading, atOnce: appendsAtOnce(config) },
      onStep: (step) => {
        progress.stop()
        progress = openProgress(titles[step])
      },
      onProgress: (done, size) => progress.update(done, done / size),
    })
  } finally {
    progress.stop()
    await store.close()
  }
}

const outcome = ({ resumedAt, appended, verified }: Imported): readonly string[] => [
  ...(resumedAt === 0 ? [] : [`${resumedAt} events were there from an import that had not ended.`]),
  `${appended} events were appended, and all ${verified.size} read back.`,
  ...verified.findings.map(
    ({ index, stream, revision, message }) => `  #${index} ${stream} ${revision}: ${message}`,
  ),
  verified.found === 0
    ? 'The ledger is the one that was exported. Now: grand-livre projections rebuild'
    : 'The ledger is NOT the one that was exported, and is not read: empty it, and import again.',
]

/**
 * Imports an exported ledger into the empty one that the settings name, or goes on with an import of it that a stop has interrupted.
 * @returns whether the ledger that was read back is the one of the file
 * @throws ExportFault, ImportRefused, ConfigFault, LedgerFault
 */
export const importFile = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  file: string,
  asked: ImportAsked,
): Promise<boolean> => {
  const config = readConfig(env)
  requireFile(file)
  const imported = await importInto(config, file, asked)
  const { resumedAt, appended, verified } = imported
  const { found, findings } = verified
  output.result({ ...shown(imported, asked), resumedAt, appended, found, findings }, () =>
    [columns(rows(imported, asked.key)), ...outcome(imported)].join('\n'),
  )
  return found === 0
}
