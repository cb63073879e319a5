// `grand-livre referential` and `grand-livre directory`: what requests are held against, imported from a CSV file. The service
// may run meanwhile: it reads the new register at its next question.
import { readFileSync } from 'node:fs'
import { readConfig } from './config.ts'
import { columns, type Output } from './output.ts'
import { openRegistersKey } from './parts.ts'
import { requireCustody } from './reading.ts'
import { readRegister, type LineFault } from './registersCsv.ts'
import { saveRegister, type RegisterName } from './registersFile.ts'

/** The file that is to be imported cannot be read. */
export class RegisterFault extends Error {
  override readonly name = 'RegisterFault'
}

const bytesOf = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch {
    throw new RegisterFault(`${file}: cannot be read`)
  }
}

const table = (faults: readonly LineFault[]): string =>
  columns([
    ['LINE', 'FIELD', 'WHAT IS WRONG'],
    ...faults.map(({ line, field, message }) => [String(line), field ?? '', message]),
  ])

export type Import = Readonly<{ name: RegisterName; file: string; skipBad: boolean }>

/**
 * Imports a register: all of the file, or nothing of it; with `skipBad` its good lines.
 * @returns whether every line was good
 * @throws RegisterFault, PassphraseFault; NothingThere where no start has made the key that it is enciphered under
 */
export const importRegister = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  { name, file, skipBad }: Import,
): Promise<boolean> => {
  const config = readConfig(env)
  requireCustody(config)
  const { entries, faults } = readRegister(name, bytesOf(file))
  const isGood = faults.length === 0
  const isTaken = isGood || (skipBad && entries.length > 0)
  if (isTaken)
    await saveRegister({ dataDir: config.dataDir, key: await openRegistersKey(config) }, name, entries)
  output.result({ imported: isTaken ? entries.length : 0, faults }, () => {
    const taken = isTaken
      ? `The ${name} now has ${entries.length} entries.`
      : `Nothing was imported: the ${name} is what it was.`
    return isGood ? taken : `${table(faults)}\n${taken}`
  })
  return isGood
}
