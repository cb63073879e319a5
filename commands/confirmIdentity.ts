// CGU-57: « Lors du premier renouvellement, la vérification de l’identité du sujet est optionnelle. » The RA may then rely on
// the file it has, or on the referential; after a light renewal it may not (CGU-59).
import { certificate, type Certificate } from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { fullyIdentified } from '../domain/policy/renewal.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent } from '../domain/request.ts'

export type ConfirmIdentity = Command<
  'VerifyIdentity',
  { request: string; method: 'file' | 'referential'; entityTieChecked: boolean }
>

export const confirmIdentity: Decider<Request, ConfirmIdentity, RequestEvent, Certificate> = {
  type: 'VerifyIdentity',
  who: ['raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, _, state) =>
    state.status === 'unknown' || state.previous === undefined
      ? certificate.initial
      : await fold(certificate, state.previous),
  decide: ({ data, by }, state, previous) => {
    if (state.status !== 'open') return refuse('CGU-24', 'OUT_OF_ORDER', state.status)
    const { request: _, ...facts } = data
    return (
      notForOneself(by, state.person) ??
      fullyIdentified(previous, state.unchanged) ??
      accept({
        type: 'IdentityVerified',
        data: { ...facts, verifierRole: by.role, level: 'light', verifier: by.person },
      })
    )
  },
}
