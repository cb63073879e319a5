// The package of the escrow as files (docs/escrow-transfer.md): parts in JSON lines, each under a key of its own, and an inventory that has
// the digest of each. A part is on disk whole, or not at all; nothing of it is held in memory beside the part that is written or read.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Type, type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ProcessRefused } from '../commands/program.ts'
import { labelOf, type Part } from '../commands/transferEscrow.ts'
import { h, id, n, sn, t, x } from '../domain/fields.ts'
import {
  clearTemporary,
  isTemporary,
  makeDirectory,
  makePrivateDirectory,
  replaceDurable,
  readIfPresent,
} from '../hsm/durable.ts'

const fault = Type.String({ pattern: '^[A-Za-z0-9]{1,64}$' })
const closed = { additionalProperties: false }
const header = Type.Object(
  {
    form: Type.Literal('grand-livre/escrow-part/v1'),
    ...{ transfer: id, part: n, label: Type.String(), missing: Type.Boolean() },
    /** AES-256, RSAES-OAEP with SHA-256, to the successor's key. */
    transport: x,
    proofSha256: h,
  },
  closed,
)
const handed = Type.Object(
  {
    ...{ spkiSha256: h, serial: sn, person: id, generatedAt: t, testedAt: t, from: t, until: t },
    ...{ kek: id, keptSha256: h, spki: x, blob: x },
  },
  closed,
)
const refused = Type.Object({ spkiSha256: h, serial: sn, refused: fault }, closed)
const inventory = Type.Object(
  {
    form: Type.Literal('grand-livre/escrow-inventory/v1'),
    ...{
      transfer: id,
      log: Type.String(),
      authority: Type.String(),
      authoritySha256: h,
      certificateSha256: h,
      madeAt: t,
    },
    ...{ wrapping: Type.String(), transport: Type.String(), keys: n, refused: n },
    parts: Type.Array(
      Type.Object({ file: Type.String(), sha256: h, keys: n, refused: n, proofSha256: h }, closed),
    ),
    refusedKeys: Type.Array(refused),
  },
  closed,
)
const receipt = Type.Object(
  {
    form: Type.Literal('grand-livre/escrow-receipt/v1'),
    ...{ transfer: id, inventorySha256: h, keys: n, receivedAt: t },
    /** HMAC-SHA256 over the label of each part by its key, in their order. */
    proofs: Type.Array(h),
  },
  closed,
)
const begun = Type.Object({ transfer: id, certificateSha256: h }, closed)

export type PartHeader = Static<typeof header>
export type Inventory = Static<typeof inventory>
export type Receipt = Static<typeof receipt>
export type PackagedKey = Static<typeof handed>
export type RefusedKey = Static<typeof refused>

export const changed = (detail: string): ProcessRefused =>
  new ProcessRefused('EscrowPackage', 'PACKAGE_CHANGED', 'CGU-82', detail)

/** Text of a file or a line, read as what it has to be. */
const reader = <T extends TSchema>(schema: T) => {
  const check = Compile(schema)
  return (text: string, where: string): Static<T> => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw changed(`${where}: no JSON`)
    }
    const [first] = check.Errors(value)
    if (first !== undefined) throw changed(`${where}: ${first.instancePath || '/'} ${first.message}`)
    return value as Static<T>
  }
}
const headerOf = reader(header)
const keyOf = reader(Type.Union([handed, refused]))
/** @throws ProcessRefused PACKAGE_CHANGED where it is none */
export const inventoryOf = reader(inventory)
/** @throws ProcessRefused PACKAGE_CHANGED where it is none */
export const receiptOf = reader(receipt)
const begunOf = reader(begun)

const folder = 'parts'
export const inventoryName = 'inventory.json'
const beginningName = 'transfer.json'
const partName = (number: number): string => `${folder}/part-${String(number).padStart(6, '0')}.jsonl`

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

/** Writes a part, in the place of what a stop has left of it. */
export const writePart = async (
  directory: string,
  transfer: string,
  { number, label, missing, transport, proofSha256, keys }: Part,
): Promise<void> => {
  const lines = keys.map((one) =>
    'refused' in one ? one : { ...one, spki: base64(one.spki), blob: base64(one.blob) },
  )
  const first = { form: 'grand-livre/escrow-part/v1', transfer, part: number, label, missing }
  const text = [{ ...first, transport: base64(transport), proofSha256 }, ...lines]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')
  await replaceDurable(join(directory, partName(number)), Buffer.from(text))
}

/** A part, line by line. @throws ProcessRefused PACKAGE_CHANGED */
export const readPart = async (
  directory: string,
  file: string,
): Promise<Readonly<{ header: PartHeader; keys: AsyncIterable<PackagedKey | RefusedKey> }>> => {
  const lines = createInterface({ input: createReadStream(join(directory, file)), crlfDelay: Infinity })[
    Symbol.asyncIterator
  ]()
  const first = await lines.next()
  if (first.done === true) throw changed(`${file}: empty`)
  return {
    header: headerOf(first.value, file),
    keys: (async function* () {
      for (;;) {
        const next = await lines.next()
        if (next.done === true) return
        yield keyOf(next.value, file)
      }
    })(),
  }
}

