// `grand-livre demo`: an installation of its own, in a temporary directory and on a port of its own, and one life in it.
import { open, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { addAccount } from '../accountsFile.ts'
import { readConfig } from '../config.ts'
import { readRelease } from '../shipped.ts'
import { openInstallation } from '../installation.ts'
import type { Output } from '../output.ts'
import { openRegistersKey } from '../parts.ts'
import { saveRegister } from '../registersFile.ts'
import { eventLine } from '../../ledger/exportFormat.ts'
import { makeDirectory } from '../../hsm/durable.ts'
import { leafHash, leafRecord } from '../../ledger/leaf.ts'
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { openJudge, type Judge } from './judge.ts'
import { live } from './life.ts'
import { openSteps, type Steps } from './steps.ts'
import { openWorkspace } from './workspace.ts'

/** A step did not come out, or openssl did not confirm it. */
export class DemoFailed extends Error {
  override readonly name = 'DemoFailed'
}

const files = [
  ...[
    'root.pem',
    'ca.pem',
    'holder.pem',
    'crl-before.der',
    'crl-after.der',
    'ocsp-before.der',
    'ocsp-after.der',
  ],
  ...['message.txt', 'message.cms', 'officer.pem', 'approval.json', 'approval.sig'],
  ...['recovered.p12', 'recovered.pass', 'events.jsonl'],
]

const entriesOf = async (ledger: Ledger): Promise<readonly Entry[]> => {
  const found: Entry[] = []
  for await (const entry of ledger.entries()) found.push(entry)
  return found
}

/** Leaves the ledger as JSON lines, and has openssl compute each leaf hash again from the record it is the hash of. */
const leaveLedger = async (ledger: Ledger, log: string, out: string, judge: Judge): Promise<string> => {
  const entries = await entriesOf(ledger)
  const handle = await open(join(out, 'events.jsonl'), 'wx', 0o644)
  const hashes = entries.map((entry) => leafHash(leafRecord(log, entry)).toString('hex'))
  for (const [idx, entry] of entries.entries())
    await handle.write(`${eventLine({ idx, entry, leafHash: hashes[idx] ?? '' })}\n`)
  await handle.close()
  // RFC 6962 2.1: the hash of a leaf begins with 0x00.
  const records = entries.map((entry) => Buffer.from(`\0${leafRecord(log, entry)}`))
  const digests = await judge.digests(records)
  const wrong = hashes.findIndex((hash, i) => hash !== digests[i])
  if (wrong !== -1) throw new Error(`event ${wrong}: openssl computes another leaf hash`)
  return `openssl dgst: the leaf hash of each of the ${hashes.length} events`
}

const failed = (error: unknown, { done }: Steps): DemoFailed => {
  const { title } = done().at(-1) ?? { title: 'start' }
  const why = error instanceof Error ? error.message : String(error)
  return new DemoFailed(`✘ ${title}\n  ${why}`, { cause: error })
}

/**
 * Lives one certificate's life through the HTTP API, and leaves its files in `directory`.
 * @throws DemoFailed at the first step that does not come out, or that openssl does not confirm
 */
export const demo = async (directory: string, output: Output): Promise<void> => {
  const out = resolve(directory)
  await makeDirectory(out)
  for (const name of files) await rm(join(out, name), { force: true })
  const workspace = await openWorkspace()
  try {
    const dataDir = join(workspace.path, 'data')
    const config = readConfig({ DATA_DIR: dataDir, PORT: '0' })
    const judge = await openJudge(out, join(workspace.path, 'judge'))
    output.say('An installation of its own starts:')
    const installation = await openInstallation(config, {
      release: readRelease(),
      onStep: (line) => output.say(`  · ${line}`),
    })
    const { product, url } = installation
    const steps = openSteps(product.ledger, output)
    try {
      const account = (id: string, role: string, person?: string): string =>
        addAccount(
          join(dataDir, 'accounts.json'),
          { id, roles: [role], ...(person === undefined ? {} : { person }) },
          new Date(),
        ).token
      const place = { dataDir, key: await openRegistersKey(config) }
      const stage = { url, out, steps, judge, account }
      await live({
        ...{ ...stage, cguVersion: config.policy.cgu.version, policy: config.policy },
        enrol: (agents) => saveRegister(place, 'referential', agents),
      })
      await steps.step('The ledger tells all of it', ['CGU-110', 'CGU-111'], async (check) => {
        check(await leaveLedger(product.ledger, config.policy.log, out, judge))
      })
    } catch (error) {
      throw failed(error, steps)
    } finally {
      await installation.close()
    }
    output.result(
      { ok: true, out, files, steps: steps.done() },
      () => `\nLeft in ${directory}: ${files.join(' ')}`,
    )
  } finally {
    workspace.remove()
  }
}
