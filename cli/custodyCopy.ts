// `grand-livre custody copy`: a copy of a KEK of the escrow, as a clone of its token, is told to the ledger by two officers. What is not told is
// in no inventory when the KEK is destroyed (custodyDestroyKek.ts).
import { join } from 'node:path'
import { sha256 } from '../commands/issuing.ts'
import { perform } from '../commands/program.ts'
import { recordServiceKeyCopy } from '../commands/serviceKeys.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { systemCommandId } from '../ledger/ids.ts'
import { leave, withOfficers } from './ceremonyParts.ts'
import { readConfig } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { requireOut } from './outDirectory.ts'
import type { Output } from './output.ts'
import { requireInstallation } from './reading.ts'

export type CopyAsked = Readonly<{
  officer: string
  second: string
  present: string
  out: string
  /** By what it is found, who has it, and the number of its seal. */
  reference: string
  holder: string
  seal: string
}>

/**
 * Records a copy of a KEK, and leaves its minutes. The same reference and seal are the same copy: given again, nothing is written.
 * @throws ConfigFault for officers that do not fit, and where the ledger has no such KEK; ProcessRefused where it is ordered to go
 */
export const recordCopy = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  kek: string,
  asked: CopyAsked,
): Promise<void> => {
  const config = readConfig(env)
  requireInstallation(config)
  await withOfficers(config, asked, async ({ service, officers }) => {
    const [, { person, roles }] = officers
    const { state } = await service.ledger.load(serviceKey, kek)
    if (!('purpose' in state) || state.purpose !== 'escrowKek')
      throw new ConfigFault(`${kek} is no KEK of the escrow: grand-livre custody keks lists them`)
    const { reference, holder, seal, present } = asked
    const copy = systemCommandId('ServiceKeyCopied', JSON.stringify([kek, reference, seal]))
    const entry = { copy, reference, holder, seal }
    if ('copies' in state && state.copies.includes(copy)) {
      output.result(entry, () => `Recorded before: ${copy}`)
      return
    }
    await requireOut(asked.out)
    const both = officers.map(({ id: account, role }) => ({ account, role }))
    const form = 'grand-livre/key-copy/v1'
    const minutes = { form, kek, ...entry, at: service.now(), present, officers: both }
    const text = `${JSON.stringify(minutes, null, 2)}\n`
    const name = `kek-copy-${copy}.json`
    // Before the record that names its digest.
    const out = await leave(asked.out, { [name]: text })
    await perform(service, recordServiceKeyCopy, {
      key: copy,
      data: {
        ...{ servicekey: kek, copy, direction: 'backup', minutesSha256: sha256(text), present },
        second: { person, roles },
      },
      circumstances: { correlationId: kek },
    })
    output.result({ ...entry, minutes: join(out, name) }, () =>
      [`Recorded: ${copy}`, `To be signed by both officers: ${join(out, name)}`].join('\n'),
    )
  })
}
