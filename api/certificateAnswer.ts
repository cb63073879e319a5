import { Type } from 'typebox'
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
