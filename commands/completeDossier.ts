// CGU-29, CGU-30: « nécessitant donc l’intervention d’un MC et la constitution d’un dossier de demande de certificat ». A file
// that was sent back is completed in the same way.
import type { Appointment } from '../domain/appointment.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import type { DocumentKind, PieceKind } from '../domain/lists.ts'
import { gapsOf } from '../domain/policy/dossier.ts'
import { mandateInForce, tooOld } from '../domain/policy/mandate.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'
import { foldMandate } from './mandates.ts'

export type CompleteDossier = Command<
  'CompleteDossier',
  {
    request: string
    pieces: readonly PieceKind[]
    oldestSignedOn: string
    scans: string
    /** Of the identity document whose copy is in the file. */
    documentKind?: DocumentKind
    documentNumber?: string
    /** MC: the appointment he acts under. */
    mandate?: string
  }
>

/** A file is for requests through an MC: he completes it under a mandate in force, or the RA does. */
const notEntitled = (
  { by, at }: CompleteDossier,
  file: RequestFile,
  mandate: Appointment | undefined,
): Decision<never> | undefined => {
  if (file.path !== 'mandate') return refuse('CGU-29', 'OUT_OF_ORDER', file.path)
  if (by.role === 'mc') {
    const entity = file.identity?.entity ?? ''
    if (mandate === undefined || !mandateInForce(mandate, { by, entity, power: 'request', at }))
      return refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', 'mandate')
  }
  return notForOneself(by, file.person)
}

export const completeDossier = (
  policy: Policy,
): Decider<Request, CompleteDossier, RequestEvent, Appointment | undefined> => ({
  type: 'CompleteDossier',
  who: ['mc', 'raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: foldMandate,
  decide: (command, state, mandate) => {
    const { request: _, mandate: __, pieces, ...data } = command.data
    if (state.status !== 'open') return refuse('CGU-29', 'OUT_OF_ORDER', state.status)
    const refusal = notEntitled(command, state, mandate)
    if (refusal) return refusal
    const gaps = gapsOf(state.holderKind, command.data, command.at)
    if (gaps.length > 0) return refuse('CGU-29', 'DOSSIER_INCOMPLETE', gaps.join(' '))
    if (tooOld(data.oldestSignedOn, command.at, policy.request.mandateMaxAgeMonths))
      return refuse('CGU-08', 'MANDATE_TOO_OLD', 'oldestSignedOn')
    return accept({ type: 'DossierCompleted', data: { pieces: [...pieces], lighter: false, ...data } })
  },
})
