// CGU-106: a CRL as relying parties fetch it. Its octets are nowhere: they are a function of its plan, of the entries before
// it, and of the signature that was recorded (commands/issueCrl.ts). Nothing is signed here.
import { sha256, type PublicAuthority } from '../commands/issuing.ts'
import { assembleCrl, crlTbs } from '../pki/crl.ts'
import type { SignatureAlgorithm } from '../pki/signer.ts'
import { crlEntriesUpTo, latestCrl } from '../readmodels/crls.ts'
import type { CrlRow } from '../readmodels/schema.ts'
import type { Services } from './services.ts'

export type CrlFile = Readonly<{
  number: number
  bytes: Uint8Array
  sha256: string
  thisUpdate: string
  nextUpdate: string
}>

/** @throws Error when the octets are not those that were signed: the read model is wrong, and must not be published */
const assemble = async (
  { db }: Pick<Services, 'db'>,
  authority: PublicAuthority,
  row: CrlRow,
): Promise<CrlFile> => {
  const { number, this_update: thisUpdate, next_update: nextUpdate, signature } = row
  const algorithm = row.signature_algorithm as SignatureAlgorithm
  const issuer = { ...authority.issuer, algorithm }
  const entries = await crlEntriesUpTo(db, row.issuer, row.up_to)
  const tbs = crlTbs({ issuer, number, thisUpdate, nextUpdate, entries })
  const bytes = assembleCrl(tbs, algorithm, Buffer.from(signature ?? '', 'base64'))
  const digest = sha256(bytes)
  if (digest !== row.sha256) throw new Error(`CRL ${number} does not come out as it was signed`)
  return { number, bytes, sha256: digest, thisUpdate, nextUpdate }
}

/** The newest CRL that the authority issued; undefined before the first. Each is assembled once, however many ask for it. */
export const createCrlFile = (
  services: Pick<Services, 'db'>,
  authority: PublicAuthority,
): (() => Promise<CrlFile | undefined>) => {
  let current: Readonly<{ number: number; file: Promise<CrlFile> }> | undefined
  return async () => {
    const row = await latestCrl(services.db, authority.id)
    if (row === undefined) return undefined
    if (current?.number === row.number) return current.file
    const assembling = { number: row.number, file: assemble(services, authority, row) }
    current = assembling
    assembling.file.catch(() => {
      if (current === assembling) current = undefined
    })
    return assembling.file
  }
}
