import { refuse, status, type Command } from './apdu.ts'
import { application, describe, fileOf, masterFile, type CardFile } from './files.ts'
import { demandRight, directoryOf, lifeCycle, type Card } from './state.ts'

/** The PKCS#15 application (ISO/IEC 7816-15 5.6). */
export const applicationId = Buffer.from('a000000063504b43532d3135', 'hex')

const walk = (from: readonly CardFile[], ids: Buffer): CardFile[] => {
  const path = [...from]
  for (let at = 0; at + 1 < ids.length; at += 2)
    path.push(path.at(-1)?.children.get(ids.readUInt16BE(at)) ?? refuse(status.notFound))
  return path
}

/** The path that SELECT names by P1: an id, an application's name, or a path from the master file or from where one is. */
const pathOf = (card: Card, { p1, data }: Command): CardFile[] => {
  const { memory, session } = card
  const here = session.path.slice(0, session.path.indexOf(directoryOf(card)) + 1)
  switch (p1) {
    case 0x00:
      return byId(memory.root, here, data.length === 0 ? masterFile : data.readUInt16BE())
    case 0x04:
      return data.equals(applicationId) ? [memory.root] : refuse(status.notFound)
    case 0x08:
      return walk([memory.root], data)
    case 0x09:
      return walk(here, data)
    default:
      return refuse(status.wrongParameters)
  }
}

const byId = (root: CardFile, here: readonly CardFile[], id: number): CardFile[] => {
  if (id === masterFile) return [root]
  const at = here.findIndex((file) => file.id === id)
  if (at >= 0) return here.slice(0, at + 1)
  const outward = here.findLastIndex((file) => file.children.has(id))
  const found = here[outward]?.children.get(id) ?? refuse(status.notFound)
  return [...here.slice(0, outward + 1), found]
}

export const select = (card: Card, command: Command): Buffer => {
  const path = pathOf(card, command)
  card.session.path = path
  card.session.selected = path.at(-1) ?? card.memory.root
  return (command.p2 & 0x0c) === 0 ? describe(card.session.selected, lifeCycle(card.memory)) : Buffer.alloc(0)
}

const elementary = ({ session }: Card): CardFile =>
  session.selected.kind === 'ef' ? session.selected : refuse(status.conditionsNotSatisfied)

const offset = ({ p1, p2 }: Command): number =>
  p1 & 0x80 ? refuse(status.wrongParameters) : ((p1 & 0x7f) << 8) | p2

export const readBinary = (card: Card, command: Command): Buffer => {
  const file = elementary(card)
  demandRight(card, file, 'read')
  const at = offset(command)
  if (at > file.size) refuse(status.beyondTheEnd)
  return file.content.subarray(at, at + command.le)
}

export const updateBinary = (card: Card, command: Command): void => {
  const file = elementary(card)
  demandRight(card, file, 'update')
  const at = offset(command)
  if (at + command.data.length > file.size) refuse(status.full)
  command.data.copy(file.content, at)
  card.memory.changes += 1
}

export const createFile = (card: Card, { data }: Command): void => {
  const parent = directoryOf(card)
  demandRight(card, parent, 'create')
  const file = fileOf(data)
  if (parent.children.has(file.id)) refuse(status.exists)
  parent.children.set(file.id, file)
  select(card, { cla: 0, ins: 0xa4, p1: 0, p2: 0x0c, le: 0, data: Buffer.of(file.id >> 8, file.id & 0xff) })
  card.memory.changes += 1
}

export const deleteFile = (card: Card): void => {
  const { session, memory } = card
  const { selected } = session
  const parent = session.path.at(-2) ?? refuse(status.conditionsNotSatisfied)
  if (selected.id === application) refuse(status.conditionsNotSatisfied)
  demandRight(card, selected, 'remove')
  delete selected.key
  selected.content.fill(0)
  parent.children.delete(selected.id)
  session.path = session.path.slice(0, -1)
  session.selected = parent
  memory.changes += 1
}
