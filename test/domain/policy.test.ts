import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addDays,
  addSeconds,
  addYears,
  dayOf,
  monthsBefore,
  quarterOf,
  secondsOf,
} from '../../domain/policy/dates.ts'
import { normaliseName, sameName } from '../../domain/policy/names.ts'
import { marked, parsePolicy } from '../../domain/policy/policy.ts'
import { escrowRuns, escrowUntil, notAfterOf } from '../../domain/policy/validity.ts'
import { shipped } from '../commands/facts.ts'

type Tree = Readonly<Record<string, unknown>>

/** A copy in which the value at a path, as `/crl/everyHours`, is another, or is left out. */
const changed = (tree: unknown, path: string, value: unknown): unknown => {
  const [, name = '', ...rest] = path.split('/')
  if (name === '') return value
  const copy = (Array.isArray(tree) ? [...(tree as unknown[])] : { ...(tree as Tree) }) as Record<
    string,
    unknown
  >
  const inner = changed(copy[name], rest.map((part) => `/${part}`).join(''), value)
  if (inner === undefined) return Object.fromEntries(Object.entries(copy).filter(([key]) => key !== name))
  copy[name] = inner
  return copy
}

/** As production takes it: with the key of a security officer. */
const inProduction = (policy: unknown): unknown =>
  changed(changed(policy, '/environment', 'production'), '/escrow/approvalAnchors', ['a'.repeat(64)])

/** Every field of the policy that holds no others. */
const leaves = (tree: unknown, path = ''): readonly string[] =>
  typeof tree === 'object' && tree !== null
    ? Object.entries(tree).flatMap(([name, inner]) => leaves(inner, `${path}/${name}`))
    : [path]

