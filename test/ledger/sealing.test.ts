import { createHash, hkdfSync, createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/kernel.ts'
import { canonical, NotCanonical } from '../../ledger/canonical.ts'
import { leafHash, leafRecord } from '../../ledger/leaf.ts'
import { BrokenSeal, commitment, openField, sealField } from '../../ledger/sealing.ts'
import { exampleLog, examples } from './examples.ts'

const sha256 = (data: string): Buffer => createHash('sha256').update(data).digest()

describe('canonical JSON', () => {
  const outside: readonly (readonly [string, unknown])[] = [
    ['a float', 1.5],
    ['an unsafe integer', 2 ** 53],
    ['minus zero', -0],
    ['NaN', NaN],
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole', [1, , 2]],
    ['a lone surrogate', '\ud800'],
    ['a lone low surrogate', 'a\udc00b'],
    ['a decomposed letter', 'E\u0301lodie'],
    ['a member name with a hyphen', { 'a-b': 1 }],
    ['an empty member name', { '': 1 }],
    ['a member name that begins with a digit', { '1a': 1 }],
    ['an accented member name', { é: 1 }],
    ['__proto__ from JSON', JSON.parse('{"__proto__":1}')],
    ['a changed prototype', Object.create({ a: 1 })],
    ['a Map', new Map([['a', 1]])],
    ['a Date', new Date(0)],
    ['a Buffer', Buffer.from('a')],
    ['a bigint', 1n],
    ['a symbol', { [Symbol('s')]: 1 }],
    ['a function', () => 1],
  ]
  it.each(outside)('RFC 8785, profile: %s is refused, alone, in a list and in an object', (_, value) => {
    for (const place of [value, [value], { member: value }])
      expect(() => canonical(place)).toThrow(NotCanonical)
  })

  it('RFC 8785, profile: a value without end is refused', () => {
    const loop: Record<string, unknown> = {}
    loop['again'] = loop
    expect(() => canonical(loop)).toThrow(NotCanonical)
  })

  it('RFC 8785 3.2.2.2: strings are escaped as its own example has them', () => {
    expect(canonical('\u20ac$\u000F\u000aA\'B\u0022\u005c\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"')
  })

  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,6}$/)
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.string({ unit: 'grapheme' }).map((s) => s.normalize('NFC')),
      fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(name, tie('json'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  it('RFC 8785 3.2.3: the text reads back as the value, does not depend on the order of members, and is its own canon', () => {
    const reversed = (value: Json): Json =>
      Array.isArray(value)
        ? value.map(reversed)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([k, v]) => [k, reversed(v)]),
            )
          : value
    fc.assert(
      fc.property(json, (value) => {
        const text = canonical(value)
        expect(JSON.parse(text)).toEqual(value)
        expect(canonical(reversed(value))).toBe(text)
        expect(canonical(JSON.parse(text))).toBe(text)
      }),
      { seed: 8785 },
    )
  })

  const place = { log: exampleLog, eventId: '4f1d0c1e-7a2b-4c3d-8e9f-001122334455', field: 'nom' }
  it('proofs 1.1: what is sealed opens again, in its own place only', () => {
    fc.assert(
      fc.property(json, fc.uint8Array({ minLength: 32, maxLength: 32 }), (value, key) => {
        const nonce = sha256(canonical(value)).subarray(0, 12)
        const sealed = sealField(place, value, { keyId: 'reg_1', key, nonce })
        expect(openField(key, place, sealed)).toEqual(value)
        for (const other of [
          { ...place, log: 'igc.example/registre/2' },
          { ...place, eventId: '4f1d0c1e-7a2b-4c3d-8e9f-001122334456' },
          { ...place, field: 'prenom' },
        ])
          expect(() => openField(key, other, sealed)).toThrow(BrokenSeal)
        expect(() => openField(key, place, { ...sealed, k: 'reg_2' })).toThrow(BrokenSeal)
        expect(() => openField(key, place, { ...sealed, c: commitment(key, place, [value]) })).toThrow(
          BrokenSeal,
        )
        expect(() => openField(sha256('another key'), place, sealed)).toThrow(BrokenSeal)
      }),
      { seed: 11, numRuns: 40 },
    )
  })

  it('RFC 5869: the commitment key is HKDF with an empty salt', () => {
    const key = randomBytes(32)
    const info = `igc/commit/v1|${place.log}|${place.eventId}|nom`
    const r = Buffer.from(hkdfSync('sha256', key, '', info, 32))
    expect(commitment(key, place, 'x')).toBe(createHmac('sha256', r).update('"x"').digest('hex'))
  })
})

describe('golden vectors', () => {
  it('proofs 1.1: commitment, leaf record and leaf hash of the worked example', () => {
    const log = 'igc.example/registre'
    const id = '4f1d0c1e-7a2b-4c3d-8e9f-001122334455'
    const key = Uint8Array.from({ length: 32 }, (_, i) => i)
    const c = commitment(key, { log, eventId: id, field: 'nom' }, 'Élodie Dupont')
    const record = leafRecord(log, {
      ...{ stream: 'dossier-7c9e6679', revision: 0, id, type: 'CertificateRequested.v1' },
      body: {
        v: 1,
        at: '2026-03-01T10:00:00.000Z',
        pub: { policy: '1.2.250.1.131.1.11.7.3.1.1', profile: 'chiffrement' },
        sealed: { nom: { k: 'reg_7c9e6679', c, ct: Buffer.alloc(44).toString('base64') } },
      },
    })
    expect(record).toBe(
      '{"at":"2026-03-01T10:00:00.000Z","id":"4f1d0c1e-7a2b-4c3d-8e9f-001122334455","log":"igc.example/registre","pub":"65863bc298ed917d30f4a8338b075937075d221d6c9738dcc7c131fcfc7a3507","rev":0,"seal":{"nom":{"c":"dd3ce0f64d5b8bc5e1d41355f43c3bf1496d5bb2b656884628fc16835369c937","e":"85759b3811ff7dc47b03792ac85317be51431a3f9e01dcafce317ed736a391b0","k":"reg_7c9e6679"}},"stream":"dossier-7c9e6679","type":"CertificateRequested.v1","v":1}',
    )
    expect(Buffer.byteLength(record)).toBe(432)
    expect(leafHash(record).toString('hex')).toBe(
      '1c412a3e58c5dfe3d851639f68df588d3ce42b453a91a601868ba2daac9ee5f0',
    )
  })

  it.each(examples)('events 7: $entry.type has its leaf hash', ({ entry, hash }) => {
    expect(leafHash(leafRecord(exampleLog, entry)).toString('hex')).toBe(hash)
  })

  it.each(examples)('events 7: $entry.type opens, and seals to the same bytes', ({ entry }) => {
    for (const [field, sealed] of Object.entries(entry.body.sealed)) {
      const place = { log: exampleLog, eventId: entry.id, field }
      const key = sha256(sealed.k)
      const value = openField(key, place, sealed)
      const nonce = sha256(`${entry.id}|${field}`).subarray(0, 12)
      expect(sealField(place, value, { keyId: sealed.k, key, nonce })).toEqual(sealed)
    }
  })
})
