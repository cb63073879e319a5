// What an account signs in by beside its token: certificates that are bound to it, identities that are linked to it, and what an
// API client proves itself with. Each binding is an explicit act; nothing is ever bound by a name or an e-mail address.
import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Account, Identity } from '../commands/accounts.ts'
import { AccountFault, change, type Line } from './accountLines.ts'
import { addLine, digest, identityDigest, newSecret, type NewAccount } from './accountsFile.ts'

const textOf = (option: string, file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch {
    throw new AccountFault(`${option}: cannot be read: ${file}`)
  }
}

/** SHA-256, hex, of a certificate in a file, PEM or DER. @throws AccountFault */
const certificateDigest = (file: string): string => {
  const octets = textOf('--certificate', file)
  try {
    return createHash('sha256').update(new X509Certificate(octets).raw).digest('hex')
  } catch {
    throw new AccountFault(`--certificate: ${file} holds no X.509 certificate`)
  }
}

/** Edits one account's line, at once with the look at the others. @throws AccountFault when there is no such account */
const edit = (
  file: string,
  id: string,
  how: (line: Line, others: readonly Line[]) => Partial<Pick<Line, 'certificates' | 'identities'>>,
): void =>
  change(file, (lines) => {
    const line = lines.find((one) => one.id === id)
    if (line === undefined) throw new AccountFault(`there is no account ${id}`)
    const others = lines.filter((one) => one.id !== id)
    return lines.map((one) => (one === line ? { ...line, ...how(line, others) } : one))
  })

type Kind = 'certificates' | 'identities'
const named = { certificates: 'the certificate', identities: 'the identity' }

const put = (file: string, id: string, kind: Kind, what: string): void =>
  edit(file, id, (line, others) => {
    const held = line[kind] ?? []
    const holder = others.find((one) => one[kind]?.includes(what) === true)
    if (holder !== undefined) throw new AccountFault(`${named[kind]} is ${holder.id}’s already`)
    if (held.includes(what)) throw new AccountFault(`${named[kind]} is ${id}’s already`)
    return { [kind]: [...held, what] }
  })

const take = (file: string, id: string, kind: Kind, what: string): void =>
  edit(file, id, (line) => {
    const held = line[kind] ?? []
    if (!held.includes(what)) throw new AccountFault(`${named[kind]} is not ${id}’s`)
    return { [kind]: held.filter((one) => one !== what) }
  })

/** Binds a certificate to an account. @returns its SHA-256 @throws AccountFault also when it is another account's */
export const bindCertificate = (file: string, id: string, certificate: string): string => {
  const sha256 = certificateDigest(certificate)
  put(file, id, 'certificates', sha256)
  return sha256
}

/** Takes a certificate away from an account. @returns its SHA-256 @throws AccountFault when it has not got it */
export const unbindCertificate = (file: string, id: string, certificate: string): string => {
  const sha256 = certificateDigest(certificate)
  take(file, id, 'certificates', sha256)
  return sha256
}

/** OpenID Connect Core 2: an issuer is a URL without query or fragment, a subject at most 255 ASCII characters. */
const requireIdentity = ({ issuer, subject }: Identity): void => {
  if (!/^https?:[^?#]+$/.test(issuer) || !URL.canParse(issuer))
    throw new AccountFault('the issuer is no http or https URL without query and fragment')
  if (!/^[\x20-\x7e]{1,255}$/.test(subject))
    throw new AccountFault('the subject is not 1 to 255 characters of ASCII')
}

/** Links an identity to an account. @throws AccountFault also when it is another account's */
export const linkIdentity = (file: string, id: string, identity: Identity): void => {
  requireIdentity(identity)
  put(file, id, 'identities', identityDigest(identity))
}

/** Takes an identity away from an account: its sessions end at once. @throws AccountFault when it has not got it */
export const unlinkIdentity = (file: string, id: string, identity: Identity): void => {
  requireIdentity(identity)
  take(file, id, 'identities', identityDigest(identity))
}

/** The curves of ES256 and ES384 (RFC 7518 3.4), as Node names them. */
const curves = ['prime256v1', 'secp384r1']

const keyFrom = (file: string): string => {
  const text = textOf('--key', file)
  try {
    const key = createPublicKey(text)
    if (!text.includes('PRIVATE KEY') && curves.includes(key.asymmetricKeyDetails?.namedCurve ?? ''))
      return key.export({ type: 'spki', format: 'pem' }).toString()
  } catch {
    // Said below.
  }
  throw new AccountFault(`--key: ${file} holds no public key in PEM on P-256 or P-384`)
}

/**
 * Adds an API client: by the public key of `key`, or by a secret, which is shown once; or by neither, for one that a certificate
 * will be bound to.
 * @throws AccountFault
 */
export const addClient = (
  file: string,
  wanted: NewAccount,
  by: Readonly<{ key?: string; withSecret: boolean }>,
  now: Date,
): Account & { secret?: string } => {
  if (by.key !== undefined) return addLine(file, wanted, { client: { key: keyFrom(by.key) } }, now)
  if (!by.withSecret) return addLine(file, wanted, { client: {} }, now)
  const secret = newSecret()
  return { ...addLine(file, wanted, { client: { secretSha256: digest(secret) } }, now), secret }
}
