// pkcs11js is compiled where it is installed, and npm leaves it out without a word where there is no compiler.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { command } from './command.ts'
import { install } from './packages.ts'
import { findProgram } from './programs.ts'

const root = join(import.meta.dirname, '../../..')

const loads = async (): Promise<boolean> =>
  (await command(process.execPath, ['-e', "require('pkcs11js')"], { cwd: root })).status === 0

const compiler: readonly (readonly [program: string, debian: string])[] = [
  ['g++', 'g++'],
  ['make', 'make'],
  ['python3', 'python3'],
]

const missingCompiler = (): readonly string[] =>
  compiler.filter(([program]) => findProgram(program) === undefined).map(([, debian]) => debian)

/** The headers that were installed with this Node.js, where they were: the compiler then has nothing to download. */
const headers = (): NodeJS.ProcessEnv => {
  const prefix = dirname(dirname(process.execPath))
  return existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {}
}

/** Compiles pkcs11js where it is missing. Says what to install, or nothing once it loads. */
export const providePkcs11Binding = async (say: (line: string) => void): Promise<string | undefined> => {
  if (await loads()) return undefined
  say('missing: pkcs11js, which npm could not compile')
  const wanted = missingCompiler()
  if (wanted.length > 0) {
    say(`installing ${wanted.join(' ')}`)
    const fault = await install(wanted)
    if (fault !== undefined) say(fault)
  }
  if (missingCompiler().length === 0) {
    say('compiling pkcs11js')
    const made = await command('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
      cwd: root,
      env: { ...process.env, ...headers() },
    })
    if (await loads()) return undefined
    say(made.output)
  }
  return `The tests need pkcs11js first:\n  apt-get install -y --no-install-recommends ${compiler
    .map(([, debian]) => debian)
    .join(' ')} && npm ci`
}
