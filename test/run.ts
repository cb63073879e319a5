// `npm test`: brings up what the tests need, runs them, takes everything down, and closes with the counts.
//   npm test                          every test
//   npm test -- test/pki -t 'CGU-44'  arguments of vitest: files, or a part of a title
//   npm test -- --no-services         without PostgreSQL, Redis, SoftHSM2 and pcscd
import { join } from 'node:path'
import { closing } from './support/closing.ts'
import { makeEmbedded } from './support/embeddedDatabase.ts'
import { makeHolderKeys } from './support/holderKeys.ts'
import { layOut } from './support/installed.ts'
import { providePackages } from './support/services/packages.ts'
import { providePkcs11Binding } from './support/services/pkcs11Binding.ts'
import { startServices, type Services } from './support/services/services.ts'
import { openWorkspace, type Workspace } from './support/services/workspace.ts'
import { runVitest, type VitestRun } from './support/vitest.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const args = process.argv.slice(2)
const isWithout = args.includes('--no-services')
const vitestArgs = args.filter((arg) => arg !== '--no-services')
const isFiltered = vitestArgs.some((arg) => /^(-t|--testNamePattern)/.test(arg))

/** The command is tried as its image has it, if anything is that starts it; else nobody waits for it to be built. */
const startsCommand =
  !vitestArgs.some((arg) => arg.startsWith('test/')) ||
  vitestArgs.some((arg) => /^test\/(cli|faults)/.test(arg))

const up: { services?: Services; prepared?: Workspace; run?: VitestRun } = {}

const takeDown = async (): Promise<void> => {
  up.run?.kill()
  up.prepared?.remove()
  await up.services?.stop()
}

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const)
  process.once(signal, () => void takeDown().finally(() => process.exit(128 + number)))

const start = async (): Promise<boolean> => {
  const missing = (await providePackages(say)) ?? (await providePkcs11Binding(say))
  if (missing !== undefined) {
    say(missing)
    return false
  }
  const before = performance.now()
  up.services = await startServices()
  say(`PostgreSQL, Redis, SoftHSM2 and pcscd are up (${((performance.now() - before) / 1000).toFixed(1)} s)`)
  return true
}

const layCommandOut = async ({ path }: Workspace): Promise<Readonly<Record<string, string>>> => {
  if (!startsCommand) return {}
  const image = join(path, 'app')
  return { GRAND_LIVRE_LAUNCHER: await layOut(image), GRAND_LIVRE_BUILT: join(image, 'dist') }
}

/** What tests use ready-made: the command as its image has it, pairs of keys, and an embedded database. */
const prepare = async (): Promise<Readonly<Record<string, string>>> => {
  const before = performance.now()
  up.prepared = openWorkspace()
  const [command, keys, database] = await Promise.all([
    layCommandOut(up.prepared),
    makeHolderKeys(join(up.prepared.path, 'holder-keys.json')),
    makeEmbedded(join(up.prepared.path, 'embedded')),
  ])
  say(
    `${startsCommand ? 'The command and keys are' : 'Keys are'} ready (${((performance.now() - before) / 1000).toFixed(1)} s)`,
  )
  return { ...command, ...keys, ...database }
}

const main = async (): Promise<number> => {
  if (!isWithout && !(await start())) return 2
  up.run = runVitest(vitestArgs, { ...up.services?.env, ...(await prepare()) })
  const report = await up.run.ended
  up.prepared?.remove()
  await up.services?.stop()
  const { lines, status } = closing(report, isFiltered)
  lines.forEach(say)
  return status
}

process.exitCode = await main()
