// How a stored form is declared, and how stored events become typed ones: upcast until current, then validate.
import { Type, type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Destroyed, Encoded, Event, Json, Stored, UnitClass } from './kernel.ts'
import { code, id, n, t } from './fields.ts'
import { role, signInMeans } from './lists.ts'

/** `pub.env` of every event (events.md section 6): who, why, when, under which policy. Never any personal datum. */
const env = Type.Object(
  {
    commandId: id,
    correlationId: id,
    causationId: id,
    actor: id,
    role,
    auth: signInMeans,
    policy: n,
    release: code,
    occurredAt: t,
    seen: Type.Optional(n),
    nonce: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  },
  { additionalProperties: false },
)
export type Env = Static<typeof env>

type SealedForm = Partial<Record<UnitClass, TProperties>>
type SealedProperties<S extends SealedForm> = (S['reg'] extends TProperties ? S['reg'] : unknown) &
  (S['esc'] extends TProperties ? S['esc'] : unknown) &
  (S['rec'] extends TProperties ? S['rec'] : unknown) &
  (S['jou'] extends TProperties ? S['jou'] : unknown)
type Simplify<T> = { readonly [K in keyof T]: T[K] }
type OrDestroyed<T> = { [K in keyof T]: T[K] | Destroyed }
type SealedData<S extends SealedForm> =
  SealedProperties<S> extends infer P extends TProperties ? OrDestroyed<Static<TObject<P>>> : object

/** One stored form: its type name, its closed public schema, and which unit class each sealed field lies in. */
export type Form<T extends string = string, D = object> = Readonly<{
  type: T
  pub: TObject
  sealed: Readonly<Record<string, { unit: UnitClass; schema: TSchema; optional: boolean }>>
  check: (stored: Stored) => string | undefined
  /** Phantom: carries the type of `data`. */
  data?: D
}>

export type EventOf<F> = F extends Form<infer T, infer D> ? Readonly<{ type: T; data: D }> : never

const isDestroyed = (value: Json | Destroyed): value is Destroyed =>
  typeof value === 'object' && value !== null && 'destroyed' in value

/** The value of a sealed field, or `undefined` where it has been destroyed. */
export const opened = <T>(value: T | Destroyed | undefined): T | undefined =>
  value !== undefined && isDestroyed(value as Json | Destroyed) ? undefined : (value as T | undefined)

/**
 * Declares a stored form. These schemas ARE the storage format: never edit one, add `Name.v2` and an upcast.
 * @param type past tense, subject first; the first form of a type has its bare name
 */
export const event = <
  const T extends string,
  const P extends TProperties,
  const S extends SealedForm = object,
>(
  type: T,
  form: { pub: P; sealed?: S },
): Form<T, Simplify<Static<TObject<P>> & SealedData<S>>> => {
  const sealed = sealedFields(type, form.pub, form.sealed ?? {})
  const pub = Type.Object({ env, ...form.pub }, { additionalProperties: false })
  const checkPub = Compile(pub)
  const checkField = new Map(Object.entries(sealed).map(([field, { schema }]) => [field, Compile(schema)]))
  const fits = (field: string, value: Json | Destroyed): boolean =>
    isDestroyed(value) ? field in sealed : checkField.get(field)?.Check(value) === true
  const required = Object.keys(sealed).filter((field) => sealed[field]?.optional === false)
  const check = (stored: Stored): string | undefined => {
    if (!checkPub.Check(stored.pub)) return `pub${checkPub.Errors(stored.pub)[0]?.instancePath ?? ''}`
    for (const field of required) if (!(field in stored.sealed)) return `sealed/${field}`
    for (const field in stored.sealed) {
      const value = stored.sealed[field]
      if (value === undefined || !fits(field, value)) return `sealed/${field}`
    }
    return undefined
  }
  return { type, pub, sealed, check }
}

const sealedFields = (type: string, pub: TProperties, units: SealedForm): Form['sealed'] => {
  const sealed: Record<string, { unit: UnitClass; schema: TSchema; optional: boolean }> = {}
  for (const [unit, fields] of Object.entries(units) as [UnitClass, TProperties][])
    for (const [field, schema] of Object.entries(fields)) {
      if (field in pub) throw new Error(`${type}: ${field} is both public and sealed`)
      const { required } = Type.Object({ [field]: schema }) as { required?: readonly string[] }
      sealed[field] = { unit, schema, optional: required?.includes(field) !== true }
    }
  return sealed
}

/** From one stored form to the next: pure, and what the old form did not hold becomes `unrecorded`. */
export type Upcasts = Readonly<Record<string, (stored: Stored) => Stored>>

/**
 * How one aggregate's events are stored and read. `decode`: upcast until current, validate against the closed schema,
 * lay public and sealed fields side by side. `encode`: part them again.
 * @throws Error on an unknown type or a body that its schema refuses: the reader stops, it never guesses.
 */
export const codec = <const F extends readonly Form[]>(
  forms: F,
  upcasts: Upcasts = {},
): { decode: (stored: Stored) => EventOf<F[number]>; encode: (event: EventOf<F[number]>) => Encoded } => {
  const byType = new Map<string, Form>(forms.map((form) => [form.type, form]))
  const formOf = (type: string): Form => {
    const form = byType.get(type)
    if (form === undefined) throw new Error(`unknown event type ${type}`)
    return form
  }
  const decode = (stored: Stored): EventOf<F[number]> => {
    let current = stored
    for (let up = upcasts[current.type]; up !== undefined; up = upcasts[current.type]) current = up(current)
    const fault = formOf(current.type).check(current)
    if (fault !== undefined) throw new Error(`${current.type}: ${fault} does not fit the stored form`)
    // A loop: every event of every replay passes here, and two spreads cost a tenth of it.
    const data: Record<string, unknown> = {}
    for (const field in current.pub) if (field !== 'env') data[field] = current.pub[field]
    for (const field in current.sealed) data[field] = current.sealed[field]
    return { type: current.type, data } as unknown as EventOf<F[number]>
  }
  const encode = (event: EventOf<F[number]>): Encoded => {
    const form = formOf((event as Event).type)
    const pub: Record<string, Json> = {}
    const sealed: Record<string, { unit: UnitClass; value: Json }> = {}
    for (const [field, value] of Object.entries((event as Event).data) as [string, Json | undefined][]) {
      const seal = form.sealed[field]
      if (value === undefined) continue
      if (seal === undefined) pub[field] = value
      else sealed[field] = { unit: seal.unit, value }
    }
    return { pub, sealed }
  }
  return { decode, encode }
}
