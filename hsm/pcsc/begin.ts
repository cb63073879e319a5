// A blank card becomes one of this service's: its files, its PINs, its note, its transport key.
import { createPublicKey } from 'node:crypto'
import { demand, type Channel } from './channel.ts'
import { createFile, modulusIn, writeFile, isThere, type Path } from './cardFiles.ts'
import { CardFault } from '../../pki/cardFault.ts'
import { at, note, noteLength, noteOf, rules, transport, transportBits } from './layout.ts'
import { createPins } from './pins.ts'
import { applicationId, directory, files, objectDirectory, pinDirectory, tokenInfo } from './pkcs15.ts'
import type { CardSecrets } from './secrets.ts'

/** Octets of a directory of keys or of certificates: sixteen entries with long labels fit. */
const directorySize = 4096

/** Everything on the card is gone, and it is as it came. Rules of its two directories: custody's PIN, once they hold. */
const initialise = (channel: Channel): Promise<Buffer> =>
  demand(channel, { ins: 0xda, p1: 0x01, p2: 0xe0, data: rules.directories })

const newFile = async (channel: Channel, path: Path, content: Uint8Array, size?: number): Promise<void> => {
  await createFile(channel, { path, kind: 'ef', size: size ?? content.length, rules: rules.open })
  if (content.length > 0) await writeFile(channel, path, content)
}

/**
 * Erases the card, and leaves a note that it was: any blank card looks like an erased one, and only this one may be said to be it
 * when the act is given again. Cut off in between, nobody can tell any more.
 */
export const erase = async (channel: Channel, { mark }: CardSecrets): Promise<void> => {
  await initialise(channel)
  await newFile(channel, note, noteOf(mark, 'erased'), noteLength)
}

/** Octets 8 to 17 of what the applet says of itself. */
const chipNumber = async (channel: Channel): Promise<Buffer> =>
  (await demand(channel, { ins: 0xca, p1: 0x01, p2: 0xa0, le: 20 })).subarray(8, 18)

export type Making = Readonly<{ label: string; secrets: CardSecrets; pinTries: number }>

/**
 * Lays out a card that has no rules yet. Interrupted, it begins from nothing again: no key is on it before rules hold.
 * The label is at most 32 octets of ASCII.
 */
export const layOut = async (channel: Channel, { label, secrets, pinTries }: Making): Promise<void> => {
  await initialise(channel)
  await newFile(channel, [0x2f00], directory(label))
  await newFile(channel, at(files.objects), objectDirectory())
  await newFile(channel, at(files.token), tokenInfo(await chipNumber(channel), label))
  await newFile(channel, at(files.pins), pinDirectory('PIN'))
  await newFile(channel, at(files.keys), new Uint8Array(0), directorySize)
  await newFile(channel, at(files.certificates), new Uint8Array(0), directorySize)
  await newFile(channel, note, noteOf(secrets.mark, 'begun'), noteLength)
  await createPins(channel, secrets, pinTries)
  await demand(channel, { ins: 0x44, p1: 0x04, data: applicationId })
}

/** SubjectPublicKeyInfo of a modulus, whose exponent is 65537 as MyEID makes it. */
const spkiOf = (modulus: Buffer): Buffer => {
  const key = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' })
}

/** The transport key of the card, which makes one where it has none. Custody's PIN was verified. */
export const transportKey = async (channel: Channel): Promise<Buffer> => {
  const there = await modulusIn(channel, transport.path)
  if (there !== undefined) return spkiOf(there)
  if (!(await isThere(channel, transport.path)))
    await createFile(channel, { ...transport, kind: 'key', size: transportBits, rules: rules.transportKey })
  if (!(await isThere(channel, transport.path)))
    throw new CardFault('CardReadBack', 'the file of the transport key is gone')
  await demand(channel, { ins: 0x46, data: Uint8Array.of(0x30, 5, 0x81, 3, 1, 0, 1) })
  const made = await modulusIn(channel, transport.path)
  if (made === undefined) throw new CardFault('CardReadBack', 'the card made no transport key')
  return spkiOf(made)
}