/** The parts that are there, in their order. @throws ProcessRefused PACKAGE_CHANGED where one between them is not */
const partsIn = async (directory: string): Promise<readonly string[]> => {
  const names = (await readdir(join(directory, folder))).filter((name) => name.endsWith('.jsonl')).sort()
  const expected = names.map((_, i) => partName(i + 1))
  if (names.some((name, i) => `${folder}/${name}` !== expected[i])) throw changed('parts')
  return expected
}

/**
 * What an earlier run has done in a directory.
 * @returns undefined for a directory in which nothing has begun, or that is not there
 * @throws ProcessRefused PACKAGE_NOT_EMPTY for one that holds anything else
 */
export const begunIn = async (directory: string): Promise<Static<typeof begun> | undefined> => {
  const names = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  // Stopped before it had begun, an earlier run has left no more than that.
  if (names.every(isTemporary)) return undefined
  const text = await readIfPresent(join(directory, beginningName))
  if (text === undefined) throw new ProcessRefused('EscrowPackage', 'PACKAGE_NOT_EMPTY', 'CGU-82', directory)
  return begunOf(text.toString('utf8'), beginningName)
}

/** Begins a package: which it is, is on disk before its first part. What a stop has left half written is of nobody else. */
export const begin = async (directory: string, what: Static<typeof begun>): Promise<void> => {
  await makeDirectory(directory)
  await replaceDurable(join(directory, beginningName), Buffer.from(`${JSON.stringify(what)}\n`))
  await makePrivateDirectory(join(directory, folder))
  for (const one of [directory, join(directory, folder)]) await clearTemporary(one)
}

/** How far the parts have come. Those of what the vault has lost are made anew: they come after all the others. */
export const progressOf = async (
  directory: string,
): Promise<Readonly<{ parts: number; after: string; keys: number }>> => {
  const found = { parts: 0, after: '', keys: 0 }
  const anew: string[] = []
  for (const file of await partsIn(directory)) {
    const { header, keys } = await readPart(directory, file)
    if (header.missing) anew.push(file)
    for await (const one of keys)
      if (!header.missing) {
        found.after = one.spkiSha256
        found.keys += 1
      }
    if (!header.missing) found.parts += 1
  }
  // The last one first: a gap that a stop has left between them would be a package that was changed.
  for (const file of anew.reverse()) await rm(join(directory, file))
  return found
}

/** What there is in the parts on disk, read once more. */
export const takeStock = async (
  directory: string,
  transfer: string,
): Promise<Pick<Inventory, 'keys' | 'refused' | 'parts' | 'refusedKeys'>> => {
  const parts: Inventory['parts'] = []
  const refusedKeys: RefusedKey[] = []
  for (const [i, file] of (await partsIn(directory)).entries()) {
    const { header, keys } = await readPart(directory, file)
    if (header.transfer !== transfer || header.label !== labelOf(transfer, i + 1)) throw changed(file)
    let [handedHere, refusedHere] = [0, 0]
    for await (const one of keys)
      if ('refused' in one) {
        refusedHere += 1
        refusedKeys.push(one)
      } else handedHere += 1
    const { proofSha256 } = header
    const sha256 = await sha256OfFile(join(directory, file))
    parts.push({ file, sha256, keys: handedHere, refused: refusedHere, proofSha256 })
  }
  const keys = parts.reduce((sum, part) => sum + part.keys, 0)
  return { keys, refused: refusedKeys.length, parts, refusedKeys }
}

type Stock = Pick<Inventory, 'keys' | 'parts' | 'refusedKeys'>

/** Of which the ledger does not say that they are kept (commands/transferEscrow.ts). */
const notKept: readonly string[] = ['keyDestroyed', 'notInLedger']

/** How many of the keys that are kept are told of, handed over or refused. */
export const toldOfKept = ({ keys, refusedKeys }: Stock): number =>
  keys + refusedKeys.filter((one) => !notKept.includes(one.refused)).length

/** @throws ProcessRefused PACKAGE_CHANGED where the parts on disk are not those of the inventory */
export const requireParts = ({ parts }: Stock, there: Stock): void => {
  for (const [i, { file, sha256 }] of parts.entries())
    if (there.parts[i]?.sha256 !== sha256) throw changed(`${file}: not as it was recorded`)
  const more = there.parts[parts.length]
  if (more !== undefined) throw changed(`${more.file}: not in the inventory`)
}

/** The inventory that is there, with its digest. @throws ProcessRefused PACKAGE_CHANGED */
export const readInventory = async (
  directory: string,
): Promise<Readonly<{ inventory: Inventory; sha256: string; text: string }>> => {
  const bytes = await readFile(join(directory, inventoryName))
  const text = bytes.toString('utf8')
  return {
    inventory: inventoryOf(text, inventoryName),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    text,
  }
}
