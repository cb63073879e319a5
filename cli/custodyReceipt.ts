// `grand-livre custody transfer-receipt`: the successor's receipt is held against the package and recorded (CGU-82, docs/adr/0031). It has,
// for each part, what only the key of that part makes: so it says that the successor has opened every one, and not that he says so.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { recordEscrowReceipt } from '../commands/escrowHandover.ts'
import { sha256 } from '../commands/issuing.ts'
import { perform, ProcessRefused } from '../commands/program.ts'
import { open, twoAccounts, type Officer } from './ceremonyParts.ts'
import { presentOf, readScript, requireWitnesses, type CeremonyScript } from './ceremonyScript.ts'
import { readConfig } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { foundEnd, type Ceremony } from './endCeremony.ts'
import { readInventory, receiptOf, type Inventory, type Receipt } from './escrowPackage.ts'
import type { Output } from './output.ts'
import { requireInstallation } from './reading.ts'

export type ReceiptAsked = Readonly<{
  receipt: string
  package: string
  script: string
  officer: string
  second: string
}>

const differs = (detail: string): ProcessRefused =>
  new ProcessRefused('RecordEscrowReceipt', 'RECEIPT_DIFFERS', 'CGU-82', detail)

/** @throws ProcessRefused RECEIPT_DIFFERS where a part was not opened, or it is another package's */
const requireProofs = (
  { transfer, inventorySha256, keys, proofs }: Receipt,
  inventory: Inventory,
  digest: string,
): void => {
  if (transfer !== inventory.transfer || inventorySha256 !== digest) throw differs('transfer')
  if (keys !== inventory.keys) throw differs('keys')
  if (proofs.length !== inventory.parts.length) throw differs('parts')
  for (const [i, { proofSha256, file }] of inventory.parts.entries()) {
    const shown = createHash('sha256')
      .update(Buffer.from(proofs[i] ?? '', 'hex'))
      .digest('hex')
    if (shown !== proofSha256) throw differs(file)
  }
}

/** Records a receipt on what is open. @throws ProcessRefused */
export const holdReceipt = async (
  { service }: Ceremony,
  asked: Readonly<{
    script: CeremonyScript
    second: Officer
    directory: string
    text: string
  }>,
): Promise<Readonly<{ transfer: string; keys: number }>> => {
  const { script, second, directory, text } = asked
  requireWitnesses('RecordEscrowReceipt', script)
  const { inventory, sha256: digest } = await readInventory(directory)
  const receipt = receiptOf(text, 'receipt')
  requireProofs(receipt, inventory, digest)
  const { issuer } = await foundEnd(service)
  const { transfer, keys } = receipt
  await perform(service, recordEscrowReceipt, {
    key: `${issuer}|${transfer}`,
    data: {
      ...{ issuer, transfer, keys, inventorySha256: digest, receiptSha256: sha256(text) },
      ...{ present: presentOf(script), second },
    },
    circumstances: { correlationId: transfer },
  })
  return { transfer, keys }
}

/**
 * Records that the successor has opened the package.
 * @throws ConfigFault; ProcessRefused RECEIPT_DIFFERS, ESCROW_NOT_TRANSFERRED, PACKAGE_CHANGED: nothing is recorded
 */
export const recordReceipt = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  asked: ReceiptAsked,
): Promise<void> => {
  const config = readConfig(env)
  requireInstallation(config)
  const script = readScript(asked.script)
  const accounts = await twoAccounts(config, asked)
  const text = await readFile(asked.receipt, 'utf8').catch(() => {
    throw new ConfigFault(`--receipt: ${asked.receipt} cannot be read`)
  })
  await readFile(join(asked.package, 'inventory.json')).catch(() => {
    throw new ConfigFault(`--package: ${asked.package} holds no inventory`)
  })
  const opened = await open(config, accounts)
  const [, second] = opened.officers
  try {
    const done = await holdReceipt(opened, { script, second, directory: asked.package, text })
    output.result(done, () => `Recorded: the successor has opened every part, ${done.keys} keys in all.`)
  } finally {
    await opened.close()
  }
}
