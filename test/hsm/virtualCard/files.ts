// The files of the card (ISO/IEC 7816-4 5.3): a master file, one application, and what is in it. Each has three octets of access
// rules: a nibble is 0 for always, F for never, and else the number of the PIN that has to be verified.
import { refuse, status } from './apdu.ts'
import type { RsaKey } from './rsa.ts'

export const masterFile = 0x3f00
export const application = 0x5015

/** What is asked of a file. DF: create; EF: read, update; key: use, update, generate. All: remove. */
export type Right = 'read' | 'use' | 'create' | 'update' | 'remove' | 'generate'

export type CardFile = {
  readonly id: number
  readonly kind: 'df' | 'ef' | 'key'
  /** Octets of an EF; bits of a key. */
  readonly size: number
  rules: Buffer
  content: Buffer
  key?: RsaKey
  /** The components of a key that is being put on the card in clear. */
  parts: Map<number, Buffer>
  readonly children: Map<number, CardFile>
}

const nibbleOf: Readonly<Record<Right, number>> = {
  read: 0,
  use: 0,
  create: 1,
  update: 1,
  remove: 2,
  generate: 3,
}

/** The rule for a right of a file: 0 always, 15 never, else a PIN. */
export const ruleOf = ({ rules }: CardFile, right: Right): number => {
  const nibble = nibbleOf[right]
  const octet = rules[nibble >> 1] ?? 0xff
  return nibble % 2 === 0 ? octet >> 4 : octet & 0x0f
}

export const newFile = (file: Pick<CardFile, 'id' | 'kind' | 'size' | 'rules'>): CardFile => ({
  ...file,
  content: Buffer.alloc(file.kind === 'ef' ? file.size : 0),
  parts: new Map(),
  children: new Map(),
})

/** A master file with the application in it, under the rules of PUT DATA 01 E0. */
export const newTree = (masterRules: Buffer, applicationRules: Buffer): CardFile => {
  const root = newFile({ id: masterFile, kind: 'df', size: 0, rules: masterRules })
  root.children.set(application, newFile({ id: application, kind: 'df', size: 0, rules: applicationRules }))
  return root
}

const descriptors = { df: 0x38, ef: 0x01, key: 0x11 } as const

const tlv = (tag: number, value: Uint8Array): Buffer => Buffer.concat([Buffer.of(tag, value.length), value])
const short = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff)

/** File control information (ISO/IEC 7816-4 table 12). @param lifeCycle 1: being made, 7: in use */
export const describe = (file: CardFile, lifeCycle: number): Buffer =>
  tlv(
    0x6f,
    Buffer.concat([
      tlv(file.kind === 'ef' ? 0x80 : 0x81, short(file.size)),
      tlv(0x82, Buffer.of(descriptors[file.kind])),
      tlv(0x83, short(file.id)),
      tlv(0x86, file.rules),
      tlv(0x85, Buffer.of(0, 0)),
      tlv(0x8a, Buffer.of(lifeCycle)),
    ]),
  )

/** The fields of a template, whose lengths are one octet each. @throws StatusFault */
const fieldsOf = (template: Buffer): ReadonlyMap<number, Buffer> => {
  if (template[0] !== 0x62 || template[1] !== template.length - 2) refuse(status.wrongData)
  const fields = new Map<number, Buffer>()
  for (let at = 2; at + 1 < template.length; at += 2 + template.readUInt8(at + 1))
    fields.set(template.readUInt8(at), template.subarray(at + 2, at + 2 + template.readUInt8(at + 1)))
  return fields
}

/** A field of that many octets. @throws StatusFault */
const demandField = (field: Buffer | undefined, length: number): Buffer =>
  field?.length === length ? Buffer.from(field) : refuse(status.wrongData)

/** What the template 62 of CREATE FILE asks for. @throws StatusFault */
export const fileOf = (template: Buffer): CardFile => {
  const fields = fieldsOf(template)
  const descriptor = demandField(fields.get(0x82), 1)[0]
  const kind = (['df', 'ef', 'key'] as const).find((name) => descriptors[name] === descriptor)
  return newFile({
    kind: kind ?? refuse(status.wrongData),
    id: demandField(fields.get(0x83), 2).readUInt16BE(),
    size: demandField(fields.get(0x80) ?? fields.get(0x81), 2).readUInt16BE(),
    rules: demandField(fields.get(0x86), 3),
  })
}
