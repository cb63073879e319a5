import { DerFault, children, instantOf, integerHex, oidOf, read, type Value } from '../derReader.ts'

const text = (value: Value, allowed: RegExp): string | undefined =>
  allowed.test(Buffer.from(value.content).toString('latin1')) ? undefined : 'character not allowed'

const readable = (reading: () => unknown): string | undefined => {
  try {
    reading()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be read'
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const bitString = ({ content }: Value): string | undefined => {
  const unused = content[0] ?? 8
  const spare = (content.length > 1 ? (content.at(-1) ?? 0) : 0) & ((1 << unused) - 1)
  return unused > 7 || spare !== 0 || (content.length === 1 && unused !== 0)
    ? 'unused bits not zero'
    : undefined
}

const primitives: Readonly<Record<number, (value: Value) => string | undefined>> = {
  0x01: ({ content: [octet, ...more] }) =>
    (octet === 0 || octet === 0xff) && more.length === 0 ? undefined : 'BOOLEAN neither 00 nor FF',
  0x02: (value) => readable(() => integerHex(value)),
  0x03: bitString,
  0x05: ({ content }) => (content.length === 0 ? undefined : 'NULL with content'),
  0x06: (value) => readable(() => oidOf(value)),
  0x0c: ({ content }) => readable(() => utf8.decode(content)),
  0x13: (value) => text(value, /^[A-Za-z0-9 '()+,\-./:=?]*$/),
  0x16: (value) => text(value, /^[\x00-\x7f]*$/),
  0x17: (value) => readable(() => instantOf(value)),
  0x18: (value) => readable(() => instantOf(value)),
}

const sorted = (members: readonly Value[]): boolean =>
  members.every((member, i) => i === 0 || Buffer.compare(members[i - 1]?.der ?? member.der, member.der) <= 0)

/** What in a value is not DER (X.690 sections 8 to 11), all the way down. */
export const derFaults = (value: Value): readonly string[] => {
  if ((value.tag & 0x20) === 0) {
    const fault = primitives[value.tag]?.(value)
    return fault === undefined ? [] : [fault]
  }
  try {
    const members = children(value)
    const order = value.tag === 0x31 && !sorted(members) ? ['SET not sorted'] : []
    return [...order, ...members.flatMap(derFaults)]
  } catch (error) {
    if (error instanceof DerFault) return [error.message]
    throw error
  }
}

/** The same for octets that must be one value, as those inside an extension. */
export const derFaultsIn = (bytes: Uint8Array): readonly string[] => {
  try {
    return derFaults(read(bytes))
  } catch (error) {
    if (error instanceof DerFault) return [error.message]
    throw error
  }
}
