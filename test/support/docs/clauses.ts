// docs/clauses.md: its last column says where the code cites each clause. The rest of the page is written by hand.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')
export const clausesFile = join(root, 'docs/clauses.md')
const folders = ['api', 'commands', 'domain', 'hsm', 'jobs', 'ledger', 'pki', 'projections', 'readmodels']
const row = /^\| (CGU-\d{2,3}) \| (.*) \| (.*?) \| .*\|$/

const numberOf = (clause: string): number => Number(clause.slice(4))

/** Clauses that a text cites; `CGU-61 to CGU-76` is all of them. */
export const clausesIn = (text: string): ReadonlySet<number> => {
  const cited = new Set([...text.matchAll(/CGU-\d+/g)].map(([clause]) => numberOf(clause)))
  for (const [, from = '', to = ''] of text.matchAll(/(CGU-\d+) to (CGU-\d+)/g))
    for (let clause = numberOf(from); clause <= numberOf(to); clause += 1) cited.add(clause)
  return cited
}

/** Production files, in order, with the clauses that each cites; the table of refusals cites nearly all, and is left out. */
export const citing = (): readonly (readonly [string, ReadonlySet<number>])[] =>
  folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter((file) => file.endsWith('.ts') && file !== 'domain/refusals.ts')
    .toSorted()
    .map((file) => [file, clausesIn(readFileSync(join(root, file), 'utf8'))])

/** The whole page, as it should be. */
export const clausesPage = (): string => {
  const files = citing()
  return readFileSync(clausesFile, 'utf8')
    .split('\n')
    .map((line) => {
      const [, clause, rule, reading] = row.exec(line) ?? []
      if (clause === undefined) return line
      const inCode = files.filter(([, cited]) => cited.has(numberOf(clause))).map(([file]) => `\`${file}\``)
      return `| ${clause} | ${rule ?? ''} | ${reading ?? ''} | ${inCode.join(', ')} |`
    })
    .join('\n')
}
