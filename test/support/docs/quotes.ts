// What comments quote of the conditions of use, behind the number of a clause: `CGU-44: « … »`.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')
const folders = ['api', 'commands', 'domain', 'hsm', 'jobs', 'pki', 'projections']

/** A text without what a comment's layout changes: blanks, bullets, the form of apostrophes, case. */
export const plain = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').replaceAll('’', "'").replaceAll('• ', '').toLowerCase()

const commentsOf = (source: string): string =>
  plain(
    source
      .split('\n')
      .filter((line) => /^\s*(\/\/|\/?\*)/.test(line))
      .map((line) => line.replace(/^\s*(\/\/|\/\*\*|\*)\s?/, '').replace(/\*\/\s*$/, ''))
      .join(' '),
  )

/** From behind a « to the » that closes it: quotes may stand in quotes. */
const quoteAt = (text: string, start: number): string => {
  let depth = 1
  let end = start
  for (; end < text.length && depth > 0; end += 1) {
    if (text[end] === '«') depth += 1
    if (text[end] === '»') depth -= 1
  }
  return text.slice(start, end - 1)
}

/** Every quote, with what stands between its omissions (`…`). */
export const quotesOfTheNorm = (): readonly Readonly<{ file: string; parts: readonly string[] }>[] =>
  folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = commentsOf(readFileSync(join(root, file), 'utf8'))
      return [...text.matchAll(/cgu-\d+[^«»]{0,40}« /g)].map(({ 0: found, index }) => ({
        file,
        parts: quoteAt(text, index + found.length)
          .split('…')
          .map((part) => part.trim().replace(/[.;,]$/, ''))
          .filter(Boolean),
      }))
    })
