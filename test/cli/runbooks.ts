// What the runbooks tell people to type, beside what the command line says that it takes.
import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../docs/runbooks/', import.meta.url)

/** What is typed by any runbook and begins with these words: in a block or a span of code, continued lines joined. */
const typed = (words: string): readonly string[] => {
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8').replaceAll(/\\\n\s*/g, ''))
  const found = texts.flatMap((text) => [
    ...[...text.matchAll(new RegExp(`^ *(${words} [^\\n\`|]*)`, 'gm'))].map(([, line = '']) => line),
    ...[...text.matchAll(new RegExp(`\`(${words} [^\`]*)\``, 'g'))].map(([, line = '']) => line),
  ])
  return [...new Set(found.map((line) => line.trim()))]
}

/** Of `docker compose …`: the services that it names, and the command that one of them is given. */
export type ComposeLine = Readonly<{ services: readonly string[]; command: string | undefined }>

const verbs = new Set(['exec', 'run', 'stop', 'start', 'restart', 'up', 'logs', 'ps', 'build'])

/** @throws Error for a verb that is none of those which are known here */
export const composeLine = (line: string): ComposeLine => {
  const [, , verb = '', ...rest] = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? []
  if (!verbs.has(verb)) throw new Error(`${line}: ${verb} is not known here`)
  // What an option of theirs is followed by is no service.
  const words = rest.filter((_, index) => !['-v', '--since'].includes(rest[index - 1] ?? ''))
  if (verb !== 'exec' && verb !== 'run')
    return { services: words.filter((word) => !word.startsWith('-')), command: undefined }
  const at = words.findIndex((word) => !word.startsWith('-'))
  const [given, launcher] = [words.slice(at + 1), ['node', 'cli/grand-livre.js']]
  const isOurs = verb === 'run' || launcher.every((word, index) => given[index] === word)
  const said = (verb === 'run' ? given : given.slice(launcher.length)).join(' ')
  return {
    services: words.slice(at, at + 1),
    command: isOurs && said !== '…' ? `grand-livre ${said}` : undefined,
  }
}

export const composeOfRunbooks = (): readonly ComposeLine[] => typed('docker compose').map(composeLine)

/** Every `grand-livre …` of any runbook, by itself or given to a service. */
export const commandsOfRunbooks = (): readonly string[] => [
  ...typed('grand-livre').filter((line) => line !== 'grand-livre …'),
  ...composeOfRunbooks().flatMap(({ command }) => command ?? []),
]

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
