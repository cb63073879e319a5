// What a status process is given to keep: two authorities, two lists of the one and one of the other, and two answers to one question.
import { createHash } from 'node:crypto'
import type { CrlFile } from '../../api/crlFile.ts'
import type { KeptAnswer } from '../../api/ocspKept.ts'

export const now = '2026-03-02T09:00:00Z'
const dates = { thisUpdate: now, nextUpdate: '2026-03-03T09:00:00Z' }

/** DER. */
export type Given = Readonly<{
  ca: Uint8Array
  root: Uint8Array
  lists: Readonly<Record<1 | 2, CrlFile>>
  rootList: CrlFile
}>
/** The same as base64, for a process. */
export type GivenText = Readonly<Record<'ca' | 'root' | 'first' | 'second' | 'rootList', string>>

const listOf = (number: number, text: string): CrlFile => {
  const bytes = Buffer.from(text, 'base64')
  return { ...dates, number, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

export const fromText = ({ ca, root, first, second, rootList }: GivenText): Given => ({
  ca: Buffer.from(ca, 'base64'),
  root: Buffer.from(root, 'base64'),
  lists: { 1: listOf(1, first), 2: listOf(2, second) },
  rootList: listOf(1, rootList),
})

const answer = (bytes: string, statuses: KeptAnswer['statuses'], said: KeptAnswer['said']): KeptAnswer => ({
  ...{ ...dates, renewAt: dates.nextUpdate, responder: '0b', serials: ['0a'] },
  ...{ bytes: Buffer.from(bytes), statuses, said },
})

/** To the same question: before, and after, the certificate was revoked. */
export const answers: Readonly<Record<1 | 2, KeptAnswer>> = {
  1: answer('good', ['good'], { good: 1, revoked: 0, unknown: 0 }),
  2: answer('revoked', [{ revokedAt: now }], { good: 0, revoked: 1, unknown: 0 }),
}
