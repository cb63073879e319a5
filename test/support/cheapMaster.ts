// Master keys under passphrases that cost nothing to stretch: what the command does is not about guessing one, and each process of a
// test would take half a second of a processor for it.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMaster } from '../../hsm/passphrase.ts'

type Made = Readonly<{ passphrase: string; master: Buffer }>

const make = async (): Promise<Made> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-master-'))
  try {
    const passphrase = randomBytes(24).toString('base64url')
    await openMaster(directory, passphrase, { cost: 2 })
    return { passphrase, master: await readFile(join(directory, 'master.json')) }
  } finally {
    await rm(directory, { recursive: true })
  }
}

const ahead = 4
const pool = await Promise.all(Array.from({ length: ahead }, make))

/** Gives a data directory that has no keys yet a master key of its own, and the passphrase that opens it; where none is left, nothing. */
export const giveMaster = (dataDir: string): void => {
  const [keys, passphrase] = [join(dataDir, 'keys'), join(dataDir, 'passphrase')]
  if (existsSync(keys) || existsSync(passphrase)) return
  const made = pool.shift()
  if (made === undefined) return
  void make().then((next) => pool.push(next))
  mkdirSync(keys, { recursive: true, mode: 0o700 })
  writeFileSync(join(keys, 'master.json'), made.master, { mode: 0o600 })
  writeFileSync(passphrase, `${made.passphrase}\n`, { mode: 0o600 })
}
