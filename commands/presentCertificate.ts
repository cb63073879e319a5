// CGU-36: « Le certificat généré à l’issue de la personnalisation du dispositif matériel est présenté au porteur pour
// validation de son contenu. » Who may have it shown is judged here; the look is written in his journal, and what the holder
// then answers to it is his acceptance or refusal (certificates.ts).
import { certificate, type Certificate, type CertificateEvent } from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { derOf } from './issuing.ts'

export type PresentCertificate = Command<'PresentCertificate', { serial: string }>

/** Writes nothing itself. */
export const presentCertificate: Decider<Certificate, PresentCertificate, CertificateEvent> = {
  type: 'PresentCertificate',
  who: ['holder', 'raOfficer'],
  aggregate: certificate,
  stream: ({ data }) => data.serial,
  decide: ({ by }, state) => {
    if (!('signature' in state)) return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', 'serial')
    if (by.role === 'holder' && state.person !== by.person)
      return refuse('CGU-37', 'ACCEPTANCE_HOLDER_ONLY', by.role)
    return derOf(state) === undefined ? refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'certificate') : accept()
  },
}
