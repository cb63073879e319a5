// CGU-04, CGU-24: the RA validates the file once the holder has accepted the CGU and his identity has been established.
// CGU-58: a holder who renews alone meets no officer: the program validates what he has signed in for.
import { certificate, type Certificate } from '../domain/certificate.ts'
import { document, inForce, type Document } from '../domain/document.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Instant } from '../domain/kernel.ts'
import { addDays, dayOf } from '../domain/policy/dates.ts'
import { missingPieces } from '../domain/policy/dossier.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { fullyIdentified, notRenewable } from '../domain/policy/renewal.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'

export type ValidateRequest = Command<'ValidateRequest', { request: string }>

type Facts = Readonly<{ cgu: Document; entity: Entity | undefined; previous: Certificate | undefined }>

/** What was asked for when the file was sent back; else all that such a file needs. */
const missingOf = ({ returned, holderKind }: RequestFile): readonly string[] =>
  returned === undefined || returned.missing.length === 0 ? missingPieces(holderKind, []) : returned.missing

const unready = (file: RequestFile, facts: Facts, at: Instant): Decision<never> | undefined => {
  if (file.identity === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'holder')
  if (file.cguVersion === undefined) return refuse('CGU-16', 'CGU_NOT_ACCEPTED', 'cgu')
  if (file.cguVersion !== inForce(facts.cgu, at)?.version)
    return refuse('CGU-19', 'CGU_NOT_CURRENT', file.cguVersion)
  if (file.identified === undefined) return refuse('CGU-24', 'IDENTITY_NOT_VERIFIED', 'holder')
  if (!verifiedAt(facts.entity, at)) return refuse('CGU-24', 'ENTITY_NOT_VERIFIED', 'entity')
  if (file.path === 'mandate' && !file.dossierComplete)
    return refuse('CGU-29', 'DOSSIER_INCOMPLETE', missingOf(file).join(' '))
  return undefined
}

/** CGU-57, CGU-59: what a renewal asked of the certificate before it has to hold still. */
const renewalOver = (
  file: RequestFile,
  previous: Certificate | undefined,
  at: Instant,
): Decision<never> | undefined => {
  if (previous === undefined) return undefined
  const refusal = notRenewable(previous, at)
  if (refusal) return refusal
  return file.identified === 'light' ? fullyIdentified(previous, file.unchanged) : undefined
}

/** The certificate that a renewal follows. */
export const previousOf = (state: Request): string | undefined =>
  state.status !== 'unknown' && state.kind === 'renewal' ? state.previous : undefined

export const validateRequest = (policy: Policy): Decider<Request, ValidateRequest, RequestEvent, Facts> => ({
  type: 'ValidateRequest',
  who: ['raOfficer', 'program'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, _, state) => {
    const previous = previousOf(state)
    return {
      cgu: await fold(document, 'cgu'),
      entity:
        state.status === 'unknown' || state.identity === undefined
          ? undefined
          : await fold(entity, state.identity.entity),
      previous: previous === undefined ? undefined : await fold(certificate, previous),
    }
  },
  decide: ({ by, at }, state, facts) => {
    if (state.status === 'validated') return accept()
    if (state.status !== 'open') return refuse('CGU-24', 'OUT_OF_ORDER', state.status)
    if (by.role === 'program' && !state.identifiedAlone) return refuse('CGU-06', 'ROLE_NOT_HELD', by.role)
    return (
      notForOneself(by, state.person) ??
      unready(state, facts, at) ??
      renewalOver(state, facts.previous, at) ??
      accept({
        type: 'RequestValidated',
        data: {
          identification: state.identified ?? 'full',
          lapsesOn: dayOf(addDays(at, policy.request.lapseDays)),
          validator: by.person,
        },
      })
    )
  },
})
