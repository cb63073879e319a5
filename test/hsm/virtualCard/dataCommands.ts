// GET DATA and PUT DATA: what the card says of itself, its PINs, its first state, and keys in clear.
import { refuse, status, type Command } from './apdu.ts'
import { newTree, ruleOf } from './files.ts'
import { pinRecord } from './pins.ts'
import { component, keyOfParts } from './rsa.ts'
import { demandRight, directoryOf, newSession, selectedKey, type Card } from './state.ts'

/** `GLW` and a version: this card takes keys wrapped for its transport key (keyCommands.ts, IMPORT WRAPPED KEY). */
export const wrappedImport = Buffer.from('474c5701', 'hex')
/** Version 4.5 of the applet whose commands these are: the first that chains commands. */
const version = Buffer.of(4, 5, 0)
/** Version 1, RSA only, up to 4096 bits; no DES, AES or elliptic curve. */
const capabilities = Buffer.from('0100011000000000000000', 'hex')

const short = (value: number): Buffer => Buffer.of((value >> 8) & 0xff, value & 0xff)

export const getData = (card: Card, { p1, p2 }: Command): Buffer => {
  if (p1 !== 0x01) refuse(status.wrongParameters)
  const { serial, changes } = card.memory
  switch (p2) {
    case 0x01:
      return selectedKey(card).key?.modulus ?? refuse(status.noSuchData)
    case 0xa0:
      return Buffer.concat([Buffer.alloc(5), version, serial, short(changes)])
    case 0xa1:
      return Buffer.concat([...directoryOf(card).children.keys()].map(short))
    case 0xaa:
      return capabilities
    case 0xc0:
      return wrappedImport
    default:
      return refuse(status.noSuchData)
  }
}

/** Everything is as it left the factory, but for the rules of the two directories. Keys are overwritten with it. */
const initialise = (card: Card, data: Buffer): void => {
  const { memory, session } = card
  const rule = ruleOf(memory.root, 'remove')
  if (memory.active && rule !== 0 && !session.verified.has(rule)) refuse(status.securityNotSatisfied)
  if (data.length !== 8) refuse(status.wrongLength)
  memory.root = newTree(Buffer.from(data.subarray(2, 5)), Buffer.from(data.subarray(5, 8)))
  memory.pins.clear()
  memory.active = false
  memory.changes += 1
  card.session = newSession(memory)
}

const putPart = (card: Card, tag: number, data: Buffer): void => {
  const file = selectedKey(card)
  demandRight(card, file, 'update')
  file.parts.set(tag, Buffer.from(data))
  if (!Object.values(component).every((each) => file.parts.has(each))) return
  const { parts } = file
  file.parts = new Map()
  file.key = keyOfParts(parts, file.size)
  card.memory.changes += 1
}

const putPin = ({ memory }: Card, reference: number, data: Buffer): void => {
  if (memory.active) refuse(status.conditionsNotSatisfied)
  memory.pins.set(reference, pinRecord(data))
}

export const putData = (card: Card, { p1, p2, data }: Command): void => {
  if (p1 !== 0x01) refuse(status.wrongParameters)
  if (p2 === 0xe0) initialise(card, data)
  else if (p2 >= 0x80 && p2 <= 0x87) putPart(card, p2, data)
  else if (p2 >= 1 && p2 <= 14) putPin(card, p2, data)
  else refuse(status.wrongParameters)
}

export const activate = ({ memory }: Card): void => {
  memory.active = true
  memory.changes += 1
}
