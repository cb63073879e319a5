// CGU-16: « Les présentes CGU sont opposables au porteur dès leur acceptation ». CGU-40, CGU-45: with them the holder asks
// for the escrow of his key and for the recovery of his old ones. CGU-92, CGU-111: he declares his data accurate.
import { document, inForce, type Document } from '../domain/document.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { request, type Request, type RequestEvent } from '../domain/request.ts'

export type AcceptCgu = Command<
  'AcceptCgu',
  {
    request: string
    cguVersion: string
    means: 'portal' | 'desk' | 'signedForm'
    directoryAgreed: boolean
  }
>

export const acceptCgu: Decider<Request, AcceptCgu, RequestEvent, Document> = {
  type: 'AcceptCgu',
  who: ['holder'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold) => await fold(document, 'cgu'),
  decide: ({ data, by, at }, state, cgu) => {
    if (state.status !== 'open') return refuse('CGU-16', 'OUT_OF_ORDER', state.status)
    if (state.person !== by.person) return refuse('CGU-16', 'ROLE_NOT_HELD', 'holder')
    const current = inForce(cgu, at)
    if (current?.version !== data.cguVersion) return refuse('CGU-19', 'CGU_NOT_CURRENT', data.cguVersion)
    if (state.cguVersion === current.version) return accept()
    return accept({
      type: 'CguAccepted',
      data: {
        cguVersion: current.version,
        cguSha256: current.sha256,
        means: data.means,
        escrowAsked: true,
        oldKeyRecoveryAsked: true,
        dataDeclaredAccurate: true,
        directoryAgreed: data.directoryAgreed,
      },
    })
  },
}
