// `grand-livre revoke`: the certificates of a list, each by a request of its own to a running service. Who revokes, why, and whom a request
// names is judged there as for any other (CGU-61 to CGU-75); given again, the same list does nothing twice.
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'csv-parse/sync'
import { v5 } from 'uuid'
import { ConfigFault } from './configFault.ts'
import { openProgress, type Output } from './output.ts'
import { NothingThere } from './reading.ts'

export type RevokeAsked = Readonly<{
  /** Where the service answers, as `http://127.0.0.1:8080`. */
  url: string
  /** File with the token of an officer of the RA or of the CA. */
  officer: string
  as: string
  cause: string
  note: string
}>

type Entry = Readonly<{ line: number; serial: string; holder: string }>

/** @throws ConfigFault that quotes nothing of the list */
const rowsOf = (text: string): string[][] => {
  const how = { delimiter: [';', ','], bom: true, trim: true, skip_empty_lines: true }
  try {
    return parse(text, { ...how, relax_column_count: true })
  } catch (error) {
    const { lines } = error as { lines?: unknown }
    const where = typeof lines === 'number' ? `line ${lines}` : 'the list'
    throw new ConfigFault(`${where} is no CSV: a quotation mark stands where none may`)
  }
}

/** @throws ConfigFault that names the line, and quotes nothing of it */
const entriesOf = (text: string): readonly Entry[] => {
  const rows = rowsOf(text)
  if (rows.length === 0) throw new ConfigFault('the list is empty')
  const entries = rows.map((row, index) => ({
    ...{
      line: index + 1,
      serial: (row[0] ?? '').replaceAll(/[\s:]/g, '').toLowerCase(),
      holder: row[1] ?? '',
    },
    isWhole: row.length === 2,
  }))
  const wrong = entries.find(
    ({ serial, holder, isWhole }) => !isWhole || !/^[0-9a-f]{2,40}$/.test(serial) || holder === '',
  )
  if (wrong !== undefined)
    throw new ConfigFault(`line ${wrong.line} is not: serial number;name of the holder`)
  if (new Set(entries.map(({ serial }) => serial)).size < entries.length)
    throw new ConfigFault('a serial number stands twice in the list')
  return entries
}

type Outcome = Readonly<{ line: number; serial: string; status: number; code: string }>

const namespace = '4b1e3c55-5b0e-5a3e-9d0e-6a3d3c1f0a77'

const requireUrl = (url: string): void => {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new ConfigFault(`--url: ${url} is no address, as http://127.0.0.1:8080`)
}

/** @throws ConfigFault; it never quotes what is no token */
const tokenIn = (file: string, text: string): string => {
  if (/^[\x21-\x7e]+$/.test(text.trim())) return text.trim()
  throw new ConfigFault(`--officer: ${file} holds no token`)
}

/**
 * Of one order one key, whichever list it stands in: one that was corrected and is given again asks for nothing twice. Without the token
 * nobody tries names by it.
 */
const keyOf = (token: string, { cause, note, as }: RevokeAsked, { serial, holder }: Entry): string => {
  const order = JSON.stringify([cause, note, as, serial, holder])
  return v5(createHmac('sha256', token).update(order).digest('hex'), namespace)
}

/** Refused for a while: the service says how long. */
const tooMany = 429

const send = async (asked: RevokeAsked, token: string, one: Entry): Promise<Outcome> => {
  for (;;) {
    const answer = await fetch(
      `${asked.url.replace(/\/+$/, '')}/api/v1/certificates/${one.serial}/revocation`,
      {
        method: 'POST',
        headers: {
          ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          'idempotency-key': keyOf(token, asked, one),
        },
        body: JSON.stringify({
          ...{ holderName: one.holder, requesterName: asked.as, channel: 'internal' },
          ...{ cause: asked.cause, note: asked.note },
        }),
      },
    ).catch((cause: unknown) => {
      const from = `${asked.url} gives no answer, at line ${one.line}`
      throw new NothingThere(`${from}: what was sent is done, and the same command goes on`, { cause })
    })
    // A proxy in between may answer in words of its own.
    const { code = '' } = (await answer.json().catch(() => ({}))) as { code?: string }
    if (answer.status !== tooMany) return { line: one.line, serial: one.serial, status: answer.status, code }
    await sleep(Number(answer.headers.get('retry-after') ?? 1) * 1000)
  }
}

const words = (total: number, refused: readonly Outcome[]): string =>
  [
    `${total - refused.length} of ${total} certificates are revoked.`,
    ...refused.map(({ line, serial, status, code }) => `  line ${line}: ${serial} ${status} ${code}`),
  ].join('\n')

/**
 * Revokes every certificate of a list.
 * @param file lines of `serial number;name of the holder`
 * @returns whether all of them are revoked
 * @throws ConfigFault where the list is not one: nothing was sent; NothingThere where the service does not answer
 */
export const revokeList = async (output: Output, file: string, asked: RevokeAsked): Promise<boolean> => {
  const text = await readFile(file, 'utf8')
  const entries = entriesOf(text)
  const token = tokenIn(asked.officer, await readFile(asked.officer, 'utf8'))
  requireUrl(asked.url)
  const progress = openProgress('Revoking', { unit: 'certificates' })
  const refused: Outcome[] = []
  try {
    for (const [index, one] of entries.entries()) {
      const outcome = await send(asked, token, one)
      if (outcome.status >= 300) refused.push(outcome)
      progress.update(index + 1, (index + 1) / entries.length)
    }
  } finally {
    progress.stop()
  }
  output.result({ revoked: entries.length - refused.length, refused }, () => words(entries.length, refused))
  return refused.length === 0
}
