// What notices say, in French and in English. CGU-79: « Cette notification prend la forme d’un courrier électronique et indique la
// date à laquelle la révocation du certificat a pris effet. » CGU-54: « Une notification est envoyée au porteur à l’approche de la
// date d’expiration du certificat de façon à préparer la délivrance d’un nouveau certificat. » CGU-09: who writes, and can be
// written to. A certificate is named by its serial number alone: a message may be read by others.
import type { Instant } from './kernel.ts'
import type { Role } from './lists.ts'
import type { NoticeKind } from './notice.ts'
import { dayOf } from './policy/dates.ts'

/** CGU-09. */
export const contact = 'Contact-igc-mef@finances.gouv.fr'

type Words = Readonly<{ subject: string; body: string }>
export type Template = Readonly<{ fr: Words; en: Words }>

const toHolder: Readonly<Record<NoticeKind, Template>> = {
  revocation: {
    fr: {
      subject: 'Révocation de votre certificat de chiffrement',
      body: 'Votre certificat de chiffrement n° {serial} est révoqué. La révocation a pris effet le {effective}. Elle est définitive.',
    },
    en: {
      subject: 'Your encryption certificate has been revoked',
      body: 'Your encryption certificate no. {serial} has been revoked. The revocation took effect on {effective}. It is final.',
    },
  },
  expiry: {
    fr: {
      subject: 'Votre certificat de chiffrement arrive à expiration',
      body: 'Votre certificat de chiffrement n° {serial} expire le {notAfter}. Pour en obtenir un nouveau, faites votre demande de renouvellement : elle est à votre initiative.',
    },
    en: {
      subject: 'Your encryption certificate is about to expire',
      body: 'Your encryption certificate no. {serial} expires on {notAfter}. To get a new one, ask for its renewal: the initiative is yours.',
    },
  },
  cguUpdate: {
    fr: {
      subject: 'Nouvelle version des conditions générales d’utilisation',
      body: 'La version {milestone} des conditions générales d’utilisation (CGU) de votre certificat de chiffrement entre en vigueur le {effective}. Toute utilisation du certificat après cette mise à jour vaut acceptation des nouvelles CGU. Elles sont publiées sur {site}.',
    },
    en: {
      subject: 'New version of the conditions of use',
      body: 'Version {milestone} of the conditions of use (CGU) of your encryption certificate comes into force on {effective}. Any use of the certificate after this update is acceptance of the new conditions. They are published at {site}.',
    },
  },
  compromise: {
    fr: {
      subject: 'Compromission d’une clé de l’autorité de certification',
      body: 'Une clé de l’autorité de certification est compromise, ou suspectée de l’être, depuis le {effective}. Ne vous fiez plus aux certificats de cette autorité.',
    },
    en: {
      subject: 'A key of the certification authority is compromised',
      body: 'A key of the certification authority is compromised, or suspected to be, since {effective}. Do not rely on certificates of this authority any more.',
    },
  },
  termination: {
    fr: {
      subject: 'Cessation d’activité de l’autorité de certification',
      body: 'L’autorité de certification cesse son activité le {effective}. Les certificats qu’elle a délivrés et qui sont encore en cours de validité, dont le vôtre, seront révoqués.',
    },
    en: {
      subject: 'The certification authority ceases its activity',
      body: 'The certification authority ceases its activity on {effective}. The certificates that it has issued and that are still valid, yours among them, will be revoked.',
    },
  },
  keyRecovery: {
    fr: {
      subject: 'Recouvrement de votre clé de déchiffrement',
      body: 'La clé de déchiffrement de votre certificat n° {serial}, conservée sous séquestre, a été recouvrée sur demande. Si vous n’en avez pas connaissance, adressez-vous à {contact}.',
    },
    en: {
      subject: 'Your decryption key has been recovered',
      body: 'The decryption key of your certificate no. {serial}, which is kept in escrow, has been recovered on request. If you do not know of it, write to {contact}.',
    },
  },
}

