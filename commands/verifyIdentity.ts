// CGU-24: without MC the RA validates the person. CGU-26: « Enregistrement d'un porteur via un MC : validation par le MC
// de l'identité « personne physique » du futur porteur. »
import type { Appointment } from '../domain/appointment.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { undocumented } from '../domain/policy/identification.ts'
import { mandateInForce } from '../domain/policy/mandate.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'
import { foldMandate } from './mandates.ts'

type Verified = Extract<RequestEvent, { type: 'IdentityVerified' }>['data']

export type VerifyIdentity = Command<
  'VerifyIdentity',
  {
    request: string
    method: 'inPerson' | 'mandate' | 'referential' | 'file'
    documentKind?: NonNullable<Verified['documentKind']>
    documentNumber?: string
    entityTieChecked: boolean
    mandate?: string
  }
>

const wrongVerifier = (
  { by, at }: VerifyIdentity,
  file: RequestFile,
  mandate: Appointment | undefined,
): Decision<never> | undefined => {
  if ((by.role === 'mc') !== (file.path === 'mandate')) return refuse('CGU-26', 'VERIFIER_WRONG', by.role)
  if (by.role === 'mc') {
    const entity = file.identity?.entity ?? ''
    if (mandate === undefined || !mandateInForce(mandate, { by, entity, power: 'verifyIdentity', at }))
      return refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', 'mandate')
  }
  return notForOneself(by, file.person)
}

/** What a method rests on has to be there: the agent's own mandate, an agent whom the referential knows, an earlier file or a new one. */
const unfounded = (
  { data: { method }, by }: VerifyIdentity,
  { holderKind, path, reliesOn }: RequestFile,
): Decision<never> | undefined => {
  if (method === 'mandate' && by.role !== 'mc') return refuse('CGU-26', 'VERIFIER_WRONG', method)
  const isFounded =
    (method !== 'referential' || holderKind === 'agent') &&
    (method !== 'file' || path === 'mandate' || reliesOn !== undefined)
  return isFounded ? undefined : refuse(clauseOf(path), 'IDENTITY_DOCUMENT_REQUIRED', 'method')
}

const clauseOf = (path: RequestFile['path']) => (path === 'mandate' ? 'CGU-26' : 'CGU-24')

export const verifyIdentity: Decider<Request, VerifyIdentity, RequestEvent, Appointment | undefined> = {
  type: 'VerifyIdentity',
  who: ['raOfficer', 'mc'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: foldMandate,
  decide: (command, state, mandate) => {
    const { data, by } = command
    if (state.status !== 'open') return refuse('CGU-24', 'OUT_OF_ORDER', state.status)
    const refusal =
      wrongVerifier(command, state, mandate) ??
      undocumented(data, clauseOf(state.path)) ??
      unfounded(command, state)
    if (refusal) return refusal
    // CGU-59: what resets the count of renewals is an identification as at the first registration, and nothing lighter.
    if (state.kind === 'renewal' && data.method !== 'inPerson')
      return refuse('CGU-59', 'FULL_IDENTIFICATION_REQUIRED', data.method)
    const { request: _, mandate: __, ...facts } = data
    return accept({
      type: 'IdentityVerified',
      data: { ...facts, verifierRole: by.role, level: 'full', verifier: by.person },
    })
  },
}
