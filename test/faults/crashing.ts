// An installation that is killed and comes back. Ledger and database are outside of its process, as in production: an EventStoreDB node
// and a PostgreSQL server.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { build } from '../../build.ts'
import { readConfig } from '../../cli/config.ts'
import { openRegistersKey } from '../../cli/parts.ts'
import { saveRegister } from '../../cli/registersFile.ts'
import { quickPolicyText } from '../support/quickPolicy.ts'
import { desks } from '../support/embedded.ts'
import { createOnServer } from '../support/database.ts'
import { openNode, type OwnNode } from '../support/eventstoredb/openNode.ts'
import { agent } from '../support/life.ts'
import { peopleOf, type Struck } from './people.ts'
import { kills, type Strike } from './strike.ts'

const root = new URL('../../', import.meta.url)

export type Crashing = Struck &
  Readonly<{
    node: OwnNode
    /** Steps that have been come to, in order. */
    steps: () => readonly string[]
    /** Strikes that nothing has come to yet. */
    left: () => readonly Strike[]
    /** How often the process was killed by a strike. */
    deaths: () => number
    /** Starts it anew with strikes; those that nothing has come to when it is killed are armed in the one that comes back. */
    arm: (strikes: readonly Strike[]) => Promise<void>
    kill: () => Promise<void>
    /** A server is away while `outage` lasts: a start that it has kept from listening is begun again. */
    during: (outage: () => Promise<void>) => Promise<void>
    /** Stops in order, when everything that is due has been done. */
    stop: () => Promise<void>
    close: () => Promise<void>
  }>

/** Built as the image is: it loads quickly, and each row of the table starts it anew. */
const built = async (directory: string): Promise<string> => {
  await build(directory, ['test/faults/service.ts'])
  for (const name of ['node_modules', 'domain', 'package.json'])
    await symlink(new URL(name, root).pathname, join(directory, name))
  return join(directory, 'test/faults/service.js')
}

type Said = Readonly<{ port?: number; step?: string; struck?: string }>
type Up = Readonly<{ child: ChildProcess; url: string }>

/** @param server a PostgreSQL server of the test's own; without it, the one that all tests share */
export const openCrashing = async (server?: string): Promise<Crashing> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-crashing-'))
  const [program, node, database] = await Promise.all([built(directory), openNode(), createOnServer(server)])
  const policyFile = join(directory, 'policy.json')
  await writeFile(policyFile, quickPolicyText())
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir(), NODE_ENV: 'production' },
    ...{ GRAND_LIVRE_TEST_KEYS: process.env['GRAND_LIVRE_TEST_KEYS'] ?? '' },
    ...{ DATA_DIR: join(directory, 'data'), POLICY_FILE: policyFile, ESCROW_STOCK: '0' },
    CGU_FILE: new URL('docs/cgu/cgu-ac-confidentialite-mef-qualifiee.txt', root).pathname,
    ...{ LEDGER_URL: node.connectionString, DATABASE_URL: database.url },
  }
  const config = readConfig(env)
  const steps: string[] = []
  let armed: readonly Strike[] = []
  let deaths = 0
  let isClosing = false
  let isFirst = true
  let outages = 0
  let up: Promise<Up>

  const launch = async (): Promise<Up> => {
    const child = spawn(process.execPath, [program], {
      env: {
        ...env,
        STRIKES: JSON.stringify(armed),
        ...(isFirst ? { DESKS: desks.join(',') } : {}),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'close')
    let wasAway = outages > 0
    let errors = ''
    let [isListening, wasStruck] = [false, false]
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    const port = new Promise<number | undefined>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = JSON.parse(line) as Said
        if (said.port !== undefined) {
          isListening = true
          resolve(said.port)
        }
        if (said.step !== undefined) steps.push(said.step)
        if (said.struck === undefined) return
        wasStruck = true
        if ((kills as readonly string[]).includes(said.struck)) deaths += 1
        armed = armed.filter(({ step, how }) => step !== said.step || how !== said.struck)
      })
      void ended.then(() => resolve(undefined))
    })
    void ended.then(([status, signal]) => {
      if (isClosing || status === 0) return
      // A start that a fault has kept from listening ends; whoever runs it starts it again.
      wasAway ||= outages > 0
      const comesBack = signal === 'SIGKILL' || (!isListening && (wasStruck || wasAway))
      up = comesBack
        ? launch()
        : Promise.reject(new Error(`the service ended with ${String(status)}: ${errors}`))
      // Whoever asks next is told.
      up.catch(() => undefined)
    })
    const found = await port
    return found === undefined ? await next() : { child, url: `http://127.0.0.1:${found}` }
  }
  /** The one that comes after a process that has died before it listened. */
  const next = async (): Promise<Up> => {
    await pause(1)
    return up
  }

  up = launch()
  await up
  isFirst = false
  const registers = { dataDir: config.dataDir, key: await openRegistersKey(config) }
  await saveRegister(registers, 'referential', [
    { matricule: agent.matricule, surname: agent.surname, givenNames: agent.givenNames, active: true },
  ])
  const product = peopleOf({ config, node, url: async () => (await up).url })
  const stopChild = async (signal: NodeJS.Signals): Promise<void> => {
    const { child } = await up
    const ended = once(child, 'close')
    child.kill(signal)
    await ended
  }
  return {
    ...{ config, node, product },
    steps: () => steps,
    left: () => armed,
    deaths: () => deaths,
    arm: async (strikes) => {
      armed = strikes
      await stopChild('SIGKILL')
      await pause(1)
      await up
    },
    kill: () => stopChild('SIGKILL'),
    during: async (outage) => {
      outages += 1
      await outage().finally(() => (outages -= 1))
    },
    stop: async () => {
      isClosing = true
      await stopChild('SIGTERM')
    },
    close: async () => {
      isClosing = true
      await up.then(({ child }) => child.kill('SIGKILL')).catch(() => undefined)
      await node.close()
      await database.drop()
      await rm(directory, { recursive: true })
    },
  }
}
