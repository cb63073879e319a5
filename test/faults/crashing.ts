// An installation that is killed and comes back, and people who do what people do then: the same order once more, with the same
// key. Ledger and database are outside of its process, as in production: an EventStoreDB node and a PostgreSQL server.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import { build } from '../../build.ts'
import { addAccount } from '../../cli/accountsFile.ts'
import { readConfig, type Config } from '../../cli/config.ts'
import { ledgerOver, openRegistersKey } from '../../cli/parts.ts'
import { saveRegister } from '../../cli/registersFile.ts'
import { desks, type Embedded } from '../support/embedded.ts'
import { createOnServer } from '../support/database.ts'
import { openNode, type OwnNode } from '../support/eventstoredb/openNode.ts'
import { agent } from '../support/life.ts'
import { kills, type Strike } from './strike.ts'

const root = new URL('../../', import.meta.url)

/** What the life of a test needs of an installation. */
type Answering = Pick<Embedded, 'account' | 'enrol' | 'policy' | 'ledger'> &
  Readonly<{ app: Pick<Embedded['app'], 'inject'>; services: Pick<Embedded['services'], 'now'> }>

export type Crashing = Readonly<{
  config: Config
  node: OwnNode
  /** For the functions that live a life (test/support/life.ts). */
  product: Embedded
  /** Steps that have been come to, in order. */
  steps: () => readonly string[]
  /** Strikes that nothing has come to yet. */
  left: () => readonly Strike[]
  /** How often the process was killed by a strike. */
  deaths: () => number
  /** Starts it anew with strikes; those that nothing has come to when it is killed are armed in the one that comes back. */
  arm: (strikes: readonly Strike[]) => Promise<void>
  kill: () => Promise<void>
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

/** Asks until the service is there and does not say that it cannot now. */
const patience = { turns: 600, ms: 50 }

/** A request to an application as one over HTTP. */
const initOf = ({ method = 'GET', headers = {}, payload }: InjectOptions) => {
  const given = headers as Record<string, string>
  if (payload === undefined) return { method, headers: given }
  const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload)
  return { method, headers: { 'content-type': 'application/json', ...given }, body }
}

/** @param settings more of the environment */
export const openCrashing = async (settings: Readonly<Record<string, string>> = {}): Promise<Crashing> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-crashing-'))
  const [program, node, database] = await Promise.all([built(directory), openNode(), createOnServer()])
  const shipped = JSON.parse(
    await readFile(new URL('domain/policy/ac-confidentialite-mef-qualifiee.json', root), 'utf8'),
  ) as Record<string, object>
  const [ofRoot, issuing] = [shipped['root'], shipped['issuing']]
  const policyFile = join(directory, 'policy.json')
  await writeFile(
    policyFile,
    JSON.stringify({
      ...shipped,
      root: { ...ofRoot, algorithm: 'ecP384' },
      issuing: { ...issuing, algorithm: 'ecP384' },
    }),
  )
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir(), NODE_ENV: 'production' },
    ...{ GRAND_LIVRE_TEST_KEYS: process.env['GRAND_LIVRE_TEST_KEYS'] ?? '' },
    ...{ DATA_DIR: join(directory, 'data'), POLICY_FILE: policyFile, ESCROW_STOCK: '0' },
    CGU_FILE: new URL('docs/cgu/cgu-ac-confidentialite-mef-qualifiee.txt', root).pathname,
    ...{ LEDGER_URL: node.connectionString, DATABASE_URL: database.url, ...settings },
  }
  const config = readConfig(env)
  const steps: string[] = []
  let armed: readonly Strike[] = []
  let deaths = 0
  let isClosing = false
  let isFirst = true
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
      const comesBack = signal === 'SIGKILL' || (!isListening && wasStruck)
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

  const inject = async (asked: InjectOptions) => {
    const path = asked.url as string
    const init = initOf(asked)
    for (let turn = 0; turn < patience.turns; turn += 1) {
      const { url: at } = await up
      try {
        const response = await fetch(`${at}${path}`, init)
        const body = await response.text()
        if (response.status !== 503)
          return { statusCode: response.status, body, json: () => JSON.parse(body) as unknown }
      } catch {
        // It was killed: it comes back.
      }
      await pause(patience.ms)
    }
    throw new Error(`${init.method} ${path}: the service does not come back`)
  }

  up = launch()
  await up
  isFirst = false
  const registers = { dataDir: config.dataDir, key: await openRegistersKey(config) }
  await saveRegister(registers, 'referential', [
    { matricule: agent.matricule, surname: agent.surname, givenNames: agent.givenNames, active: true },
  ])
  const answering: Answering = {
    ...{ app: { inject } as unknown as Embedded['app'], policy: config.policy },
    // The node may be away for a moment: another store is open when it is back.
    get ledger() {
      return ledgerOver(node.store(), config, undefined)
    },
    services: { now: () => `${new Date().toISOString().slice(0, 19)}Z` },
    enrol: async () => undefined,
    account: (id, roles, more = {}) => {
      const { token, person } = addAccount(
        join(config.dataDir, 'accounts.json'),
        { id, roles, ...more },
        new Date(),
      )
      return { token, person, headers: { authorization: `Bearer ${token}` } }
    },
  }
  const stopChild = async (signal: NodeJS.Signals): Promise<void> => {
    const { child } = await up
    const ended = once(child, 'close')
    child.kill(signal)
    await ended
  }
  return {
    ...{ config, node, product: answering as Embedded },
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
