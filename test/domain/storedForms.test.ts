// What is stored is stored for ever. One file of test/fixtures/events/ an event type and version, never edited: the body as
// the ledger holds it, and `decoded`, what the newest code reads in it. Data keys there: SHA-256 of the key id; nonces of
// sealed fields: the first twelve octets of the SHA-256 of `id|field`. Where a form has optional fields, `bare` has none.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { aggregateOf as aggregateNamed, decodeAny } from '../../domain/aggregates.ts'
import type { Env } from '../../domain/event.ts'
import type { Aggregate, Event, Json, Stored } from '../../domain/kernel.ts'
import { canonical } from '../../ledger/canonical.ts'
import type { Body, Entry } from '../../ledger/ledger.ts'
import { sealDrafts } from '../../ledger/sealDrafts.ts'
import { openEntry } from '../../ledger/sealedLedger.ts'
import { memoryKeys } from '../ledger/filled.ts'
import { declaredForms } from '../support/fixtures/declared.ts'

type Fixture = Readonly<{
  stream: string
  id: string
  type: string
  body: Body
  decoded: Readonly<Record<string, Json>>
}>

const log = 'igc.example/registre/1'
const root = join(import.meta.dirname, '../..')
const directory = join(root, 'test/fixtures/events')
const files = readdirSync(directory)
const fixtures = files.map(
  (file) => [file, JSON.parse(readFileSync(join(directory, file), 'utf8')) as Fixture] as const,
)
const keys = memoryKeys()
const position = { commit: 1n, prepare: 1n }

const storedOf = ({ stream, id, type, body }: Fixture): Promise<Stored> => {
  const entry: Entry = { stream, revision: 0, id, type, position, body }
  return openEntry({ keys, log }, entry)
}

const declared = await declaredForms()
const aggregates = new Map(declared.map(({ aggregate }) => [aggregate.name, aggregate]))
const forms = new Map(declared.map(({ form }) => [form.type, form]))
const aggregateOf = ({ stream }: Fixture): Aggregate<unknown, Event> =>
  aggregates.get(stream.slice(0, stream.indexOf('-')))!
const fixturesOf = (type: string): readonly Fixture[] =>
  fixtures.map(([, fixture]) => fixture).filter((fixture) => fixture.type === type)

/** How a data key's name begins, by the class of unit that a field is declared in. */
const classes = { reg: 'reg', esc: 'escrow', rec: 'recovery', jou: 'journal' } as const

/** The event as it is read, encoded and sealed again: the octets that the ledger would store. */
const writtenAgain = async (fixture: Fixture): Promise<string> => {
  const { stream, id, body } = fixture
  const { type, data } = decodeAny(stream, await storedOf(fixture))
  const { pub, sealed } = aggregateOf(fixture).encode({ type, data })
  const { nonce, ...env } = body.pub['env'] as unknown as Env
  const fields = Object.entries(sealed).map(([field, { unit, value }]) => {
    const keyId = body.sealed[field]!.k.replace(/^[a-z]+/, classes[unit])
    return [field, { keyId, value }] as const
  })
  const nonces = [
    Buffer.from(nonce, 'hex'),
    ...fields.map(([field]) => createHash('sha256').update(`${id}|${field}`).digest().subarray(0, 12)),
  ]
  const draft = { id, type, pub, env, sealed: Object.fromEntries(fields) }
  const [again] = await sealDrafts({ keys, log, randomBytes: () => nonces.shift()! }, [draft], body.at)
  return Buffer.from(again!.data).toString('utf8')
}

