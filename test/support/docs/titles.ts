// The titles of the tests, read from their source: which clause each of them is about. A title begins with its clauses; its
// places (`%s`) are filled from the rows of its table.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '../../..')

export type Titled = Readonly<{ file: string; title: string; clauses: readonly number[] }>

/** Clauses at the head of a title: `CGU-23, CGU-25: …`, `CGU-61 to CGU-64: …`. */
const clausesAtHead = (title: string): readonly number[] => {
  const head = /^(?:CGU-\d+(?: to CGU-\d+)?)(?:, (?:CGU-\d+(?: to CGU-\d+)?))*/.exec(title)?.[0] ?? ''
  return head
    .split(', ')
    .filter(Boolean)
    .flatMap((part) => {
      const [from = 0, to = from] = part.split(' to ').map((clause) => Number(clause.slice(4)))
      return Array.from({ length: to - from + 1 }, (_, i) => from + i)
    })
}

const textOf = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined

/** `it`, `test`, `it.each(…)`, `test.for(…)`: the name that a call begins with. */
const calleeOf = (node: ts.Expression): string | undefined => {
  if (ts.isIdentifier(node)) return node.text
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) return calleeOf(node.expression)
  return undefined
}

/** The rows of a table that is written where it is used: what their cells say, `…` for what is no text. */
const rowsOf = (callee: ts.Expression): readonly (readonly string[])[] => {
  if (!ts.isCallExpression(callee)) return []
  let table = callee.arguments[0]
  while (table !== undefined && (ts.isAsExpression(table) || ts.isSatisfiesExpression(table)))
    table = table.expression
  if (table === undefined || !ts.isArrayLiteralExpression(table)) return []
  return table.elements.map((row) =>
    (ts.isArrayLiteralExpression(row) ? [...row.elements] : [row]).map((cell) => textOf(cell) ?? '…'),
  )
}

const atMost = 6
const places = /%[sjodi]/g

/** A title with its places filled, once for each of the first rows. */
const titlesOf = (call: ts.CallExpression): readonly string[] => {
  const title = textOf(call.arguments[0])
  if (title === undefined) return []
  if (title.match(places) === null) return [title]
  const rows = rowsOf(call.expression)
  const filled = [
    ...new Set(
      (rows.length === 0 ? [[]] : rows).map((row) => {
        let cell = 0
        return title.replaceAll(places, () => row[cell++] ?? '…')
      }),
    ),
  ]
  // The clause may be the row's own: then each row counts.
  if (title.startsWith('%') || filled.length <= atMost) return filled
  return [...filled.slice(0, atMost), `${title.replaceAll(places, '…')} (${filled.length - atMost} more)`]
}

const read = (file: string): readonly Titled[] => {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest)
  const found: Titled[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(it|test)$/.test(calleeOf(node.expression) ?? ''))
      for (const title of titlesOf(node)) {
        const clauses = clausesAtHead(title)
        if (clauses.length > 0) found.push({ file, title, clauses })
      }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Every test file, in order; those of the pages themselves prove no clause. */
export const testFiles = (): readonly string[] =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('docs/'))
    .map((file) => `test/${file}`)
    .toSorted()

/** Every title that names a clause, by file. */
export const clauseTitles = (): readonly Titled[] => testFiles().flatMap(read)
