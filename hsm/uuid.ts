/** A UUID as its sixteen octets. */
export const uuidOctets = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')

/** The UUID of sixteen octets, in text. */
export const uuidText = (octets: Uint8Array): string =>
  Buffer.from(octets)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** A version 4 UUID (RFC 9562 5.4) of sixteen random octets. */
export const uuidOf = (random: Uint8Array): string => {
  const bytes = Buffer.from(random)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return uuidText(bytes)
}