const faultOf = (policy: unknown): string => {
  try {
    parsePolicy(policy)
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

describe('the policy file', () => {
  it('CGU-02: the shipped one is read, as it is', () => {
    expect(parsePolicy(shipped)).toBe(shipped)
  })

  it.each([
    ['/root/algorithm', 'rsa3072'],
    ['/issuing/algorithm', 'ecP256'],
    ['/ocsp/algorithm', 'ecP256'],
    ['/records/logAlgorithm', 'rsa3072'],
    ['/records/exportAlgorithm', 'ecP256'],
  ])('RGS B1: %s may not be %s in production, and may in a test', (path, value) => {
    const weak = changed(shipped, path, value)
    expect(faultOf(weak)).toBe('none')
    expect(faultOf(inProduction(weak))).toBe(
      `the policy file is not valid: ${path} must be rsa4096 or ecP384 in production`,
    )
    expect(faultOf(inProduction(shipped))).toBe('none')
  })

  it.each([
    ['none', undefined],
    ['an empty list', []],
  ])(
    'CGU-46: in production it names the key of a security officer, and may not in a test: %s',
    (_, value) => {
      const without = changed(shipped, '/escrow/approvalAnchors', value)
      expect(faultOf(without)).toBe('none')
      expect(faultOf(changed(without, '/environment', 'production'))).toBe(
        'the policy file is not valid: /escrow/approvalAnchors must name the key of a security officer in production: ' +
          'the SHA-256 that `openssl pkey -pubin -in key.pem -outform DER | sha256sum` prints',
      )
    },
  )

  it('each of its fields, with a value of another type, is named by the error', () => {
    const unnamed = leaves(shipped).filter((path) => {
      const fault = faultOf(changed(shipped, path, [{}]))
      return !fault.startsWith('the policy file is not valid: ') || !fault.includes(`${path} `)
    })
    expect(unnamed).toEqual([])
    expect(leaves(shipped).length).toBeGreaterThan(60)
  })

  it('each of its fields, left out, is missed: the error names it', () => {
    const inObjects = leaves(shipped).filter((path) => !/\/\d+$/.test(path))
    const unnamed = inObjects.filter((path) => {
      const fault = faultOf(changed(shipped, path, undefined))
      return (
        !fault.includes(`${path.slice(0, path.lastIndexOf('/')) || '/'} `) ||
        !fault.includes(path.split('/').at(-1)!)
      )
    })
    expect(unnamed).toEqual([])
  })

  it('a field that it does not have is refused wherever it stands', () => {
    const objects = [...new Set(leaves(shipped).map((path) => path.slice(0, path.lastIndexOf('/'))))].filter(
      (path) =>
        !/\/(rootCertificate|caCertificate|crl|rootCrl|ocsp|caIssuers|channels|expiryLeadDays|sites)$/.test(
          path,
        ) || /^\/(crl|ocsp)$/.test(path),
    )
    const accepted = objects.filter((path) => faultOf(changed(shipped, `${path}/colour`, 'blue')) === 'none')
    expect(accepted).toEqual([])
  })

  it.each([
    ['CGU-18: three years, whoever edits the file', '/holder/validityYears', 2],
    ['CGU-18: three years', '/holder/validityYears', 4],
    ['CGU-41: ten years of escrow', '/escrow/years', 9],
    ['CGU-41: ten years of escrow', '/escrow/years', 11],
    ['CGU-46: two officers at least', '/escrow/recoveryQuorum', 1],
    ['CGU-46: fingerprints of keys', '/escrow/approvalAnchors', 'a'.repeat(64)],
    ['CGU-46: a key once', '/escrow/approvalAnchors', ['a'.repeat(64), 'a'.repeat(64)]],
    ['CGU-60: RSA-3072', '/holder/algorithm', 'rsa2048'],
    ['CGU-60: RSA-3072', '/holder/algorithm', 'ecP256'],
    ['CGU-76: a CRL a day', '/crl/everyHours', 25],
    ['CGU-76: a CRL a day', '/crl/everyHours', 0],
    ['EN 319 411-1 CSS-6.3.9-12: a root list a year', '/crl/rootEveryDays', 365],
    ['EN 319 411-1 CSS-6.3.9-12: good for a year', '/crl/rootValidityDays', 366],
    ['D2: a list is followed before it ends', '/crl/validityHours', 24],
    ['D2: a root list is followed before it ends', '/crl/rootValidityDays', 180],
    ['CGU-51: a card blocks', '/card/pinTries', 0],
    ['CGU-51: a card blocks', '/card/pinTries', 16],
    ['CGU-50: a PIN of four digits', '/card/pinMinLength', 3],
    ['CGU-14: a card has slots', '/card/models/0/slots', 0],
    ['CGU-14: a card model', '/card/models', []],
    ['CGU-12: three addresses, none empty', '/publication/crl', []],
    ['CGU-12: an address', '/publication/crl/0', 'ftp://crl.example/ca.crl'],
    ['CGU-12: an address', '/holder/cpsUri', 'https://'],
    ['CGU-11: an object identifier', '/holder/policyOid', '3.1.2'],
    ['CGU-11: an object identifier', '/holder/policyOid', '1.02.3'],
    ['CGU-01: a digest', '/cgu/sha256', 'ABCD'],
    ['CGU-03: a SIREN', '/issuing/siren', '12345678'],
    ['CGU-03: a country', '/issuing/country', 'fr'],
    ['CGU-03: a name', '/issuing/commonName', ''],
    ['CGU-67: a channel', '/ras/0/channels/0', 'telegram'],
    ['CGU-70: a registration authority', '/ras', []],
    ['RGS A4 II.4: test or production', '/environment', 'staging'],
    ['proofs 1.2: the origin of the log', '/log', 'Grand Livre'],
    ['whole numbers', '/request/lapseDays', 1.5],
    ['no floats', '/version', -1],
  ])('%s: %s may not be %j', (_, path, value) => {
    expect(faultOf(changed(shipped, path, value))).toContain(`${path} `)
  })

  it.each(['A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)} -`, 'SHA256:abc'])(
    'CGU-46: %s is no fingerprint: lower-case hex alone',
    (value) => {
      expect(faultOf(changed(shipped, '/escrow/approvalAnchors', [value]))).toContain(
        '/escrow/approvalAnchors/0 ',
      )
    },
  )

  it.each([[undefined], [null], ['policy'], [[]], [7]])('%j is no policy', (value) => {
    expect(faultOf(value)).toContain('the policy file is not valid: / ')
  })

  it('RGS A4 II.4: names are marked everywhere but in production', () => {
    const names = [shipped, inProduction(shipped)].map((policy) => marked(parsePolicy(policy), 'AC RACINE'))
    expect(names).toEqual(['TEST AC RACINE', 'AC RACINE'])
  })
})

const seeded = { seed: 20260302, numRuns: 300 }
const instants = fc
  .date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2099-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => `${date.toISOString().slice(0, 19)}Z`)
const timeOf = (instant: string): number => Date.parse(instant) / 1000
const france = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris', dateStyle: 'short' })

describe('dates', () => {
  it('RFC 5280 4.1.2.5: seconds are counted as the calendar of the system counts them', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: -1e8, max: 1e8 }), (instant, seconds) => {
        expect(secondsOf(instant)).toBe(timeOf(instant))
        expect(timeOf(addSeconds(instant, seconds))).toBe(timeOf(instant) + seconds)
        expect(addDays(instant, 1)).toBe(addSeconds(instant, 86_400))
      }),
      seeded,
    )
  })

  it('CGU-27, CGU-114: the day and the quarter are those of France, summer and winter', () => {
    const checkDay = (instant: string): void => {
      const day = france.format(new Date(instant))
      expect([instant, dayOf(instant)]).toEqual([instant, day])
      expect(quarterOf(instant)).toBe(`${day.slice(0, 4)}-Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`)
    }
    // Summer time as the directive of 2000 has it; before 1996 it ended in September.
    const present = instants.filter((instant) => instant >= '1996')
    fc.assert(fc.property(present, checkDay), seeded)
    const changes = [
      '2026-03-29T00:59:59Z',
      '2026-03-29T01:00:00Z',
      '2026-10-25T00:59:59Z',
      '2026-10-25T01:00:00Z',
    ]
    for (const edge of [...changes, '2026-06-30T21:59:59Z', '2026-06-30T22:00:00Z', '2026-12-31T23:00:00Z'])
      checkDay(edge)
  })

  it('CGU-18, CGU-41: years later it is the same day, or the last of February', () => {
    fc.assert(
      fc.property(instants, fc.constantFrom(3, 10, 20), (instant, years) => {
        const later = addYears(instant, years)
        const isFolded = instant.slice(4, 10) === '-02-29' && later.slice(4, 10) === '-02-28'
        expect(later.slice(0, 4)).toBe(String(Number(instant.slice(0, 4)) + years))
        expect(new Date(later).toISOString().slice(0, 19)).toBe(later.slice(0, 19))
        if (!isFolded) expect(later.slice(4)).toBe(instant.slice(4))
        expect(later.slice(10)).toBe(instant.slice(10))
      }),
      seeded,
    )
  })

  it.each([
    ['2026-03-02T09:00:00Z', '2029-03-02T08:59:59Z', '2036-03-02T09:00:00Z'],
    ['2028-02-29T12:00:00Z', '2031-02-28T11:59:59Z', '2038-02-28T12:00:00Z'],
    ['2028-02-29T00:00:00Z', '2031-02-27T23:59:59Z', '2038-02-28T00:00:00Z'],
    ['2025-02-28T23:59:59Z', '2028-02-28T23:59:58Z', '2035-02-28T23:59:59Z'],
    ['2046-12-31T23:59:59Z', '2049-12-31T23:59:58Z', '2056-12-31T23:59:59Z'],
    ['2047-01-01T00:00:00Z', '2049-12-31T23:59:59Z', '2057-01-01T00:00:00Z'],
    ['2047-01-01T00:00:01Z', '2050-01-01T00:00:00Z', '2057-01-01T00:00:01Z'],
    ['2096-02-29T06:00:00Z', '2099-02-28T05:59:59Z', '2106-02-28T06:00:00Z'],
  ])(
    'CGU-18, CGU-41: from %s the certificate is valid to %s, the escrow ends at %s',
    (from, notAfter, until) => {
      expect(notAfterOf(from, 3)).toBe(notAfter)
      expect(escrowUntil(from, 10)).toBe(until)
      expect([escrowRuns(until, addSeconds(until, -1)), escrowRuns(until, until)]).toEqual([true, false])
    },
  )

  it.each([
    ['2026-05-31', 3, '2026-02-28'],
    ['2028-05-31', 3, '2028-02-29'],
    ['2026-03-02', 3, '2025-12-02'],
    ['2026-01-31', 1, '2025-12-31'],
    ['2026-12-31', 12, '2025-12-31'],
    ['2026-07-31', 1, '2026-06-30'],
    ['2050-01-01', 1, '2049-12-01'],
  ])('CGU-08: the day %s, %i months before, is %s', (day, months, before) => {
    expect(monthsBefore(day, months)).toBe(before)
  })
})

