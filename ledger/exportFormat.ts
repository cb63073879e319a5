// The file that a ledger is exported to: lines of JSON, one way to write each, so that no octet can change unseen (ADR 32).
//
//   header    {"format","log","policy","release","size"}
//   event     {"idx","stream","revision","id","type","created","body","leafHash"}   one each, in the order of the ledger
//   closing   {"size","root","signature"?:{"key","value"},"sha256"}                 sha256: of every octet before `,"sha256"`
import { createHash } from 'node:crypto'
import type { Entry } from './ledger.ts'

export const format = 'grand-livre-ledger/1'

/** The file is not a whole export of this ledger's log. The message names the line, never what is in it. */
export class ExportFault extends Error {
  override readonly name = 'ExportFault'
}

export type ExportHeader = Readonly<{
  /** Origin of the log: every leaf and every seal is bound to it. */
  log: string
  /** Version of the policy and release of the program that wrote the file. */
  policy: number
  release: string
  /** Events that follow. */
  size: number
}>

export type ExportedEvent = Readonly<{
  idx: number
  entry: Omit<Entry, 'position'>
  /** When the store that it was exported from wrote it. */
  created: string
  leafHash: string
}>

/** By the log key, over the note: ECDSA with SHA-384, DER, in base64. `key`: SHA-256 of its SubjectPublicKeyInfo, hex. */
export type HeadSignature = Readonly<{ key: string; value: string }>

export type ExportHead = Readonly<{
  size: number
  /** Root of the tree, hex. */
  root: string
  signature?: HeadSignature
}>

/** What the log key signs: the body of a checkpoint (C2SP tlog-checkpoint): origin, size, root in base64. */
export const noteOf = (log: string, { size, root }: Pick<ExportHead, 'size' | 'root'>): string =>
  `${log}\n${size}\n${Buffer.from(root, 'hex').toString('base64')}\n`

export const headerLine = ({ log, policy, release, size }: ExportHeader): string =>
  JSON.stringify({ format, log, policy, release, size })

/** Without `created` where it is of no store, as in the files of the demo. */
export const eventLine = ({
  idx,
  entry: { stream, revision, id, type, body },
  created,
  leafHash,
}: Omit<ExportedEvent, 'created'> & Readonly<{ created?: string }>): string =>
  JSON.stringify({ idx, stream, revision, id, type, created, body, leafHash })

const beforeDigest = ({ size, root, signature }: ExportHead): string =>
  JSON.stringify({
    ...{ size, root },
    ...(signature === undefined ? {} : { signature: { key: signature.key, value: signature.value } }),
  }).slice(0, -1)

/** Takes each line, then closes the file: what makes one flipped bit anywhere in it show. */
export const openDigest = () => {
  const hash = createHash('sha256')
  return {
    line: (line: string | Uint8Array): void => void hash.update(line).update('\n'),
    closing: (head: ExportHead): string => {
      const text = beforeDigest(head)
      return `${text},"sha256":"${hash.copy().update(text).digest('hex')}"}`
    },
  }
}

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isText = (value: unknown): value is string => typeof value === 'string'

const membersOf = (text: string): Members | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isMembers(value) ? value : undefined
  } catch {
    return undefined
  }
}

const known = format.slice(0, format.indexOf('/') + 1)

/** @throws ExportFault */
export const parseHeader = (text: string): ExportHeader => {
  const { format: given, log, policy, release, size } = membersOf(text) ?? {}
  if (!isText(given) || !given.startsWith(known))
    throw new ExportFault('line 1: this is not the header of an exported ledger')
  if (given !== format)
    throw new ExportFault(
      `line 1: the form of the file is not one that this release reads, which is ${format}`,
    )
  if (!isText(log) || !isCount(policy) || !isText(release) || !isCount(size))
    throw new ExportFault('line 1: the header lacks a member, or has another kind of value')
  const header = { log, policy, release, size }
  if (headerLine(header) !== text) throw new ExportFault('line 1: the header is not written as it has to be')
  return header
}

type EventMembers = Readonly<{ idx: number; created: string; leafHash: string }> & ExportedEvent['entry']

const eventMembers: Readonly<Record<keyof EventMembers, (value: unknown) => boolean>> = {
  ...{ idx: isCount, stream: isText, revision: isCount, id: isText, type: isText },
  ...{ created: isText, body: isMembers, leafHash: isText },
}

/** The event of a line, its body's form aside. undefined: it is none, or not written in the one way there is. */
export const parseEvent = (text: string): ExportedEvent | undefined => {
  const members = membersOf(text)
  if (members === undefined || !Object.entries(eventMembers).every(([name, fits]) => fits(members[name])))
    return undefined
  const { idx, created, leafHash, ...entry } = members as EventMembers
  const event = { idx, entry, created, leafHash }
  return eventLine(event) === text ? event : undefined
}

const isSignature = (value: unknown): value is HeadSignature =>
  isMembers(value) && isText(value['key']) && isText(value['value'])

/** Head and digest of the closing line; undefined where it is none. */
export const parseClosing = (text: string): ExportHead | undefined => {
  const { size, root, signature } = membersOf(text) ?? {}
  if (!isCount(size) || !isText(root) || !/^[0-9a-f]{64}$/.test(root)) return undefined
  if (signature === undefined) return { size, root }
  return isSignature(signature) ? { size, root, signature } : undefined
}
