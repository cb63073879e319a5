// A process that keeps what a status process serves, with a striker at each of its durable steps (test/faults/strike.ts): it is given two
// lists, and two answers to one question, as they come to be known. It says what it serves, and what it has kept.
import { readFileSync, writeSync } from 'node:fs'
import { openStatusKeep } from '../../cli/roles/statusKeep.ts'
import { publicAuthority } from '../../commands/issuing.ts'
import { answers, fromText, now, type GivenText } from './statusGiven.ts'
import { openStriker, strikeFiles, type Strike } from './strike.ts'

// Written at once: a process that is killed has said what it came to.
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)

const striker = openStriker(JSON.parse(process.env['STRIKES'] ?? '[]') as Strike[], say)
strikeFiles(striker)

const [directory = '', file = ''] = process.argv.slice(2)
const { ca, root, lists, rootList } = fromText(JSON.parse(readFileSync(file, 'utf8')) as GivenText)
const authorities = { ca: publicAuthority(ca), rootCa: publicAuthority(root) }
const told = (error: unknown): void => say({ fault: (error as { code?: string }).code })
const keep = await openStatusKeep(directory, () => now, told)

/** What a look of the status process finds (cli/roles/statusRefresh.ts): a look that fails is made again. */
const look = async (number: 1 | 2): Promise<void> => {
  try {
    if (keep.authorities() === undefined) await keep.setAuthorities(authorities)
    await keep.setList('crl', lists[number])
    await keep.setList('rootCrl', rootList)
  } catch (error) {
    told(error)
  }
  say({ serves: keep.list('crl')?.number })
}

for (const number of JSON.parse(process.env['LOOKS'] ?? '[1, 2]') as (1 | 2)[]) {
  await look(number)
  keep.keep('asked', answers[number])
  await keep.written()
  say({ answers: number })
  await look(number)
}
