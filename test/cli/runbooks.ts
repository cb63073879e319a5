// What the runbooks tell people to type, beside what the command line says that it takes.
import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../docs/runbooks/', import.meta.url)

/** Every `grand-livre …` in a block or a span of code of any runbook, continued lines joined. */
export const commandsOfRunbooks = (): readonly string[] => {
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8').replaceAll(/\\\n\s*/g, ''))
  const found = texts.flatMap((text) => [
    ...[...text.matchAll(/^ *(grand-livre [^\n`|]*)/gm)].map(([, line = '']) => line),
    ...[...text.matchAll(/`(grand-livre [^`]*)`/g)].map(([, line = '']) => line),
  ])
  return [...new Set(found.map((line) => line.trim()))]
}

/** Whether there is that command, and it has those options. @param helps the help of each command, by its words */
export const fits = (line: string, helps: Readonly<Record<string, string>>): boolean => {
  const words = line
    .replaceAll(/'[^']*'|"[^"]*"/g, 'x')
    .split(/\s+/)
    .slice(1)
  const paths = words.map((_, index) => words.slice(0, index + 1).join(' '))
  const path = paths.findLast((one) => helps[one] !== undefined)
  const help = path === undefined ? undefined : helps[path]
  if (path === undefined || help === undefined) return false
  const [usage = ''] = help.split('\n')
  const given = words.slice(path.split(' ').length)
  const takesArguments = /[<[](?!options|command)\w/.test(usage)
  if (/\[command\]/.test(usage) || (!takesArguments && given[0]?.startsWith('--') === false)) return false
  return given
    .filter((word) => word.startsWith('--'))
    .every((option) => new RegExp(`^\\s+(?:-\\w, )?${option}(?:\\s|$)`, 'm').test(help))
}
