// The path from a certificate of another authority to an anchor (RFC 5280 6.1). pkijs builds it and looks at signatures, names,
// dates, policies and name constraints. What it leaves out is asked here: path length, critical extensions that nobody
// handles, algorithms and keys that may not be relied on any more (test/pki/authCertificate.test.ts has OpenSSL judge the same).
import * as pkijs from 'pkijs'
import type { Instant } from '../domain/kernel.ts'
import { sequenceOf, read } from './derReader.ts'
import { fieldsOf } from './fields.ts'
import { publicKeyOf, signedBy, signedStrongly, strongKey } from './signedBy.ts'

type Fields = ReturnType<typeof fieldsOf>

/** A certificate of a path. */
export type Step = Readonly<{ der: Uint8Array; fields: Fields }>

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

/** Whether it is its own issuer, by name and by signature. False for what cannot be read. */
export const signsItself = (der: Uint8Array): boolean => {
  try {
    const { issuer, subject, spki } = fieldsOf(der)
    return same(issuer.der, subject.der) && signedBy(der, spki.der)
  } catch {
    return false
  }
}

/**
 * The shortest path, the certificate first and its anchor last.
 * @returns undefined where there is none that holds at this instant
 */
export const pathOf = async (
  certificate: Uint8Array,
  known: readonly Uint8Array[],
  at: Instant,
): Promise<readonly Step[] | undefined> => {
  // pkijs takes the last certificate for the one in question: it must not be among the others too.
  const others = known.filter((one) => !same(one, certificate))
  const parsed = new Map<pkijs.Certificate, Uint8Array>()
  const parse = (der: Uint8Array): pkijs.Certificate => {
    const one = pkijs.Certificate.fromBER(Uint8Array.from(der))
    parsed.set(one, der)
    return one
  }
  const engine = new pkijs.CertificateChainValidationEngine({
    trustedCerts: others.filter(signsItself).map(parse),
    certs: [...others.filter((one) => !signsItself(one)), certificate].map(parse),
    checkDate: new Date(at),
  })
  const { result, certificatePath = [] } = await engine.verify()
  const path = certificatePath.map((one) => parsed.get(one))
  if (!result || path.some((one) => one === undefined) || !same(path[0] ?? certificate, certificate))
    return undefined
  return path.flatMap((der) => (der === undefined ? [] : [{ der, fields: fieldsOf(der) }]))
}

/** Handled here or by pkijs. */
const handled = {
  authority: [
    ...['2.5.29.15', '2.5.29.19', '2.5.29.30', '2.5.29.32', '2.5.29.33', '2.5.29.36', '2.5.29.54'],
    ...['2.5.29.14', '2.5.29.35'],
  ],
  person: ['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.32', '2.5.29.37', '2.5.29.14', '2.5.29.35'],
}

const usage = (fields: Fields): Uint8Array | undefined => {
  const extension = fields.extensions.get('2.5.29.15')
  return extension && read(extension.value).content.subarray(1)
}

/** keyCertSign and cRLSign of RFC 5280 4.2.1.3. */
const signsCertificatesAndLists = (fields: Fields): boolean => ((usage(fields)?.[0] ?? 0) & 0x06) === 0x06

/** basicConstraints: whether it is an authority's, and how many authorities may follow. @throws DerFault */
export const constraintsOf = ({ extensions }: Fields): Readonly<{ isCa: boolean; below: number }> => {
  const extension = extensions.get('2.5.29.19')
  const values = extension === undefined ? [] : sequenceOf(read(extension.value))
  const length = values.find(({ tag }) => tag === 0x02)
  return {
    isCa: values.some(({ tag, content }) => tag === 0x01 && content[0] === 0xff),
    below: length === undefined ? Infinity : Number(`0x${Buffer.from(length.content).toString('hex')}`),
  }
}

/** RFC 5280 4.2.1.9: an authority that certifies itself anew does not count. */
const authorities = (steps: readonly Step[]): number =>
  steps.filter(({ fields }) => !same(fields.issuer.der, fields.subject.der)).length

/** What every certificate of a path has to be. @throws DerFault */
const weakness = ({ der, fields }: Step, known: readonly string[], isAnchor: boolean): string | undefined => {
  if ([...fields.extensions.values()].some(({ oid, critical }) => critical && !known.includes(oid)))
    return 'extensionUnknown'
  // An anchor is trusted as it is: nobody asks who has signed it.
  if (!isAnchor && !signedStrongly(der)) return 'signatureWeak'
  return strongKey(publicKeyOf(fields.spki.der)) ? undefined : 'keyWeak'
}

/** Whether the authority of this step may certify what is before it. @throws DerFault */
const mayCertify = ({ fields }: Step, between: readonly Step[]): boolean => {
  const { isCa, below } = constraintsOf(fields)
  return isCa && authorities(between) <= below && signsCertificatesAndLists(fields)
}

/** What keeps a path from being relied on, although it leads to an anchor. @throws DerFault */
export const pathFault = (path: readonly Step[]): string | undefined => {
  for (const [index, step] of path.entries()) {
    const known = index === 0 ? handled.person : handled.authority
    const fault = weakness(step, known, index === path.length - 1)
    if (fault !== undefined) return fault
    if (index > 0 && !mayCertify(step, path.slice(1, index))) return 'issuerNotAuthority'
  }
  return undefined
}
