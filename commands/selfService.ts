// CGU-58: « Dans ce cadre, le porteur peut réaliser l’opération seul ». The one session without the RA: for a renewal that he
// has signed in for with his authentication certificate, and that was validated on it. CGU-60: serial and card are drawn anew.
import { certificate, type Certificate } from '../domain/certificate.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Decider, type Decision } from '../domain/kernel.ts'
import { notHeld } from '../domain/policy/cards.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { planOldKeys, type OldKey } from '../domain/policy/oldKeys.ts'
import { notRenewable } from '../domain/policy/renewal.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'
import { foldOldKey, ofAnother, type OpenSession } from './sessions.ts'

export type OpenSelfService = Omit<OpenSession, 'data'> &
  Readonly<{ data: Omit<OpenSession['data'], 'holderPresent' | 'desk' | 'documentNumber' | 'atDesk'> }>

type Facts = Readonly<{
  employer: Entity | undefined
  previous: Certificate
  earlier: readonly OldKey[]
}>

const notHis = ({ by }: OpenSelfService, file: RequestFile): Decision<never> | undefined => {
  if (file.person !== by.person) return refuse('CGU-06', 'ROLE_NOT_HELD', by.role)
  return file.identifiedAlone ? undefined : refuse('CGU-59', 'FULL_IDENTIFICATION_REQUIRED', 'session')
}

export const openSelfService: Decider<Request, OpenSelfService, RequestEvent, Facts> = {
  type: 'OpenSession',
  who: ['holder'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, { data }, state) => {
    const file = state.status === 'unknown' ? undefined : state
    return {
      employer: file?.identity === undefined ? undefined : await fold(entity, file.identity.entity),
      previous: file?.previous === undefined ? certificate.initial : await fold(certificate, file.previous),
      earlier: await Promise.all(data.earlier.map((serial) => foldOldKey(fold, serial, state))),
    }
  },
  decide: (command, state, { employer, previous, earlier }) => {
    const { data, at } = command
    if (state.status === 'unknown') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    const refusal = notHis(command, state)
    if (refusal) return refusal
    if (state.status !== 'validated') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    if (state.lapsesOn !== undefined && state.lapsesOn < dayOf(at))
      return refuse('CGU-34', 'OUT_OF_ORDER', 'lapsed')
    if (!verifiedAt(employer, at)) return refuse('CGU-24', 'ENTITY_NOT_VERIFIED', 'entity')
    const { card, serial, slots } = data
    return (
      notRenewable(previous, at) ??
      ofAnother(state, earlier) ??
      notHeld(data) ??
      accept({
        type: 'SessionOpened',
        // CGU-60: one place on the card is the new key's.
        data: {
          ...{ card, serial, session: state.sessions + 1, presence: 'selfService' as const },
          ...planOldKeys(earlier, slots - 1, at),
        },
      })
    )
  },
}
