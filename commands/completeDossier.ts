// CGU-29, CGU-30: « nécessitant donc l’intervention d’un MC et la constitution d’un dossier de demande de certificat ».
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import type { PieceKind } from '../domain/lists.ts'
import { tooOld } from '../domain/policy/mandate.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { request, type Request, type RequestEvent } from '../domain/request.ts'

export type CompleteDossier = Command<
  'CompleteDossier',
  { request: string; pieces: readonly PieceKind[]; oldestSignedOn: string; scans: string }
>

const required: readonly PieceKind[] = ['requestForm', 'identityCopy', 'mandate', 'cguSigned']

export const completeDossier = (policy: Policy): Decider<Request, CompleteDossier, RequestEvent> => ({
  type: 'CompleteDossier',
  who: ['mc', 'raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  decide: ({ data: { request: _, pieces, ...data }, at }, state) => {
    if (state.status !== 'open') return refuse('CGU-29', 'OUT_OF_ORDER', state.status)
    const missing = required.filter((piece) => !pieces.includes(piece))
    if (missing.length > 0) return refuse('CGU-29', 'DOSSIER_INCOMPLETE', missing.join(' '))
    if (tooOld(data.oldestSignedOn, at, policy.request.mandateMaxAgeMonths))
      return refuse('CGU-08', 'MANDATE_TOO_OLD', 'oldestSignedOn')
    return accept({ type: 'DossierCompleted', data: { pieces: [...pieces], lighter: false, ...data } })
  },
})
