// Shapes that several resources share. Texts of persons are bounded here and checked by nobody else: a name may hold any
// letter, accent, apostrophe or hyphen.
import { Type, type TProperties } from 'typebox'
import { code, d, h, id, n, sn, t } from '../domain/fields.ts'

export { code, d, h, id, n, sn, t }

/** An object that takes nothing but its own fields. */
export const closed = <P extends TProperties>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** What the certificate's own rules take (pki/lints/certificate/subjectText.ts), so that nobody hears of it at the desk. */
export const namePattern = '^(?!\\s)[^\\p{C}\\p{Zl}\\p{Zp}\\uFFFD]+(?<!\\s)$'
const nameOf = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: namePattern,
    description: 'No invisible character, no line separator, no blank at either end.',
  })

/** A name as it is written. */
export const name = nameOf(200)

/** ub-common-name and ub-organization-name of RFC 5280 appendix A.1, in characters. */
const attributeLength = 64

/** A name that is one attribute of the certificate. @param mark what the certificate puts before it */
export const attribute = (mark = '') => nameOf(attributeLength - mark.length)

/** Free text. */
export const note = Type.String({ minLength: 1, maxLength: 1000 })
/** What RFC 5280 4.2.1.6 can carry: an ASCII mailbox, unquoted. */
export const email = Type.String({
  maxLength: 254,
  pattern: "^[!#-'*+\\-./0-9=?A-Z^-~]+@[A-Za-z0-9.-]+$",
})

export const byId = closed({ id })
export const bySerial = closed({
  serial: Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'Serial number: hex, with or without colons and spaces, or decimal.',
  }),
})

export const orNull = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) =>
  Type.Union([schema, Type.Null()])
