// CGU-61 to CGU-64: « Une demande de révocation … peut être faite par : Le porteur lui-même, Un MC ou un représentant légal
// de l’entité du porteur ou une personne autorisée, L’AE, L’AC. »
// CGU-65 to CGU-68: on the portal by the authenticated holder; face to face, the document shown; by call centre, mail or
// e-mail as the direction offers, signed by the requester.
import { refuse, type Actor, type Decision } from '../kernel.ts'
import type { Authentication, Channel } from '../lists.ts'
import type { Policy } from './policy.ts'

export type RevocationForm = Readonly<{
  channel: Channel
  ra: string | undefined
  signatureForm: 'none' | 'handwritten' | 'electronic'
  documentKind: string | undefined
}>

const signedForm = ({ signatureForm }: RevocationForm): Decision<never> | undefined =>
  signatureForm === 'none' ? refuse('CGU-68', 'SIGNATURE_REQUIRED', 'signatureForm') : undefined

/** The refusal that this channel meets, if any. */
export const channelRefusal = (
  by: Actor,
  form: RevocationForm,
  policy: Policy,
): Decision<never> | undefined => {
  const { channel, ra } = form
  const signedIn = by.role === 'holder' || by.role === 'mc'
  if ((channel === 'portal') !== signedIn) return refuse('CGU-65', 'PORTAL_AUTHENTICATION_REQUIRED', channel)
  if (channel === 'portal') return undefined
  if (channel === 'internal') return undefined
  const open = policy.ras.find(({ code }) => code === ra)?.channels.includes(channel)
  if (open !== true) return refuse('CGU-67', 'CHANNEL_NOT_OPEN', channel)
  if (channel === 'faceToFace')
    return form.documentKind === undefined
      ? refuse('CGU-66', 'IDENTITY_DOCUMENT_REQUIRED', 'documentKind')
      : undefined
  return channel === 'callCentre' ? undefined : signedForm(form)
}

/** CGU-75: how the request was authenticated, which decides that the status may change. */
export const authenticationOf = (channel: Channel): Authentication => {
  switch (channel) {
    case 'portal':
      return 'portal'
    case 'faceToFace':
      return 'identityDocument'
    case 'callCentre':
      return 'callback'
    case 'email':
    case 'post':
      return 'signature'
    case 'internal':
      return 'exOfficio'
    default:
      return channel satisfies never
  }
}
