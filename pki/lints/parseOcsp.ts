import { children, expect, oidOf, only, read, sequenceOf, type Value } from '../derReader.ts'
import { rawExtensions, type RawExtension } from './parseExtensions.ts'

export type SingleResponse = Readonly<{
  certId: Value
  /** `[0]` good, `[1]` revoked, `[2]` unknown. */
  status: Value
  thisUpdate: Value
  nextUpdate: Value | undefined
  extensions: readonly RawExtension[]
}>

/** Raw fields of a ResponseData, and the certificates of the OCSPResponse around it where there is one. */
export type ParsedOcsp = Readonly<{
  der: Value
  version: Value | undefined
  responderId: Value
  producedAt: Value
  responses: readonly SingleResponse[]
  extensions: readonly RawExtension[]
  /** Undefined where only the ResponseData is at hand. */
  certificates: readonly Value[] | undefined
}>

/** Reads a ResponseData, or the one inside a successful OCSPResponse. @throws DerFault */
export const parseOcsp = (der: Uint8Array): ParsedOcsp => {
  const whole = read(der)
  const [status, bytes] = children(whole)
  if (status?.tag !== 0x0a) return { ...parseData(whole), certificates: undefined }
  const [type, basic] = sequenceOf(only(expect(bytes, 0xa0)))
  if (oidOf(type) !== '1.3.6.1.5.5.7.48.1.1') throw new Error('not a basic response')
  const [data, , , certificates] = sequenceOf(read(expect(basic, 0x04).content))
  return {
    ...parseData(expect(data, 0x30)),
    certificates: certificates ? sequenceOf(only(certificates)) : [],
  }
}

const parseData = (data: Value): Omit<ParsedOcsp, 'certificates'> => {
  const fields = [...sequenceOf(data)]
  const version = fields[0]?.tag === 0xa0 ? fields.shift() : undefined
  const [responderId, producedAt, responses, extensions] = fields
  return {
    der: data,
    version,
    responderId: responderId ?? expect(responderId, 0xa2),
    producedAt: producedAt ?? expect(producedAt, 0x18),
    responses: sequenceOf(responses).map(single),
    extensions: rawExtensions(extensions && expect(extensions, 0xa1)),
  }
}

const single = (response: Value): SingleResponse => {
  const fields = [...sequenceOf(response)]
  const [certId, status, thisUpdate, ...rest] = fields
  const next = rest.find(({ tag }) => tag === 0xa0)
  return {
    certId: expect(certId, 0x30),
    status: status ?? expect(status, 0x80),
    thisUpdate: thisUpdate ?? expect(thisUpdate, 0x18),
    nextUpdate: next && only(next),
    extensions: rawExtensions(rest.find(({ tag }) => tag === 0xa1)),
  }
}
