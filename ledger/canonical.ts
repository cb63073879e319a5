// RFC 8785 (JCS), cut down to what every language writes alike (proofs.md 1.1): no float, no undefined, no lone surrogate,
// no string that is not NFC, plain member names. What is hashed, sealed or stored passes here, and nothing else does.

/** The value is outside the profile. The message names the member, never its content. */
export class NotCanonical extends RangeError {
  override readonly name = 'NotCanonical'
}

const memberName = /^[A-Za-z][A-Za-z0-9_]*$/
const ascii = /^[\u0000-\u007f]*$/
const loneSurrogate = /\p{Surrogate}/u
const deepest = 32

const fault = (where: string, what: string): NotCanonical => new NotCanonical(`${where}: ${what}`)

const text = (value: string, where: string): string => {
  if (!ascii.test(value)) {
    if (loneSurrogate.test(value)) throw fault(where, 'a string with a lone surrogate')
    if (value.normalize('NFC') !== value) throw fault(where, 'a string that is not in normal form C')
  }
  return JSON.stringify(value)
}

const integer = (value: number, where: string): string => {
  if (!Number.isSafeInteger(value) || Object.is(value, -0))
    throw fault(where, 'a number that is no safe integer')
  return String(value)
}

const list = (values: readonly unknown[], where: string, depth: number): string => {
  let json = '['
  // Not map: it would skip the holes of a sparse list.
  for (let i = 0; i < values.length; i += 1) json += `${i === 0 ? '' : ','}${write(values[i], where, depth)}`
  return `${json}]`
}

const object = (value: object, where: string, depth: number): string => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw fault(where, 'an object that is not plain')
  if (Object.getOwnPropertySymbols(value).length > 0) throw fault(where, 'a member named by a symbol')
  let json = '{'
  // Names are ASCII, so the default order is that of RFC 8785 3.2.3.
  for (const name of Object.keys(value).sort()) {
    if (!memberName.test(name)) throw fault(where, 'a member name outside [A-Za-z][A-Za-z0-9_]*')
    const member = (value as Readonly<Record<string, unknown>>)[name]
    json += `${json === '{' ? '' : ','}"${name}":${write(member, name, depth)}`
  }
  return `${json}}`
}

const compound = (value: object, where: string, depth: number): string => {
  if (depth === deepest) throw fault(where, `deeper than ${deepest}`)
  return Array.isArray(value) ? list(value, where, depth + 1) : object(value, where, depth + 1)
}

const write = (value: unknown, where: string, depth: number): string => {
  if (typeof value === 'string') return text(value, where)
  if (typeof value === 'number') return integer(value, where)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (value === null) return 'null'
  if (typeof value === 'object') return compound(value, where, depth)
  throw fault(where, typeof value)
}

/**
 * The one text of a value: members sorted, no blanks.
 * @throws NotCanonical for anything outside the profile, a Map, a Date and -0 included
 */
export const canonical = (value: unknown): string => write(value, 'value', 0)
