// CGU-36: « Le certificat généré … est présenté au porteur pour validation de son contenu. » CGU-37: « L’acceptation du
// certificat par le porteur est recueillie par un bouton « Valider ». »
import { Type } from 'typebox'
import {
  acceptCertificate,
  refuseCertificate,
  type AcceptCertificate,
  type RefuseCertificate,
} from '../commands/certificates.ts'
import { derOf, sha256 } from '../commands/issuing.ts'
import { presentCertificate } from '../commands/presentCertificate.ts'
import { certificate, type Certificate, type CertificateEvent } from '../domain/certificate.ts'
import type { Decider } from '../domain/kernel.ts'
import { request as requestFile } from '../domain/request.ts'
import { describeCertificate } from '../pki/describe.ts'
import { contentAnswer } from './certificateAnswer.ts'
import { accepted, lastOf, type Act } from './command.ts'
import { actRoute, commandRoute, type Api } from './routes.ts'
import { bySerial, closed, h, note, t } from './schemas.ts'
import { serialFrom } from './serial.ts'

const presented = { presentedSha256: h, presentedAt: t }
const presentation = { presentedSha256: 'a'.repeat(64), presentedAt: '2026-03-02T09:30:00Z' }

const acceptance = closed(presented, { examples: [presentation] })
const refusal = closed(
  { ...presented, cause: Type.Literal('contentWrong'), note: Type.Optional(note) },
  { examples: [{ ...presentation, cause: 'contentWrong' }] },
)

const present = async (api: Api, serial: string, act: Act) => {
  const { stream } = await act.carryOut(presentCertificate, { serial })
  const { state, revision, written } = await api.services.load(certificate, serial)
  const der = derOf(state)
  if (der === undefined) throw new Error('a certificate that was there is gone')
  await api.journal.consultation(act.actor, { screen: 'presentation', streams: [stream] })
  const position = lastOf(written)
  act.mark({ position, replayed: false })
  return {
    ...accepted(serial, { stream, revision, position }),
    content: describeCertificate(der),
    presentedSha256: sha256(der),
    presentedAt: act.at,
  }
}

/** Undoes the session that this certificate came from, if it is still the one: a later session is another certificate's. */
const undoSessionOf = async (api: Api, serial: string): Promise<void> => {
  const { state } = await api.services.load(certificate, serial)
  if (!('request' in state) || state.request === undefined) return
  const file = (await api.services.load(requestFile, state.request)).state
  if (file.status !== 'inSession' || file.session?.serial !== serial) return
  await api.services.issuance.undo(state.request, { outcome: 'refused', scrap: 'refused' })
}

/** For the actions that GET shows: as if the holder answered to what the certificate says. */
const toItsContent = <C extends AcceptCertificate | RefuseCertificate>(
  decider: Decider<Certificate, C, CertificateEvent>,
): Decider<Certificate, C, CertificateEvent> => ({
  ...decider,
  decide: (command, state, facts) => {
    const presentedSha256 = 'certSha256' in state ? state.certSha256 : ''
    return decider.decide({ ...command, data: { ...command.data, presentedSha256 } }, state, facts)
  },
})

export const acceptanceRoutes = (api: Api): void => {
  const about = { tag: 'certificates', params: bySerial } as const
  const refuse = refuseCertificate(api.services.policy)
  const answering = (serial: string) => ({ serial, presentedSha256: '', presentedAt: api.services.now() })
  api.actions.list(
    { url: '/certificates/:serial/acceptance', summary: '« Valider »: accept the certificate' },
    { on: 'certificate', decider: toItsContent(acceptCertificate), data: answering },
  )
  api.actions.list(
    { url: '/certificates/:serial/refusal', summary: 'Refuse the certificate' },
    {
      on: 'certificate',
      decider: toItsContent(refuse),
      data: (serial) => ({ ...answering(serial), cause: 'contentWrong' as const }),
    },
  )

  const presenting = {
    url: '/certificates/:serial/presentation',
    summary: 'Present the content of the certificate to its holder',
  } as const
  api.actions.list(presenting, {
    ...{ on: 'certificate', decider: presentCertificate },
    data: (serial) => ({ serial }),
  })
  actRoute(api, {
    ...{ ...about, ...presenting },
    description: 'Acceptance and refusal name what was presented: its digest and the instant.',
    clauses: ['CGU-36'],
    command: presentCertificate.type,
    who: presentCertificate.who,
    extra: { content: contentAnswer, ...presented },
    run: ({ params, act }) => present(api, serialFrom(params.serial), act),
  })

  commandRoute(api, {
    ...about,
    url: '/certificates/:serial/acceptance',
    summary: '« Valider »: the holder accepts the certificate',
    clauses: ['CGU-36', 'CGU-37'],
    body: acceptance,
    decider: acceptCertificate,
    data: ({ params, body }) => ({ serial: serialFrom(params.serial), ...body }),
  })

  actRoute(api, {
    ...about,
    url: '/certificates/:serial/refusal',
    summary: 'The holder refuses the certificate, which is revoked; its card is scrapped',
    clauses: ['CGU-36', 'CGU-37', 'CGU-75'],
    body: refusal,
    command: refuse.type,
    who: ['holder'],
    run: async ({ params, body, act }) => {
      const serial = serialFrom(params.serial)
      const outcome = await act.carryOut(refuse, { serial, ...body })
      await undoSessionOf(api, serial)
      const { revision, written } = await api.services.load(certificate, serial)
      const position = lastOf(written)
      act.mark({ position, replayed: outcome.replayed })
      return accepted(serial, { stream: outcome.stream, revision, position })
    },
  })
}
