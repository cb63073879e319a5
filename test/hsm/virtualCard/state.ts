// What the card remembers while it lies in a drawer, and what it forgets when its power is cut.
import { refuse, status } from './apdu.ts'
import { newTree, ruleOf, type CardFile, type Right } from './files.ts'
import type { PinRecord } from './pins.ts'
import type { GenerateRsa } from './rsa.ts'

/** Kept without power. */
export type Memory = {
  root: CardFile
  readonly pins: Map<number, PinRecord>
  /** From ACTIVATE on the access rules hold. */
  active: boolean
  changes: number
  readonly serial: Buffer
}

/** Lost at each reset. */
export type Session = {
  path: CardFile[]
  selected: CardFile
  readonly verified: Set<number>
  environment?: { algorithm: number; file: number }
  /** Half a ciphertext of a command in two parts. */
  half?: Buffer
}

export type Card = { readonly memory: Memory; session: Session; readonly generate: GenerateRsa }

const open = (): Buffer => Buffer.of(0, 0, 0)

export const newMemory = (serial: Buffer): Memory => ({
  root: newTree(open(), open()),
  pins: new Map(),
  active: false,
  changes: 0,
  serial,
})

export const newSession = ({ root }: Memory): Session => ({
  path: [root],
  selected: root,
  verified: new Set(),
})

export const lifeCycle = ({ active }: Memory): number => (active ? 7 : 1)

/** @throws StatusFault unless the file's rule is satisfied */
export const demandRight = ({ memory, session }: Card, file: CardFile, right: Right): void => {
  const rule = ruleOf(file, right)
  if (memory.active && rule !== 0 && !session.verified.has(rule)) refuse(status.securityNotSatisfied)
}

/** The directory that is selected, or that the selected file is in. */
export const directoryOf = ({ session }: Card): CardFile =>
  session.path.findLast(({ kind }) => kind === 'df') ?? refuse(status.notFound)

export const selectedKey = ({ session }: Card): CardFile =>
  session.selected.kind === 'key' ? session.selected : refuse(status.conditionsNotSatisfied)
