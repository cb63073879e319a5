// Finds in a log, or in anything else that leaves, what somebody has said of a person: by every text that was sent, and by every form in
// which a program may write it down.

/** Fields whose values are words of closed lists, ids or dates: they may be in a log. */
const vocabulary = new Set([
  ...[
    'kind',
    'cardKind',
    'profile',
    'ra',
    'method',
    'documentKind',
    'channel',
    'cause',
    'role',
    'ground',
    'means',
  ],
  ...[
    'cguVersion',
    'model',
    'desk',
    'entity',
    'person',
    'requesterRole',
    'authentication',
    'powers',
    'scope',
    'verdict',
  ],
  ...['publicKey', 'signature', 'signedStatement', 'statement', 'proof'],
  ...['fromOn', 'untilOn', 'mandateSignedOn', 'presentedAt', 'algorithm', 'serial', 'component', 'outcome'],
])
const identifier = /^(?:[0-9a-f-]{32,}|\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?)$/i

/** Every text in what was sent, with the field that it stands in. */
const textsOf = (value: unknown, field = ''): readonly string[] => {
  if (typeof value === 'string' && value.startsWith('-----BEGIN ')) return []
  if (typeof value === 'string') return vocabulary.has(field) || identifier.test(value) ? [] : [value]
  if (Array.isArray(value)) return value.flatMap((one) => textsOf(one, field))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) => textsOf(one, name))
}

/** Names, addresses and numbers; not a two-letter word, nor a number that may be anything. */
const isTelling = (word: string): boolean =>
  /^\p{Lu}[\p{L}]{2,}$|@/u.test(word) || /^(?=.*\d)[A-Z0-9]{6,}$/.test(word)

/** Whole texts, and the words in them: a name is one, whatever else was written beside it. */
export const wordsOf = (sent: unknown): readonly string[] =>
  textsOf(sent)
    .filter((text) => text.length >= 5)
    .flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}@.]+/u).filter(isTelling)])

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/** base64 at each of the three places where an octet may begin; what depends on its neighbours is cut off. */
const base64Forms = (octets: Buffer): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), octets])
    const text = whole.toString('base64').replace(/=+$/, '')
    const inner = text.slice(Math.ceil((before * 4) / 3), whole.length % 3 === 0 ? undefined : -1)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })

const shortestEncoded = 5

/** How else the word may be written; as it is, it is looked for by `plain`. */
const encodedForms = (word: string): readonly string[] => {
  const bytes = [Buffer.from(word, 'utf8'), Buffer.from(word, 'latin1'), Buffer.from(word, 'utf16le')]
  const escaped = JSON.stringify(word).slice(1, -1)
  const ascii = escaped.replaceAll(
    /[^ -~]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return [
    ...bytes.filter(({ length }) => length >= shortestEncoded).flatMap(base64Forms),
    ...bytes.filter(({ length }) => length >= shortestEncoded).map((octets) => octets.toString('hex')),
    ...[encodeURIComponent(word), escaped, ascii].filter((form) => form !== word),
  ]
}

/** Instants and random ids: digits that are nobody's. */
const random = /\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\d{4}-\d\d-\d\dT[\d:.]+Z/gi

/** A short one would be found within others: it has to stand alone. */
const stands = (text: string, word: string): boolean =>
  word.length >= 5
    ? text.includes(word)
    : new RegExp(`(?<![\\p{L}\\p{N}])${word.replace(/[^\p{L}\p{N}]/gu, '\\$&')}(?![\\p{L}\\p{N}])`, 'u').test(
        text,
      )

/** The words that are in a text, in whatever form. */
export const leaksIn = (text: string, words: Iterable<string>): readonly string[] => {
  const readable = plain(text.replace(random, ' '))
  const raw = text.toLowerCase()
  return [...new Set(words)].filter(
    (word) =>
      stands(readable, plain(word)) || encodedForms(word).some((form) => raw.includes(form.toLowerCase())),
  )
}
