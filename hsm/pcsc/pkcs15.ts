// ISO/IEC 7816-15 (PKCS #15): what makes the files of a card keys and certificates for every program that reads cards.
import {
  integer,
  namedBits,
  octets,
  sequence,
  tlv,
  utf8,
  concat,
  constructed,
  primitive,
  type Der,
} from '../../pki/der.ts'
import { DerFault, expect, only, readAt, sequenceOf, type Value } from '../../pki/derReader.ts'
import { application, masterFile, pathOctets } from './cardFiles.ts'

/** The application PKCS#15 (7816-15 5.6). */
export const applicationId = Buffer.from('a000000063504b43532d3135', 'hex')

/** Files of the application, by their ids. */
export const files = {
  objects: 0x5031,
  token: 0x5032,
  pins: 0x4401,
  keys: 0x4402,
  certificates: 0x4403,
} as const

const pathOf = (...ids: readonly number[]): Der => sequence(octets(pathOctets([masterFile, ...ids])))
const inApplication = (id: number): Der => pathOf(application, id)

/** The holder's PIN, as other objects name it. */
const holderPin = Uint8Array.of(1)
export const pinReference = 1

/** EF.DIR (7816-15 8.3). */
export const directory = (label: string): Der =>
  tlv(
    0x61,
    tlv(0x4f, applicationId),
    tlv(0x50, Buffer.from(label)),
    tlv(0x51, pathOctets([masterFile, application])),
  )

/** EF.OD (7816-15 8.4): private keys, certificates, PINs. */
export const objectDirectory = (): Der =>
  concat([
    constructed(0, inApplication(files.keys)),
    constructed(4, inApplication(files.certificates)),
    constructed(8, inApplication(files.pins)),
  ])

/** EF.CardInfo (8.10): a card that wants a PIN and has a random generator. */
export const tokenInfo = (serial: Uint8Array, label: string): Der =>
  sequence(integer(0), octets(serial), primitive(0, Buffer.from(label)), namedBits(1, 2))

/** The one PIN: 4 to 8 digits, filled up with FF (8.9). */
export const pinDirectory = (label: string): Der =>
  sequence(
    sequence(utf8(label), namedBits(0)),
    sequence(octets(holderPin)),
    constructed(
      1,
      sequence(
        namedBits(4, 5),
        tlv(0x0a, Uint8Array.of(1)),
        integer(4),
        integer(8),
        integer(8),
        primitive(0, Uint8Array.of(pinReference)),
        octets(Uint8Array.of(0xff)),
        pathOf(),
      ),
    ),
  )

export type Entry = Readonly<{
  label: string
  /** SHA-1 of the modulus: what a key and its certificate have in common. */
  id: Uint8Array
  keyFile: number
  certificateFile: number
  /** Bits. */
  size: number
}>

/** One private key (8.5): it decrypts and unwraps, and stays on the card. */
const privateKey = ({ label, id, keyFile, size }: Entry): Der =>
  sequence(
    sequence(utf8(label), namedBits(0), octets(holderPin)),
    sequence(octets(id), namedBits(1, 5), namedBits(0), integer(keyFile & 0xff)),
    constructed(1, sequence(inApplication(keyFile), integer(size))),
  )

const certificate = ({ label, id, certificateFile }: Entry): Der =>
  sequence(
    sequence(utf8(label)),
    sequence(octets(id)),
    constructed(1, sequence(inApplication(certificateFile))),
  )

export const keyDirectory = (entries: readonly Entry[]): Der => concat(entries.map(privateKey))
export const certificateDirectory = (entries: readonly Entry[]): Der => concat(entries.map(certificate))

/** The values at the beginning of a file; zeros follow. @throws DerFault */
const valuesOf = (content: Uint8Array): readonly Value[] => {
  const values: Value[] = []
  for (let at = 0; at < content.length && content[at] !== 0;) {
    const value = readAt(content, at)
    values.push(value)
    at += value.der.length
  }
  return values
}

const fileOf = (entry: Value): number => {
  const attributes = only(expect(sequenceOf(entry).at(-1), 0xa1))
  const path = Buffer.from(expect(sequenceOf(sequenceOf(attributes)[0])[0], 0x04).content)
  if (path.length < 2) throw new DerFault('no path')
  return path.readUInt16BE(path.length - 2)
}

/** Which files a directory of certificates or of private keys names, in its order. @throws DerFault */
export const filesIn = (content: Uint8Array): readonly number[] => valuesOf(content).map(fileOf)
