import { Type } from 'typebox'
import type { StatusRow } from '../readmodels/schema.ts'
import { id, orNull, sn, t } from './schemas.ts'

const nameContent = Type.Object(
  Object.fromEntries(
    [
      'country',
      'organization',
      'organizationalUnit',
      'organizationIdentifier',
      'surname',
      'givenName',
      'serialNumber',
      'commonName',
    ].map((attribute) => [attribute, Type.Optional(Type.String())]),
  ),
)

/** What a certificate says, in words (pki/describe.ts). */
export const contentAnswer = Type.Object({
  serial: sn,
  subject: nameContent,
  issuer: nameContent,
  notBefore: t,
  notAfter: t,
  keyUsage: Type.Array(Type.String()),
  extendedKeyUsage: Type.Array(Type.String()),
  policies: Type.Array(Type.String()),
  email: Type.Optional(Type.String()),
  publicKey: Type.Object({ algorithm: Type.String(), bits: Type.Integer() }),
  spkiSha256: Type.String(),
  fingerprint: Type.String(),
})

export const certificateStatus = Type.Enum([
  'planned',
  'issued',
  'accepted',
  'refused',
  'revoked',
  'abandoned',
])

/** One row of the status table: nothing in it is personal but the person's number. */
export const rowAnswer = {
  serial: sn,
  status: certificateStatus,
  profile: Type.Enum(['encryption', 'ocspResponder']),
  request: orNull(id),
  person: orNull(id),
  notBefore: t,
  notAfter: t,
  issuedAt: orNull(t),
  acceptedAt: orNull(t),
  refusedAt: orNull(t),
  revokedAt: orNull(t),
}

export const rowBody = (row: StatusRow) => ({
  serial: row.serial,
  status: row.status,
  profile: row.profile,
  request: row.request,
  person: row.person,
  notBefore: row.not_before,
  notAfter: row.not_after,
  issuedAt: row.issued_at,
  acceptedAt: row.accepted_at,
  refusedAt: row.refused_at,
  revokedAt: row.revoked_at,
})
