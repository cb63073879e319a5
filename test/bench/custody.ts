import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openEscrow, type SoftwareEscrow } from '../../hsm/escrow.ts'
import { openPkcs11Keys, type Pkcs11Keys } from '../../hsm/pkcs11.ts'
import { openFileEscrowStore } from '../../hsm/escrowStoreFile.ts'
import { openRecordStore } from '../../hsm/recordStore.ts'
import { makePair } from '../../hsm/wrappedKey.ts'
import { sha256 } from '../hsm/custody.ts'
import { openTokens, settingsOf } from '../hsm/tokens.ts'
import { speedOf, takeTurns, withWorkers, type Asked, type Bench, type Comparison } from './bench.ts'
import { certificateBench } from './custodyCertificate.ts'
import { signerBench } from './custodySigner.ts'
import { inDirectory, syncsPerSecond } from './directory.ts'
import type { Begin, SignOrder } from './signForever.ts'

const sessions = 4
/** More than there are sessions, so that none waits for us. */
const callers = 16
const now = (): string => '2026-03-02T09:00:00Z'

const kinds = [
  { algorithm: 'rsa3072', id: '00000000-0000-4000-8000-000000003072', many: 400, info: 19 + 32 },
  { algorithm: 'rsa4096', id: '00000000-0000-4000-8000-000000004096', many: 160, info: 19 + 48 },
  { algorithm: 'ecP384', id: '00000000-0000-4000-8000-000000000384', many: 800, info: 48 },
] as const

const ask = async (child: ChildProcess, message: Begin | SignOrder): Promise<void> => {
  child.send(message)
  const [said, status] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then((ended: unknown[]) => [undefined, ended[0]]),
  ])) as [unknown, unknown]
  if (said === undefined) throw new Error(`the bare process ended: ${String(status)}`)
}

/** Milliseconds between two looks at the event loop. */
const resolution = 1

/** How late this process's event loop is, at the worst of a hundred times, during what it is asked to watch. */
const watchLoop = () => {
  const delay = monitorEventLoopDelay({ resolution })
  return {
    during: <T>(act: () => Promise<T>): Promise<T> => {
      delay.enable()
      return act().finally(() => delay.disable())
    },
    // What is recorded is the time from one look to the next: a loop that is never late has the resolution.
    p99: (): number => delay.percentile(99) / 1e6 - resolution,
  }
}

/** Signing through port and process, beside the module alone in a process of its own: the same key on the same token. */
const signing = async (
  { module, tokens: { ca } }: Readonly<{ module: string; tokens: ReturnType<typeof settingsOf> }>,
  keys: Pkcs11Keys,
  { quick }: Asked,
): Promise<Readonly<{ comparisons: readonly Comparison[]; notes: readonly string[] }>> => {
  const comparisons: Comparison[] = []
  const notes: string[] = []
  for (const { algorithm, id, many, info } of kinds) {
    const count = quick ? many / 10 : many
    await keys.generate({ id, purpose: 'ca', algorithm })
    const signer = await keys.signer(id)
    const bare = fork(join(import.meta.dirname, 'signForever.ts'), { execArgv: ['--import', 'tsx'] })
    const [serving, waiting] = [watchLoop(), watchLoop()]
    try {
      await ask(bare, { module, token: ca.token, pin: ca.pin, id, sessions, ec: algorithm === 'ecP384' })
      const octets = randomBytes(info).toString('base64')
      const tbs = randomBytes(1200)
      const { ours, baseline } = await takeTurns(
        {
          ours: () =>
            serving.during(() => speedOf(count, () => withWorkers(callers, count, () => signer.sign(tbs)))),
          baseline: () => waiting.during(() => speedOf(count, () => ask(bare, { count, octets }))),
        },
        { quick },
      )
      comparisons.push({
        ...{ what: `signing, ${algorithm}`, unit: 'signatures/s', ours, baseline },
        against: 'the module’s own asynchronous signing, four sessions, in a bare process',
        required: { ratio: 0.8 },
      })
      const p99 = serving.p99()
      notes.push(
        `${algorithm}: event-loop delay of the service while it signs p99 ${p99.toFixed(1)} ms (≤ 5 ms: ${p99 <= 5 ? 'met' : 'MISSED'}); ${waiting.p99().toFixed(1)} ms while it waits and the bare process signs`,
      )
    } finally {
      bare.disconnect()
    }
  }
  return { comparisons, notes }
}

type Stock = Readonly<{ path: string; key: Buffer; count: number }>

/** Holders' keys that are there, wrapped, for nobody yet. RSA-3072 takes its time: they are made once, and each round has a copy. */
const fill = async (directory: string, keys: Pkcs11Keys, count: number): Promise<Stock> => {
  const [path, key] = [join(directory, 'stock.records'), randomBytes(32)]
  const pairs = await Promise.all(Array.from({ length: count }, makePair))
  const store = await openRecordStore({ path, key })
  const holderKeys = () => Promise.resolve(pairs.pop()).then((pair) => pair ?? makePair())
  await (await openEscrow(await openFileEscrowStore(store), { keys, now, holderKeys })).fillStock(count)
  await store.close()
  return { path, key, count }
}

