import { Type } from 'typebox'
import { cardKind, identityLevel, path } from '../domain/lists.ts'
import { steps } from '../domain/policy/session.ts'
import type { RequestFile } from '../domain/request.ts'
import { closed, d, id, n, orNull, sn } from './schemas.ts'

const identity = Type.Object({
  surname: Type.String(),
  givenNames: Type.String(),
  nameInCertificate: Type.String(),
  email: Type.String(),
  entity: id,
})
const session = closed({ number: n, desk: Type.Optional(id), card: id, serial: sn, recover: Type.Array(sn) })

/** A request as GET answers it. `holder` is null once the file has been destroyed. */
export const requestAnswer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status: Type.Enum(['open', 'validated', 'inSession', 'fulfilled', 'rejected', 'closed']),
  person: id,
  path,
  cardKind,
  holder: orNull(identity),
  cguVersion: orNull(Type.String()),
  dossierComplete: Type.Boolean(),
  identified: orNull(identityLevel),
  lapsesOn: orNull(d),
  session: orNull(session),
  sessions: n,
  /** CGU-34: what the open session waits for; it is read in the ledger, so it outlives whoever had opened it. */
  next: orNull(Type.Enum([...steps])),
})

export const requestBody = ({ identity: holder, policyOid: _, ...file }: RequestFile) => ({
  ...file,
  holder: holder ?? null,
  cguVersion: file.cguVersion ?? null,
  identified: file.identified ?? null,
  lapsesOn: file.lapsesOn ?? null,
  session: file.session ?? null,
})
