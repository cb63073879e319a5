import { Type } from 'typebox'
import {
  cardKind,
  holderKind,
  identityLevel,
  path,
  pieceKind,
  presence,
  requestKind,
  returnCause,
} from '../domain/lists.ts'
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
export const requestStatus = Type.Enum(['open', 'validated', 'inSession', 'fulfilled', 'rejected', 'closed'])

const returned = closed({ cause: returnCause, missing: Type.Array(pieceKind) })
const session = closed({
  number: n,
  desk: Type.Optional(id),
  card: id,
  serial: sn,
  recover: Type.Array(sn),
  presence,
})

/** A request as GET answers it. `holder` is null once the file has been destroyed. */
export const requestAnswer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status: requestStatus,
  person: id,
  kind: requestKind,
  previous: orNull(sn),
  path,
  holderKind,
  cardKind,
  reliesOn: orNull(id),
  holder: orNull(identity),
  cguVersion: orNull(Type.String()),
  dossierComplete: Type.Boolean(),
  returned: orNull(returned),
  identified: orNull(identityLevel),
  lapsesOn: orNull(d),
  session: orNull(session),
  sessions: n,
  /** CGU-34: what the open session waits for; it is read in the ledger, so it outlives whoever had opened it. */
  next: orNull(Type.Enum([...steps])),
})

export const requestBody = ({ identity: holder, policyOid: _, ...file }: RequestFile) => ({
  ...file,
  previous: file.previous ?? null,
  holder: holder ?? null,
  cguVersion: file.cguVersion ?? null,
  reliesOn: file.reliesOn ?? null,
  returned: file.returned ?? null,
  identified: file.identified ?? null,
  lapsesOn: file.lapsesOn ?? null,
  session: file.session ?? null,
})
