// docs/refusals.md, made from domain/refusals.ts: the one place where a refusal is written by hand.
import { refusals } from '../../../domain/refusals.ts'

const head = `# Refusals

A command that the conditions of use do not allow is refused with a code and the clause that says so. The codes are
stable: programs may rely on them. Over HTTP a refusal is an \`application/problem+json\` document with the same \`code\`
and \`clause\`. The clauses are those of \`docs/cgu/\`; where a code names several, the answer cites the one that applies.

This page is generated from \`domain/refusals.ts\` by \`npm run docs\`; a test keeps the two in step.
`

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** The whole page. */
export const refusalsPage = (): string => {
  const rows = Object.entries(refusals)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { clauses, fr, en }]) => [`\`${code}\``, clauses.join(', '), cell(fr), cell(en)])
  const lines = [['Code', 'Clause', 'Français', 'English'], ['---', '---', '---', '---'], ...rows]
  return [head, ...lines.map((row) => `| ${row.join(' | ')} |`), ''].join('\n')
}
