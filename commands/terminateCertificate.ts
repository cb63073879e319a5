// CGU-85: « Révoque tous les certificats qu’elle a signés et qui seraient encore en cours de validité ». Not before issuance has
// been stopped for good and the notice period has run: nobody loses his certificate on a day that he was not told of.
import { authority, type Authority } from '../domain/authority.ts'
import { certificate, type Certificate, type CertificateEvent } from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { notYetToRevoke } from '../domain/policy/endOfLife.ts'

export type TerminateCertificate = Command<'RevokeCertificate', { serial: string }>

export const terminateCertificate: Decider<
  Certificate,
  TerminateCertificate,
  CertificateEvent,
  Authority | undefined
> = {
  type: 'RevokeCertificate',
  who: ['program'],
  aggregate: certificate,
  stream: ({ data }) => data.serial,
  facts: async (fold, _, state) => ('issuer' in state ? await fold(authority, state.issuer) : undefined),
  decide: ({ data, at }, state, issuer) => {
    if (!('signature' in state) || issuer === undefined)
      return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', data.serial)
    if (state.status === 'revoked') return accept()
    return (
      notYetToRevoke(issuer, at) ??
      accept({
        type: 'CertificateRevoked',
        data: { revokedAt: at, origin: 'termination', authentication: 'exOfficio' },
      })
    )
  },
}
