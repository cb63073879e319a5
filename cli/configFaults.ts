// Everything that is wrong with the settings, not only the first of it: what is at fault is set aside, and the rest is read again.
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { readConfig, type Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { settingOf, strangers } from './settings.ts'

/** What is wrong with one setting, in a sentence that begins with its name. */
export type Finding = Readonly<{ setting: string; message: string }>

export type Examined = Readonly<{
  /** What the installation would start with; undefined where something is at fault. */
  config: Config | undefined
  faults: readonly Finding[]
  warnings: readonly Finding[]
}>

const findingOf = ({ message }: ConfigFault): Finding => ({
  // The policy names its own field where no setting is at fault.
  setting: /^([A-Z][A-Z0-9_]*):/.exec(message)?.[1] ?? 'POLICY_FILE',
  message,
})

const without = (env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))

/** The config, or the first fault. @throws what is no fault of a setting */
const tried = (env: NodeJS.ProcessEnv): Config | ConfigFault => {
  try {
    return readConfig(env)
  } catch (error) {
    if (error instanceof ConfigFault) return error
    throw error
  }
}

/** What a setting may come by. */
const formsOf = ({ setting }: Finding): readonly string[] => [
  settingOf(setting),
  `${settingOf(setting)}_FILE`,
  setting,
]

/**
 * Reads the settings again and again, each time without what was at fault. One that is needed has something put in its place, so that
 * the rest can be read.
 */
const readAll = (
  env: NodeJS.ProcessEnv,
): Readonly<{ config: Config | undefined; faults: readonly Finding[] }> => {
  const faults: Finding[] = []
  const setAside = new Set<string>()
  const replaced = new Set<string>()
  let left = env
  for (;;) {
    const found = tried(left)
    if (!(found instanceof ConfigFault)) return { config: faults.length === 0 ? found : undefined, faults }
    const finding = findingOf(found)
    const [base, forms] = [settingOf(finding.setting), formsOf(finding)]
    if (!setAside.has(base)) faults.push(finding)
    // A fault of the policy, or one that something else in its place does not mend.
    if (replaced.has(base) || !found.message.startsWith(finding.setting)) return { config: undefined, faults }
    const isGone = setAside.has(base) || forms.every((name) => left[name] === undefined)
    left = without(left, forms)
    setAside.add(base)
    if (!isGone) continue
    replaced.add(base)
    left = { ...left, [base]: `in the place of ${base}` }
  }
}

const mayBe = (path: string, mode: number): boolean => {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

const directoryFaults = ({ DATA_DIR: named = './data' }: NodeJS.ProcessEnv): readonly Finding[] => {
  const fault = (message: string): Finding[] => [{ setting: 'DATA_DIR', message: `DATA_DIR: ${message}` }]
  if (!existsSync(named)) {
    let parent = dirname(named)
    while (!existsSync(parent)) parent = dirname(parent)
    return mayBe(parent, constants.W_OK)
      ? []
      : fault(`${named} cannot be made: ${parent} is not ours to write to`)
  }
  if (!statSync(named).isDirectory()) return fault(`${named} is no directory`)
  return mayBe(named, constants.W_OK | constants.X_OK) ? [] : fault(`${named} cannot be written to`)
}

const shortestPassphrase = 12

const passphraseFaults = (env: NodeJS.ProcessEnv): readonly Finding[] => {
  const name = 'GRAND_LIVRE_PASSPHRASE'
  const file = env[`${name}_FILE`]
  const judge = (setting: string, text: string): readonly Finding[] =>
    text.length >= shortestPassphrase
      ? []
      : [{ setting, message: `${setting}: a passphrase has at least ${shortestPassphrase} characters` }]
  if (env[name] !== undefined) return judge(name, env[name])
  if (file === undefined) return []
  const setting = `${name}_FILE`
  if (!mayBe(file, constants.R_OK)) return [{ setting, message: `${setting}: cannot be read: ${file}` }]
  return judge(setting, readFileSync(file, 'utf8').replace(/\r?\n$/, ''))
}

const modules = ['PKCS11_MODULE', 'CARD_TOKEN_MODULE'] as const

const moduleFaults = (env: NodeJS.ProcessEnv): readonly Finding[] =>
  modules.flatMap((setting) => {
    const file = env[setting]
    if (file === undefined || file === '' || mayBe(file, constants.R_OK)) return []
    return [{ setting, message: `${setting}: cannot be read: ${file}` }]
  })

const isOpenToOthers = (path: string): boolean =>
  ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0

/** Secrets that lie in files which others may read, or that are said twice. */
const fileWarnings = (env: NodeJS.ProcessEnv): readonly Finding[] =>
  Object.keys(env)
    .filter((name) => name === 'TLS_KEY_FILE' || settingOf(name) !== name)
    .flatMap((setting) => {
      const [file, base] = [env[setting] ?? '', settingOf(setting)]
      if (base !== setting && env[base] !== undefined)
        return [{ setting, message: `${setting}: is not looked at, as ${base} is set too` }]
      return isOpenToOthers(file)
        ? [
            {
              setting,
              message: `${setting}: others can read ${file}; chmod 600 where nothing else keeps them out`,
            },
          ]
        : []
    })

const loopback = ['127.0.0.1', '::1', 'localhost']

const warningsOf = ({ ops, policy, dataDir }: Config): readonly (readonly [string, boolean, string])[] => {
  const { host = '127.0.0.1' } = ops.metrics ?? {}
  const isBlind = policy.environment === 'production' && ops.metrics === undefined
  return [
    [
      'METRICS_HOST',
      !loopback.includes(host),
      `whoever reaches ${host} reads the metrics: they have no sign-in`,
    ],
    ['METRICS_PORT', isBlind, 'is not set: a production service without it shows no metrics'],
    ['DATA_DIR', isOpenToOthers(dataDir), `others can look into ${dataDir}; chmod 700`],
  ]
}

const otherWarnings = (env: NodeJS.ProcessEnv, config: Config | undefined): readonly Finding[] => {
  const protocol = 'OTEL_EXPORTER_OTLP_PROTOCOL'
  const all: readonly (readonly [string, boolean, string])[] = [
    ...(config === undefined ? [] : warningsOf(config)),
    [protocol, env[protocol]?.startsWith('grpc') === true, 'spans are sent by HTTP, in JSON, all the same'],
  ]
  return all
    .filter(([, holds]) => holds)
    .map(([setting, , said]) => ({ setting, message: `${setting}: ${said}` }))
}

/** Examines the settings of an installation, without opening any part of it. */
export const examine = (env: NodeJS.ProcessEnv): Examined => {
  const { config, faults } = readAll(env)
  const unknown = strangers(env).map(({ name, meant }) => ({
    setting: name,
    message: `${name}: is no setting of Grand-Livre${meant === undefined ? '' : `; is ${meant} meant?`}`,
  }))
  const all = [...faults, ...directoryFaults(env), ...passphraseFaults(env), ...moduleFaults(env)]
  return {
    config: all.length === 0 ? config : undefined,
    faults: all,
    warnings: [...unknown, ...fileWarnings(env), ...otherWarnings(env, config)],
  }
}
