// What the tests of token cards share: a reader of their own, and the programs that read a card without us.
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTokenCards, type TokenCardParts, type TokenCards } from '../../hsm/tokenCard.ts'
import { command } from '../support/services/command.ts'
import { findPkcs11Engine } from '../support/services/programs.ts'
import { softHsmModule } from './tokens.ts'

export type CardReader = Readonly<{
  /** The reader; a card is a folder in it. */
  path: string
  directory: string
  open: (more?: Partial<TokenCardParts>) => Promise<TokenCards>
  pullOut: () => Promise<void>
  putBack: () => Promise<void>
  isOut: () => boolean
  /** Runs a program on the card as it lies there. */
  run: (card: string, program: string, ...args: readonly string[]) => ReturnType<typeof command>
  remove: () => Promise<void>
}>

export const openCardReader = async (master: Uint8Array): Promise<CardReader> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-cards-'))
  const [path, module] = [join(directory, 'reader'), softHsmModule()]
  if (module === undefined) throw new Error('SoftHSM2 is not installed: npm test provides it')
  const away = `${path}.away`
  const engine = join(directory, 'engine.conf')
  await writeFile(
    engine,
    [
      'openssl_conf = conf',
      ...['[conf]', 'engines = engines', '[engines]', 'pkcs11 = pkcs11', '[pkcs11]', 'engine_id = pkcs11'],
      ...[`dynamic_path = ${findPkcs11Engine()}`, `MODULE_PATH = ${module}`, 'init = 0', ''],
    ].join('\n'),
  )
  return {
    ...{ path, directory },
    open: (more = {}) => openTokenCards({ module, directory: path, master, pinTries: 3, ...more }),
    pullOut: () => rename(path, away),
    putBack: () => rename(away, path),
    isOut: () => existsSync(away),
    run: (card, program, ...args) => {
      const env = {
        ...process.env,
        SOFTHSM2_CONF: join(path, card, 'current', 'softhsm2.conf'),
        OPENSSL_CONF: engine,
      }
      const own = program === 'pkcs11-tool' ? ['--module', module] : []
      return command(program, [...own, ...args], { env, cwd: directory })
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
