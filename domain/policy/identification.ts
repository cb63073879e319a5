// CGU-24: « Enregistrement d'un porteur sans MC : validation par l'AE de l'identité « personne morale » de l'entité de
// rattachement du porteur et de l'identité « personne physique » du futur porteur. » CGU-25, CGU-26: so of an MC, and of whom he
// registers. Whoever comes in person shows an official identity document, and it is named (RGS A2 III.2.3).
import { refuse, type Decision } from '../kernel.ts'
import type { IdentityMethod } from '../lists.ts'
import type { ClauseId } from '../refusals.ts'

type Check = Readonly<{ method: IdentityMethod; documentKind?: unknown; documentNumber?: unknown }>

/** Refuses an identification in person that does not name the document that was shown. */
export const undocumented = (check: Check, clause: ClauseId): Decision<never> | undefined => {
  if (check.method !== 'inPerson') return undefined
  if (check.documentKind === undefined) return refuse(clause, 'IDENTITY_DOCUMENT_REQUIRED', 'documentKind')
  const { documentNumber: named } = check
  return typeof named !== 'string' || named.trim() === ''
    ? refuse(clause, 'IDENTITY_DOCUMENT_REQUIRED', 'documentNumber')
    : undefined
}
