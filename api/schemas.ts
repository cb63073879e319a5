// Shapes that several resources share. Texts of persons are bounded here and checked by nobody else: a name may hold any
// letter, accent, apostrophe or hyphen.
import { Type, type TProperties } from 'typebox'
import { code, d, h, id, n, sn, t } from '../domain/fields.ts'

export { code, d, h, id, n, sn, t }

/** An object that takes nothing but its own fields. */
export const closed = <P extends TProperties>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** A person's name as it is written: never only blanks, no control character. */
export const name = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\p{Cc}]*[^\\s\\p{Cc}][^\\p{Cc}]*$',
})
/** Free text. */
export const note = Type.String({ minLength: 1, maxLength: 1000 })
/** What RFC 5280 4.2.1.6 can carry: ASCII only. */
export const email = Type.String({ maxLength: 254, pattern: '^[!-?A-~]+@[A-Za-z0-9.-]+$' })

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
