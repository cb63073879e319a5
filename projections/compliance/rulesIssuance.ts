// From the file to the card in the holder's hand (CGU-16 to CGU-60).
import { dayOf } from '../../domain/policy/dates.ts'
import { escrowUntil, notAfterOf } from '../../domain/policy/validity.ts'
import { isException, type Rule } from './rule.ts'
import { text } from './seen.ts'

export const issuanceRules: readonly Rule[] = [
  {
    code: 'VALIDATED_WITHOUT_CGU',
    clause: 'CGU-16',
    fr: 'Demande validée sans acceptation des CGU par le porteur',
    on: ['RequestValidated'],
    find: (seen, { requests }) => isException(requests.get(seen.id)?.cgu !== true, seen),
  },
  {
    code: 'VALIDITY_NOT_THREE_YEARS',
    clause: 'CGU-18',
    fr: 'Certificat de porteur dont la validité n’est pas de trois ans',
    on: ['CertificatePlanned'],
    find: (seen, _, { holder }) =>
      isException(
        text(seen, 'profile') === 'encryption' &&
          text(seen, 'notAfter') !== notAfterOf(text(seen, 'notBefore'), holder.validityYears),
        seen,
      ),
  },
  {
    code: 'VALIDATED_WITHOUT_IDENTITY',
    clause: 'CGU-24',
    fr: 'Demande validée sans vérification de l’identité',
    on: ['RequestValidated'],
    find: (seen, { requests }) => isException(requests.get(seen.id)?.identified !== true, seen),
  },
  {
    code: 'SESSION_WITHOUT_VALIDATION',
    clause: 'CGU-24',
    fr: 'Séance de délivrance ouverte sans demande validée',
    on: ['SessionOpened'],
    find: (seen, { requests }) => isException(requests.get(seen.id)?.validated !== true, seen),
  },
  {
    code: 'TWO_SESSIONS_AT_A_DESK',
    clause: 'CGU-34',
    fr: 'Séance ouverte à un guichet où une autre l’était déjà',
    on: ['SessionOpened'],
    find: (seen, { desks }) => {
      const other = desks.get(text(seen, 'desk'))
      return isException(other !== undefined && other !== seen.id, seen)
    },
  },
  {
    code: 'HANDED_OVER_WITHOUT_ACCEPTANCE',
    clause: 'CGU-37',
    fr: 'Carte remise sans que le porteur ait validé son certificat',
    on: ['CardHandedOver'],
    find: (seen, { requests, certificates }) => {
      const status = certificates.get(requests.get(seen.id)?.serial ?? '')?.status
      return isException(status !== 'accepted', seen)
    },
  },
  {
    code: 'ISSUED_WITHOUT_ESCROW',
    clause: 'CGU-38',
    fr: 'Certificat émis sans que sa clé ait été séquestrée auparavant',
    on: ['CertificateIssued'],
    find: (seen, { certificates, keys }) => {
      const planned = certificates.get(seen.id)
      const escrowed = keys.get(planned?.spki ?? '')?.until !== undefined
      return isException(planned?.holder === true && !escrowed, seen)
    },
  },
  {
    code: 'ESCROW_NOT_TEN_YEARS',
    clause: 'CGU-41',
    fr: 'Séquestre dont la durée n’est pas de dix ans',
    on: ['KeyEscrowed'],
    find: (seen, _, { escrow }) =>
      isException(text(seen, 'until') !== escrowUntil(text(seen, 'from'), escrow.years), seen),
  },
  {
    code: 'HANDED_OVER_WITHOUT_PIN',
    clause: 'CGU-50',
    fr: 'Carte remise sans que le porteur ait défini son code PIN',
    on: ['CardHandedOver'],
    find: (seen, { pins }) => isException(!pins.has(text(seen, 'card')), seen),
  },
  {
    code: 'TWO_CERTIFICATES_ON_ONE_KEY',
    clause: 'CGU-60',
    fr: 'Deux certificats pour une même clé publique',
    on: ['CertificatePlanned'],
    find: (seen, { keys }) => {
      const first = keys.get(text(seen, 'spkiSha256'))?.certified
      return isException(first !== undefined && first !== seen.id, seen)
    },
  },
  {
    code: 'QUALIFICATION_LAPSED',
    clause: 'CGU-121',
    fr: 'Certificat émis alors que la qualification RGS était échue',
    on: ['CertificateIssued'],
    find: (seen, { qualifications, certificates }) => {
      const { occurredAt } = seen.env
      const held = qualifications.findLast(({ from }) => from <= occurredAt)
      const lapsed = held !== undefined && held.until !== '' && held.until < dayOf(occurredAt)
      return isException(lapsed && certificates.get(seen.id)?.holder === true, seen)
    },
  },
]
