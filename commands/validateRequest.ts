// CGU-04, CGU-24: the RA validates the file once the holder has accepted the CGU and his identity has been established.
import { document, inForce, type Document } from '../domain/document.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Instant } from '../domain/kernel.ts'
import { addDays, dayOf } from '../domain/policy/dates.ts'
import { missingPieces } from '../domain/policy/dossier.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'

export type ValidateRequest = Command<'ValidateRequest', { request: string }>

type Facts = Readonly<{ cgu: Document; entity: Entity | undefined }>

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

export const validateRequest = (policy: Policy): Decider<Request, ValidateRequest, RequestEvent, Facts> => ({
  type: 'ValidateRequest',
  who: ['raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, _, state) => ({
    cgu: await fold(document, 'cgu'),
    entity:
      state.status === 'unknown' || state.identity === undefined
        ? undefined
        : await fold(entity, state.identity.entity),
  }),
  decide: ({ by, at }, state, facts) => {
    if (state.status === 'validated') return accept()
    if (state.status !== 'open') return refuse('CGU-24', 'OUT_OF_ORDER', state.status)
    return (
      notForOneself(by, state.person) ??
      unready(state, facts, at) ??
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