/** To the certification agent (MC) and to the entity. */
const toOthers: Partial<Record<NoticeKind, Template>> = {
  revocation: {
    fr: {
      subject: 'Révocation d’un certificat de chiffrement de votre entité',
      body: 'Le certificat de chiffrement n° {serial}, d’un porteur de votre entité, est révoqué. La révocation a pris effet le {effective}. Elle est définitive.',
    },
    en: {
      subject: 'An encryption certificate of your entity has been revoked',
      body: 'Encryption certificate no. {serial}, of a holder of your entity, has been revoked. The revocation took effect on {effective}. It is final.',
    },
  },
  termination: {
    fr: {
      subject: 'Cessation d’activité de l’autorité de certification',
      body: 'L’autorité de certification cesse son activité le {effective}. Les certificats des porteurs de votre entité encore en cours de validité seront révoqués.',
    },
    en: {
      subject: 'The certification authority ceases its activity',
      body: 'The certification authority ceases its activity on {effective}. The certificates of the holders of your entity that are still valid will be revoked.',
    },
  },
}

/** Everything that a notice of this kind may say: what its `templateSha256` is the digest of. */
export const templatesOf = (kind: NoticeKind): readonly Template[] => [
  toHolder[kind],
  ...(toOthers[kind] === undefined ? [] : [toOthers[kind]]),
]

const months = {
  fr: [
    'janvier',
    'février',
    'mars',
    'avril',
    'mai',
    'juin',
    'juillet',
    'août',
    'septembre',
    'octobre',
  ].concat(['novembre', 'décembre']),
  en: [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
  ].concat(['November', 'December']),
}

/** The day in France in words, and the very instant. */
export const dateIn = (language: 'fr' | 'en', instant: Instant): string => {
  const [year = '', month = '', day = ''] = dayOf(instant).split('-')
  const first = language === 'fr' && day === '01' ? '1er' : String(Number(day))
  return `${first} ${months[language][Number(month) - 1] ?? month} ${year} (${instant})`
}

export type Values = Readonly<{
  milestone: string
  site: string
  serial: string | undefined
  effectiveAt: Instant | undefined
  notAfter: Instant | undefined
}>

const filled = (text: string, language: 'fr' | 'en', values: Values): string => {
  const dated = (instant: Instant | undefined) => instant && dateIn(language, instant)
  const { milestone, site, serial } = values
  const known: Readonly<Record<string, string | undefined>> = {
    ...{ milestone, site, serial, contact },
    ...{ effective: dated(values.effectiveAt), notAfter: dated(values.notAfter) },
  }
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = known[name]
    if (value === undefined) throw new Error(`a notice says {${name}}, and it is not known`)
    return value
  })
}

/** A message in both languages, before it takes the form of a text or of a page. */
export type Said = Readonly<{ subject: string; fr: Words; en: Words }>

/** What a notice says: French first, then English. @throws Error where a value is missing that it has to state */
export const noticeSaid = (kind: NoticeKind, role: Role, values: Values): Said => {
  const { fr, en } = (role === 'holder' ? undefined : toOthers[kind]) ?? toHolder[kind]
  return {
    subject: `${fr.subject} / ${en.subject}`,
    fr: { subject: fr.subject, body: filled(fr.body, 'fr', values) },
    en: { subject: en.subject, body: filled(en.body, 'en', values) },
  }
}

/** As plain text. */
export const noticeText = ({ fr, en }: Said): string => `${fr.body}\n\n${contact}\n\n--\n\n${en.body}\n`

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign)

const section = (language: 'fr' | 'en', { subject, body }: Words): string =>
  [
    `<section lang="${language}">`,
    `<h1 style="font-size:1.2em">${escaped(subject)}</h1>`,
    `<p>${escaped(body)}</p>`,
    `<p>${escaped(contact)}</p>`,
    '</section>',
  ].join('\n')

/** As a page: the same words, every one of them escaped. Nothing is fetched for it, and nothing in it is a link. */
export const noticeHtml = ({ subject, fr, en }: Said): string =>
  [
    '<!doctype html>',
    '<html lang="fr">',
    `<head><meta charset="utf-8"><title>${escaped(subject)}</title></head>`,
    `<body>`,
    section('fr', fr),
    '<hr>',
    section('en', en),
    '</body>',
    '</html>',
    '',
  ].join('\n')
