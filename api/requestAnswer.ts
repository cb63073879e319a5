import { Type } from 'typebox'
import { cardKind, identityLevel, path, presence, requestKind } from '../domain/lists.ts'
import type { RequestFile } from '../domain/request.ts'
import { closed, d, id, n, orNull, sn } from './schemas.ts'

const identity = Type.Object({
  surname: Type.String(),
  givenNames: Type.String(),
  nameInCertificate: Type.String(),
  email: Type.String(),
  entity: id,
})
const session = closed({ number: n, card: id, serial: sn, recover: Type.Array(sn), presence })

/** A request as GET answers it. `holder` is null once the file has been destroyed. */
export const requestAnswer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status: Type.Enum(['open', 'validated', 'inSession', 'fulfilled', 'rejected', 'closed']),
  person: id,
  kind: requestKind,
  previous: orNull(sn),
  path,
  cardKind,
  holder: orNull(identity),
  cguVersion: orNull(Type.String()),
  dossierComplete: Type.Boolean(),
  identified: orNull(identityLevel),
  lapsesOn: orNull(d),
  session: orNull(session),
  sessions: n,
})

export const requestBody = ({ identity: holder, policyOid: _, ...file }: RequestFile) => ({
  ...file,
  previous: file.previous ?? null,
  holder: holder ?? null,
  cguVersion: file.cguVersion ?? null,
  identified: file.identified ?? null,
  lapsesOn: file.lapsesOn ?? null,
  session: file.session ?? null,
})
