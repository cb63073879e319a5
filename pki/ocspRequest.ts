// Reads OCSP requests (RFC 6960 4.1.1, RFC 9654), which come from anybody: whatever the octets, the answer is a
// request or `malformedRequest`, never an exception.
import { createHash } from 'node:crypto'
import { nothing, octets, oid, sequence, tlv } from './der.ts'
import { DerFault, expect, integerHex, oidOf, only, read, sequenceOf, type Value } from './derReader.ts'
import { readExtensions, type Extension } from './extensionReader.ts'
import { keyHash } from './fields.ts'
import type { Issuer } from './issuer.ts'

export type CertId = Readonly<{
  /** The CertID's octets, echoed as they came: clients compare them. */
  der: Uint8Array
  /** `other`: a digest that this responder does not know; such a CertID is of no issuer of ours. */
  hashAlgorithm: 'sha1' | 'sha256' | 'other'
  issuerNameHash: Uint8Array
  issuerKeyHash: Uint8Array
  /** Content of the INTEGER in lower-case hex. Ours have 32 digits; nothing else can be one of ours. */
  serial: string
}>

/** `nonce`: 1 to 128 octets, to be echoed. */
export type OcspRequest = Readonly<{ requests: readonly CertId[]; nonce?: Uint8Array }>

/** Beyond this a request costs more than one signature is worth. */
const maxRequests = 10
const maxNonce = 128

const hashes: Readonly<Record<string, 'sha1' | 'sha256'>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
}
const nonceOid = '1.3.6.1.5.5.7.48.1.2'

/**
 * The request that `der` is. The signature of a signed request is not looked at: the service is public (EN 319 412-2
 * GEN-4.4.1). A nonce of no octets, or of more than 128, makes the request malformed (RFC 9654 2.1).
 */
export const parseOcspRequest = (der: Uint8Array): OcspRequest | Readonly<{ error: 'malformedRequest' }> => {
  try {
    const [tbs, signature, ...others] = sequenceOf(read(der))
    if (others.length > 0) return { error: 'malformedRequest' }
    if (signature !== undefined) sequenceOf(only(expect(signature, 0xa0)))
    return tbsRequest(tbs)
  } catch (error) {
    if (error instanceof DerFault) return { error: 'malformedRequest' }
    throw error
  }
}

/** The optional fields of TBSRequest stand in the order of their tags, the list of requests between the second and third. */
const tbsRequest = (tbs: Value | undefined): OcspRequest => {
  const fields = sequenceOf(tbs)
  if (!/^(a0)?(a1)?30(a2)?$/.test(fields.map(({ tag }) => tag.toString(16)).join(''))) {
    throw new DerFault('TBSRequest')
  }
  const field = (tag: number): Value | undefined => fields.find((value) => value.tag === tag)
  version1(field(0xa0))
  const list = sequenceOf(field(0x30))
  if (list.length === 0 || list.length > maxRequests) throw new DerFault('number of requests')
  const requests = list.map(singleRequest)
  const nonce = nonceOf(extensionsOf(field(0xa2)))
  return nonce === undefined ? { requests } : { requests, nonce }
}

/** DER leaves the default version out, but clients are known to write it. */
const version1 = (version: Value | undefined): void => {
  if (version !== undefined && integerHex(only(version)) !== '00') throw new DerFault('version')
}

const singleRequest = (request: Value): CertId => {
  const [certId, extensions, ...others] = sequenceOf(request)
  if (others.length > 0) throw new DerFault('octets left over')
  extensionsOf(extensions && expect(extensions, 0xa0))
  return certIdOf(certId)
}

const certIdOf = (value: Value | undefined): CertId => {
  const [algorithm, nameHash, keyDigest, serial, ...others] = sequenceOf(value)
  const [hash, parameters, ...more] = sequenceOf(algorithm)
  if (others.length > 0 || more.length > 0) throw new DerFault('octets left over')
  const hashAlgorithm = hashes[oidOf(hash)] ?? 'other'
  if (hashAlgorithm !== 'other' && parameters !== undefined) noParameters(parameters)
  return {
    der: value?.der ?? new Uint8Array(),
    hashAlgorithm,
    issuerNameHash: expect(nameHash, 0x04).content,
    issuerKeyHash: expect(keyDigest, 0x04).content,
    serial: integerHex(serial),
  }
}

const noParameters = (parameters: Value): void => {
  if (expect(parameters, 0x05).content.length > 0) throw new DerFault('NULL with content')
}

/** Values by OID. What is critical and not known cannot be answered (RFC 6960 4.4). */
const extensionsOf = (field: Value | undefined): ReadonlyMap<string, Extension> => {
  if (field === undefined) return new Map()
  const found = readExtensions(only(field))
  for (const { oid, critical } of found.values()) {
    if (critical && oid !== nonceOid) throw new DerFault('critical extension')
  }
  return found
}

const nonceOf = (extensions: ReadonlyMap<string, Extension>): Uint8Array | undefined => {
  const extension = extensions.get(nonceOid)
  if (extension === undefined) return undefined
  const { content } = expect(read(extension.value), 0x04)
  if (content.length === 0 || content.length > maxNonce) throw new DerFault('nonce length')
  return content
}

/** Whether a CertID names this issuer; its serial may still be one that was never issued. */
export const certIdMatches = (certId: CertId, issuer: Pick<Issuer, 'name' | 'spki'>): boolean => {
  const { hashAlgorithm } = certId
  if (hashAlgorithm === 'other') return false
  const name = createHash(hashAlgorithm).update(issuer.name).digest()
  const key = keyHash(issuer.spki, hashAlgorithm)
  return same(name, certId.issuerNameHash) && same(key, certId.issuerKeyHash)
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** The CertID by which most clients ask: SHA-1, parameters NULL. @param serial 32 hex digits, as ours have */
export const certIdFor = (issuer: Pick<Issuer, 'name' | 'spki'>, serial: string): CertId => {
  const name = createHash('sha1').update(issuer.name).digest()
  const key = keyHash(issuer.spki, 'sha1')
  const number = tlv(0x02, Buffer.from(serial, 'hex'))
  return certIdOf(read(sequence(sequence(oid('1.3.14.3.2.26'), nothing), octets(name), octets(key), number)))
}
