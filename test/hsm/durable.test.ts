import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tryDirectory } from '../../hsm/durable.ts'
import { removeDirectory, temporaryDirectory } from './custody.ts'

let scratch: string
beforeAll(async () => {
  scratch = await temporaryDirectory()
})
afterAll(() => removeDirectory(scratch))

it('CGU-90: a directory for a report that is tried keeps nothing of it, nor of a trial that was killed, and all else', async () => {
  const out = join(scratch, 'report')
  await mkdir(out)
  for (const name of ['trial.132854311453330.new', 'trial', 'minutes.json.7.new'])
    await writeFile(join(out, name), 'x')
  await tryDirectory(out)
  expect((await readdir(out)).sort()).toEqual(['minutes.json.7.new', 'trial'])
})
