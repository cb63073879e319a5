// Publication, as the status process keeps it (cli/roles/statusKeep.ts): killed before, during and after each of its durable writes, and each
// of them refused by a full disk. What a start finds then is whole, and no older than what was served.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../build.ts'
import { openStatusKeep } from '../../cli/roles/statusKeep.ts'
import { publicAuthority } from '../../commands/issuing.ts'
import { openAuthority, serialOfNumber, started } from '../pki/authority.ts'
import { answers, fromText, now, type Given, type GivenText } from './statusGiven.ts'
import { kills, type How } from './strike.ts'

/** Each durable step of a status process that starts for the first time, and of one that comes to know a newer list and answer. */
const steps = {
  'a first start': [
    ...['flush ca.cer', 'flush root.cer', 'flush crl-1.der', 'flush crl.json'],
    ...['flush rootCrl-1.der', 'flush rootCrl.json', 'flush asked'],
  ],
  'a newer list': ['flush crl-2.der', 'flush crl.json', 'flush asked'],
} as const
type Life = keyof typeof steps
const looks: Readonly<Record<Life, readonly (1 | 2)[]>> = { 'a first start': [1], 'a newer list': [2] }

let directory: string
let program: string
let given: Given

type Said = Readonly<{ step?: string; struck?: How; fault?: string; serves?: number; answers?: 1 | 2 }>

/** Runs a process over what is kept in `at`. @returns what it said, and how it ended */
const run = async (at: string, life: Life, strikes: readonly object[] = []) => {
  const child = spawn(process.execPath, [program, at, join(directory, 'given.json')], {
    env: { STRIKES: JSON.stringify(strikes), LOOKS: JSON.stringify(looks[life]) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  const said = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Said)
  return { said, status, signal }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'grand-livre-status-'))
  const built = join(directory, 'built')
  await build(built, ['test/faults/statusWriter.ts'])
  await symlink(new URL('../../node_modules', import.meta.url).pathname, join(directory, 'node_modules'))
  program = join(built, 'test/faults/statusWriter.js')
  const { ca, root, crl } = await openAuthority()
  const entries = [{ serial: serialOfNumber(1), revokedAt: started }]
  const made = {
    ...{ ca: ca.certificate, root: root.certificate, first: await crl() },
    ...{ second: await crl({ number: 2, entries }), rootList: await crl({ issuer: root.issuer }) },
  }
  const text = Object.fromEntries(
    Object.entries(made).map(([name, der]) => [name, Buffer.from(der).toString('base64')]),
  ) as GivenText
  given = fromText(text)
  await writeFile(join(directory, 'given.json'), JSON.stringify(text))
  await run(join(directory, 'kept'), 'a first start')
}, 60_000)
afterAll(() => rm(directory, { recursive: true }))

const fails = (error: unknown): never => expect.unreachable(String(error))

const last = <T>(of: readonly (T | undefined)[]): T | undefined => of.findLast((one) => one !== undefined)

/** What a start finds: nothing torn, nothing older than what was served; and it catches up. */
const expectKept = async (at: string, life: Life, said: readonly Said[]): Promise<void> => {
  const keep = await openStatusKeep(at, () => now, fails)
  const found = keep.list('crl')
  const number = looks[life][0]!
  expect(found?.number ?? 0).toBeGreaterThanOrEqual(last(said.map(({ serves }) => serves)) ?? number - 1)
  if (found !== undefined) expect(found).toEqual(given.lists[found.number as 1 | 2])
  const isRefused = said.some(({ step, struck }) => struck === 'full' && step === 'flush asked')
  // A process that has said it has kept it; on a full disk, none that says the contrary.
  const answered = isRefused ? [undefined] : [answers[last(said.map(({ answers: kept }) => kept)) ?? number]]
  const before = life === 'a newer list' ? answers[1] : undefined
  const isSaid = said.some(({ answers: kept }) => kept !== undefined)
  expect(isSaid ? answered : [before, ...answered]).toContainEqual(keep.find('asked'))

  const authorities = { ca: publicAuthority(given.ca), rootCa: publicAuthority(given.root) }
  if (keep.authorities() === undefined) await keep.setAuthorities(authorities)
  await keep.setList('crl', given.lists[number])
  await keep.setList('rootCrl', given.rootList)
  const next = await openStatusKeep(at, () => now, fails)
  expect([next.list('crl'), next.list('rootCrl')]).toEqual([given.lists[number], given.rootList])
  expect((await readdir(at)).toSorted()).toEqual(
    [
      'ca.cer',
      `crl-${number}.der`,
      'crl.json',
      'ocsp',
      'root.cer',
      'rootCrl-1.der',
      'rootCrl.json',
    ].toSorted(),
  )
}

const isEach = process.env['FAULTS'] === 'each'
const lives = isEach ? (['a first start', 'a newer list'] as const) : (['a newer list'] as const)

describe('what the status process keeps', () => {
  /** Over what an earlier start has kept, where there was one. */
  const placeFor = async (life: Life): Promise<string> => {
    const at = await mkdtemp(join(directory, 'struck-'))
    if (life === 'a newer list') await cp(join(directory, 'kept'), at, { recursive: true })
    return at
  }

  /** At the same time: they share nothing. */
  const struckAtEach = async (
    life: Life,
    act: (step: string, at: string) => Promise<void>,
  ): Promise<void> => {
    await Promise.all(steps[life].map(async (step) => act(step, await placeFor(life))))
  }

  it('CGU-76, CGU-106: every file that the status process flushes is in the table', async () => {
    const at = await placeFor('a first start')
    for (const life of ['a first start', 'a newer list'] as const) {
      const { said, status } = await run(at, life)
      expect(status).toBe(0)
      expect(said.flatMap(({ step }) => step ?? [])).toEqual(steps[life])
      await expectKept(at, life, said)
    }
  })

  it.each(lives.flatMap((life) => kills.map((how) => [life, how] as const)))(
    'CGU-76, CGU-106: %s, the status process killed %s each durable write: what it keeps is whole, and no older than what it served',
    async (life, how) => {
      await struckAtEach(life, async (step, at) => {
        const { said, signal } = await run(at, life, [{ step, how }])
        expect([step, signal]).toEqual([step, 'SIGKILL'])
        await expectKept(at, life, said)
      })
    },
  )

  it.each(lives)(
    'CGU-76, CGU-106: %s, each write refused by a full disk: served all the same, and kept at the next look',
    async (life) => {
      await struckAtEach(life, async (step, at) => {
        const { said, status } = await run(at, life, [{ step, how: 'full' }])
        expect([step, status]).toEqual([step, 0])
        expect(said).toContainEqual({ fault: 'ENOSPC' })
        if (/crl/i.test(step))
          expect(said.find(({ serves }) => serves !== undefined)).toEqual({ serves: looks[life][0] })
        await expectKept(at, life, said)
      })
    },
  )
})