/** What is done to each key of a copy of the stock. */
type Round = (escrow: SoftwareEscrow) => Promise<(n: number) => Promise<unknown>>

const serialOf = (n: number): string => `4${String(n).padStart(31, '0')}`

/** A round on a copy of the stock. */
const withStock = async ({ path, key, count }: Stock, keys: Pkcs11Keys, round: Round) => {
  const copy = `${path}.copy`
  await copyFile(path, copy)
  const store = await openRecordStore({ path: copy, key })
  try {
    const act = await round(await openEscrow(await openFileEscrowStore(store), { keys, now }))
    return await speedOf(count, () => withWorkers(callers, count, act))
  } finally {
    await store.close()
  }
}

/** Every key under another KEK (CGU-41): unwrapped and wrapped in the module, authenticated anew, durable. */
const moving: Round = async (escrow) => {
  await escrow.retireKek((await escrow.currentKek()).id)
  const { id: to } = await escrow.currentKek()
  const names: string[] = []
  for await (const { spkiSha256 } of escrow.rows()) names.push(spkiSha256)
  return (n) => escrow.rewrap(names[n] ?? '', to)
}

const term = { person: '1670f849-a893-45b8-b5ff-8d4d80e6780e', from: now(), until: '2036-03-02T09:00:00Z' }

const handOut = async (directory: string, keys: Pkcs11Keys, { quick }: Asked) => {
  const stock = await fill(directory, keys, quick ? 8 : 64)
  const kek = await keys.escrowKek('escrow-2026')
  const { publicKey, privateKey } = await makePair()
  const blob = await kek.adopt({ publicKey, privateKey })
  const spkiSha256 = sha256(publicKey)
  const transportKey = (await makePair()).publicKey
  const { count } = stock
  const speeds = await takeTurns(
    {
      reserved: () => withStock(stock, keys, async (escrow) => (n) => escrow.reserve(serialOf(n))),
      kept: () =>
        withStock(stock, keys, async (escrow) => async (n) => {
          const serial = serialOf(n)
          await escrow.reserve(serial)
          await escrow.keep({ serial, ...term })
        }),
      handed: () =>
        withStock(stock, keys, async (escrow) => async (n) => {
          const serial = serialOf(n)
          await escrow.reserve(serial)
          await escrow.keep({ serial, ...term })
          await escrow.releaseTo(serial, transportKey)
        }),
      released: () =>
        speedOf(count, () =>
          withWorkers(callers, count, () => kek.releaseTo(blob, spkiSha256, transportKey)),
        ),
      moved: () => withStock(stock, keys, moving),
      proved: () => speedOf(count, () => withWorkers(callers, count, () => kek.prove(blob, spkiSha256))),
    },
    { quick },
  )
  const [unit, against] = [
    'keys/s',
    'the module’s part alone: unwrap, decrypt a challenge, through port and process',
  ]
  const comparisons: readonly Comparison[] = [
    {
      ...{ what: 'a key of the stock set aside', unit, against, required: { speed: 500 } },
      ...{ ours: speeds.reserved, baseline: speeds.proved },
    },
    {
      ...{ what: 'set aside and kept, proved when it was made', unit, against, required: { speed: 500 } },
      ...{ ours: speeds.kept, baseline: speeds.proved },
    },
    {
      ...{ what: 'set aside, kept, and wrapped for its card', unit },
      against: 'the module’s part alone: unwrap, wrap for the card’s key, through port and process',
      ...{ ours: speeds.handed, baseline: speeds.released },
    },
    {
      ...{ what: 'moved to another KEK', unit, against },
      ...{ ours: speeds.moved, baseline: speeds.proved },
    },
  ]
  return { comparisons, notes: [`${count} keys of RSA-3072 a round, made before; ${callers} callers`] }
}

export const custody: Bench = {
  name: 'custody',
  about: 'signing and holders’ keys on PKCS#11 tokens, and a certificate built, linted and signed by a stub',
  run: (asked) =>
    inDirectory(async (directory) => {
      const tokens = await openTokens()
      const settings = settingsOf(tokens)
      const keys = await openPkcs11Keys(settings)
      try {
        const signed = await signing({ module: tokens.module, tokens: settings }, keys, asked)
        const handed = await handOut(directory, keys, asked)
        const built = await certificateBench(asked)
        const through = await signerBench(asked)
        const syncs = Math.round(syncsPerSecond(directory, 200, asked.quick ? 20 : 200))
        return {
          comparisons: [...signed.comparisons, ...handed.comparisons, ...built.comparisons, ...through],
          notes: [
            ...signed.notes,
            ...handed.notes,
            `the disk writes ${syncs.toLocaleString('en-GB')} records a second one after the other, each with fdatasync`,
            ...built.notes,
          ],
        }
      } finally {
        await keys.close()
        await tokens.remove()
      }
    }),
}