describe('stored forms', () => {
  it('each type has a fixture, and its fixtures together hold each of its fields', () => {
    const missing = [...forms.values()].flatMap(({ type, pub, sealed }) => {
      const held = new Set(
        fixturesOf(type).flatMap(({ body }) => [...Object.keys(body.pub), ...Object.keys(body.sealed)]),
      )
      const fields = [...Object.keys(pub.properties), ...Object.keys(sealed)]
      return fields.filter((field) => !held.has(field)).map((field) => `${type}.${field}`)
    })
    expect(missing).toEqual([])
    expect(forms.size).toBeGreaterThan(40)
    for (const [name, aggregate] of aggregates) expect(aggregateNamed(`${name}-1`)).toBe(aggregate)
  })

  it.each(fixtures)(
    '%s reads as it was written, and is written the same to the octet',
    async (file, fixture) => {
      const name = /\.v\d+$/.test(fixture.type) ? fixture.type : `${fixture.type}.v1`
      expect([`${name}.json`, `${name}.${file.split('.')[2] ?? ''}.json`]).toContain(file)
      expect(decodeAny(fixture.stream, await storedOf(fixture)).data).toEqual(fixture.decoded)
      if (forms.has(fixture.type))
        expect(await writtenAgain(fixture)).toBe(canonical(fixture.body as unknown as Json))
    },
  )

  it('CGU-116: each is read with every data key destroyed', async () => {
    for (const [file, fixture] of fixtures) {
      const stored = await storedOf(fixture)
      const sealed = Object.fromEntries(
        Object.keys(stored.sealed).map((field) => [field, { destroyed: true as const }]),
      )
      const { data } = decodeAny(fixture.stream, { ...stored, sealed })
      expect(data, file).toEqual({ ...fixture.decoded, ...sealed })
    }
  })
})

/** The same stored event, one field of `part` given another value. */
const changed = (stored: Stored, part: 'pub' | 'sealed', field: string, value: Json): Stored => ({
  ...stored,
  [part]: { ...stored[part], [field]: value },
})

const without = (stored: Stored, part: 'pub' | 'sealed', field: string): Stored => ({
  ...stored,
  [part]: Object.fromEntries(Object.entries(stored[part]).filter(([name]) => name !== field)),
})

const decodes = ({ stream }: Fixture, stored: Stored): boolean => {
  try {
    decodeAny(stream, stored)
    return true
  } catch {
    return false
  }
}

/** Every field of every fixture: with its file, its stored event and its part. */
const places = (
  await Promise.all(
    fixtures.map(async ([file, fixture]) => {
      const stored = await storedOf(fixture)
      return (['pub', 'sealed'] as const).flatMap((part) =>
        Object.keys(stored[part]).map((field) => ({ file, fixture, stored, part, field })),
      )
    }),
  )
).flat()
type Place = (typeof places)[number]
const nameOf = ({ file, part, field }: Place): string => `${file} ${part}/${field}`

/** The fields of a type's smallest fixture. */
const bareOf = (type: string): ReadonlySet<string> =>
  fixturesOf(type)
    .map(({ body }) => new Set([...Object.keys(body.pub), ...Object.keys(body.sealed)]))
    .reduce((one, other) => (other.size < one.size ? other : one))

describe('closed schemas: the reader stops, it never guesses', () => {
  it('an unknown field is refused: public, sealed, in the envelope', async () => {
    for (const [file, fixture] of fixtures) {
      const stored = await storedOf(fixture)
      const env = { ...(stored.pub['env'] as Record<string, Json>), unheardOf: 1 }
      for (const other of [
        changed(stored, 'pub', 'unheardOf', 1),
        changed(stored, 'sealed', 'unheardOf', 'x'),
        changed(stored, 'pub', 'env', env),
      ])
        expect(() => decodeAny(fixture.stream, other), file).toThrow('does not fit the stored form')
    }
  })

  it('a value of another JSON type is refused, whichever field has it', () => {
    const passed = places.filter(({ fixture, stored, part, field }) => {
      const wrong: Json = typeof stored[part][field] === 'object' ? 'x' : [{}]
      return decodes(fixture, changed(stored, part, field, wrong))
    })
    expect(passed.map(nameOf)).toEqual([])
  })

  it('what the smallest fixture of a type holds may not be left out; anything else may', () => {
    const left = places.filter(({ fixture, stored, part, field }) =>
      decodes(fixture, without(stored, part, field)),
    )
    const optional = places.filter(({ fixture, field }) => !bareOf(fixture.type).has(field))
    expect(left.map(nameOf)).toEqual(optional.map(nameOf))
  })

  it('a type or a stream that no aggregate knows is refused', () => {
    const stored = { type: 'CertificateRestored', pub: {}, sealed: {} }
    expect(() => decodeAny(`certificate-${'4'.repeat(32)}`, stored)).toThrow('unknown event type')
    expect(() => decodeAny('holder-1', stored)).toThrow('no aggregate')
  })
})
