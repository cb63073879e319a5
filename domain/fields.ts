// The field types of events.md, as JSON Schema. They are part of the storage format: never edit one.
import { Type } from 'typebox'

/** UUID, lower case. */
export const id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })
/** Certificate serial number: 16 octets in lower-case hex, positive, first octet 0x40 to 0x7f (RFC 5280 4.1.2.2). */
export const sn = Type.String({ pattern: '^[4-7][0-9a-f]{31}$' })
/** SHA-256 in hex. */
export const h = Type.String({ pattern: '^[0-9a-f]{64}$' })
/** Instant, UTC, to the second. */
export const t = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' })
/** Day in France. */
export const d = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })
/** Safe integer, not negative. */
export const n = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const b = Type.Boolean()
/** Base64, padded. */
export const x = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' })
/** Short fixed code. */
export const code = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' })
/** `CGU-nn`. */
export const clause = Type.String({ pattern: '^CGU-\\d{2,3}$' })
/** Stream name. */
export const stream = Type.String({ pattern: '^[a-z]+-[A-Za-z0-9-]{1,128}$' })
/** Retention unit: `<class>/<id>`. */
export const unit = Type.String({ pattern: '^(reg|escrow|recovery|journal)/[A-Za-z0-9-]{1,64}$' })
export const url = Type.String({ pattern: '^https?://[^\\s]{1,500}$' })
/** Text of a person: only ever sealed. */
export const text = Type.String({ minLength: 1, maxLength: 1000 })