describe('names', () => {
  const spellings = [
    ["D'Été-Brûlé", 'd ete brule'],
    ['D’ÉTÉ‑BRÛLÉ', 'd ete brule'],
    ['D\u2019E\u0301te\u0301 Bru\u0302le\u0301', 'd ete brule'],
    ['  Nguyễn   Văn-Đức ', 'nguyen van đuc'],
    ['Łukasz Ångström', 'łukasz angstrom'],
    ['O’Connor', 'o connor'],
    ['Œuvré ﬁls', 'œuvre fils'],
    ['Jean-François 3e', 'jean francois 3e'],
  ] as const
  it.each(spellings)('CGU-44, CGU-71: %j is compared as %j', (name, normalised) => {
    expect(normaliseName(name)).toBe(normalised)
    expect(normaliseName(normalised)).toBe(normalised)
  })

  it.each([
    ['Zoë Maëlle D’Été-Brûlé', "D'ETE BRULE zoe-maelle", true],
    ['Jean Dupont', 'Dupont Jean', true],
    ['Zoë Cœur-Lætitia', 'COEUR LAETITIA ZOE', true],
    ['Œuvrard Straße', 'oeuvrard strasse', true],
    ['Jean Dupont', 'Jean Dupond', false],
    ['Jean Dupont', 'Jean', false],
    ['Jean Jean Dupont', 'Jean Dupont', false],
    ['Anne-Marie Lou', 'Anne Marielou', false],
    ['', '', false],
    ['-', '’', false],
  ])('CGU-44: %j and %j name one person: %s', (one, other, same) => {
    expect([sameName(one, other), sameName(other, one)]).toEqual([same, same])
  })

  it('CGU-44: neither case, accents, separators nor the order of the words tells two persons apart', () => {
    const word = fc.constantFrom('Zoë', 'Maëlle', 'Été', 'BRÛLÉ', 'Noël', 'Gaël', 'Çelik', 'Ñandú')
    const separator = fc.constantFrom(' ', '-', '’', "'", '  ', ' - ')
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), separator, (words, between) => {
        const bare = words.map((one) =>
          one
            .normalize('NFD')
            .replace(/[\u0300-\u036f]/g, '')
            .toUpperCase(),
        )
        expect(sameName(words.join(between), [...bare].reverse().join(' '))).toBe(true)
        expect(sameName(words.join(between), [...bare, 'X'].join(' '))).toBe(false)
      }),
      seeded,
    )
  })
})
