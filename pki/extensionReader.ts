import { DerFault, expect, oidOf, sequenceOf, type Value } from './derReader.ts'

export type Extension = Readonly<{ oid: string; critical: boolean; value: Uint8Array }>

/** Extensions (RFC 5280 4.2), strictly: no OID twice, `critical` TRUE or FALSE. @throws DerFault */
export const readExtensions = (list: Value): ReadonlyMap<string, Extension> => {
  const found = new Map<string, Extension>()
  for (const item of sequenceOf(list)) {
    const extension = readExtension(item)
    if (found.has(extension.oid)) throw new DerFault('extension twice')
    found.set(extension.oid, extension)
  }
  return found
}

const readExtension = (item: Value): Extension => {
  const [id, ...rest] = sequenceOf(item)
  if (rest.length < 1 || rest.length > 2) throw new DerFault('not an extension')
  return {
    oid: oidOf(id),
    critical: rest.length === 2 && isTrue(rest[0]),
    value: expect(rest.at(-1), 0x04).content,
  }
}

const isTrue = (value: Value | undefined): boolean => {
  const { content } = expect(value, 0x01)
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerFault('BOOLEAN')
  return content[0] === 0xff
}
