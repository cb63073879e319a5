// `grand-livre config check`: what an installation would start with, everything that is wrong with it, and whether what it names answers.
import { ConfigFault } from './configFault.ts'
import { examine, type Finding } from './configFaults.ts'
import { connect, type Connection } from './connections.ts'
import { columns, type Output } from './output.ts'
import { NothingThere } from './reading.ts'
import { settingOf, settings, type Setting } from './settings.ts'

type Effective = Readonly<{ name: string; value: string; from: string }>

const masked = '•••'

/** An address without who signs in, and without what follows it, which may hold a key. A password may have any sign in it, also where it should not. */
const maskedUrl = (text: string): string =>
  text
    .replace(/\/\/.*@/, `//${masked}@`)
    .replace(/\?.*$/, `?${masked}`)
    .slice(0, 200)

const shown = ({ secret }: Setting, text: string): string => {
  if (secret === undefined) return text
  return secret === 'url' && /^[a-z0-9+]+:\/\//i.test(text) ? maskedUrl(text) : masked
}

const effectiveOf = (env: NodeJS.ProcessEnv, environment: string): readonly Effective[] => [
  ...settings.map((setting): Effective => {
    const { name, standard, secret } = setting
    const [text, file] = [env[name], secret === undefined ? undefined : env[`${name}_FILE`]]
    if (text !== undefined) return { name, value: shown(setting, text), from: 'environment' }
    if (file !== undefined) return { name, value: masked, from: file }
    return { name, value: typeof standard === 'string' ? standard : standard(environment), from: 'default' }
  }),
  // Read by OpenTelemetry itself; headers of any kind are how one signs in there.
  ...Object.keys(env)
    .filter((name) => name.startsWith('OTEL_') && settings.every((one) => one.name !== settingOf(name)))
    .sort()
    .map((name) => ({
      name,
      value: name.endsWith('HEADERS') ? masked : maskedUrl(env[name] ?? ''),
      from: 'environment',
    })),
]

const listed = (title: string, findings: readonly Finding[]): readonly string[] =>
  findings.length === 0 ? [] : ['', title, ...findings.map(({ message }) => `  ${message}`)]

const words = (
  effective: readonly Effective[],
  faults: readonly Finding[],
  warnings: readonly Finding[],
  connections: readonly Connection[],
): string =>
  [
    columns([['SETTING', 'VALUE', 'FROM'], ...effective.map(({ name, value, from }) => [name, value, from])]),
    ...listed('At fault:', faults),
    ...listed('To be looked at:', warnings),
    ...(connections.length === 0
      ? []
      : ['', columns(connections.map((one) => [`  ${one.part}`, one.answers ? 'ok' : 'FAILED', one.words]))]),
  ].join('\n')

const inWords = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/**
 * Shows the settings and what is wrong with them. `asked.connect`: asks what they name for an answer, too.
 * @throws ConfigFault where a setting is at fault; NothingThere where a part gives no answer
 */
export const configCheck = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  asked: Readonly<{ connect?: boolean }>,
): Promise<void> => {
  const { config, faults, warnings } = examine(env)
  const connections = asked.connect === true && config !== undefined ? await connect(config) : []
  const effective = effectiveOf(env, config?.policy.environment ?? 'test')
  output.result({ settings: effective, faults, warnings, connections }, () =>
    words(effective, faults, warnings, connections),
  )
  if (faults.length > 0)
    throw new ConfigFault(`${inWords(faults.length, 'setting is', 'settings are')} at fault`)
  const silent = connections.filter(({ answers }) => !answers)
  if (silent.length > 0) throw new NothingThere(`no answer: ${silent.map(({ part }) => part).join(', ')}`)
}
