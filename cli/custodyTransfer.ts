// `grand-livre custody transfer`: the escrow goes to who takes the authority's obligations over (CGU-82, docs/adr/0031), in a ceremony of
// two officers before witnesses. Nothing is taken away here. Stopped at any moment, it goes on where it stopped; its end is the successor's
// receipt (custodyReceipt.ts).
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { planEscrowTransfer, recordEscrowTransfer } from '../commands/escrowHandover.ts'
import { sha256 } from '../commands/issuing.ts'
import { recordRefusedKey } from '../commands/keyRefusals.ts'
import { perform } from '../commands/program.ts'
import { countKept, handEscrowOver } from '../commands/transferEscrow.ts'
import { authority } from '../domain/authority.ts'
import { replaceDurable } from '../hsm/durable.ts'
import { spkiOf, toPem } from '../pki/fields.ts'
import { certificateOf } from '../pki/recipient.ts'
import { withOfficers } from './ceremonyParts.ts'
import { readScript, requireWitnesses } from './ceremonyScript.ts'
import { readConfig } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { begunFor, planOf, rehearse, type Handing } from './custodyTransferPlan.ts'
import { logKeyOf, requireAccepted, type Ceremony } from './endCeremony.ts'
import {
  begin,
  changed,
  inventoryName,
  progressOf,
  readInventory,
  requireParts,
  takeStock,
  toldOfKept,
  writePart,
  type Inventory,
} from './escrowPackage.ts'
import { transferPage, transferReportOf } from './custodyTransferReport.ts'
import { placeOf } from './ledgerPlace.ts'
import { requireOut } from './outDirectory.ts'
import { openProgress, type Output } from './output.ts'
import { requireInstallation } from './reading.ts'
import { reconciledKeys } from './reconcile.ts'
import { leaveReport, stoodWords, type Left } from './standingReport.ts'

export type TransferAsked = Readonly<{
  /** File of the successor's certificate. */
  to: string
  script: string
  officer: string
  second: string
  out: string
  dryRun?: boolean
}>

const certificateFrom = async (file: string): Promise<Uint8Array> => {
  const bytes = await readFile(file).catch(() => {
    throw new ConfigFault(`--to: ${file} cannot be read`)
  })
  const der = certificateOf(bytes.toString('latin1')) ?? certificateOf(bytes.toString('base64'))
  if (der === undefined) throw new ConfigFault(`--to: ${file} is no certificate`)
  return der
}

const wrapping = 'AES-256 key wrap with padding (RFC 5649), of PKCS#8'
const transport = 'RSAES-OAEP, SHA-256, MGF1 with SHA-256 (RFC 8017 7.1)'

/** What is on disk now, with every key that the ledger says is kept. @throws ProcessRefused PACKAGE_CHANGED */
const wholeStock = async (
  { ledger }: Ceremony['service'],
  out: string,
  transfer: string,
): ReturnType<typeof takeStock> => {
  const stock = await takeStock(out, transfer)
  const [told, kept] = [toldOfKept(stock), await countKept(ledger)]
  if (told === kept) return stock
  throw changed(`parts: they have ${told} of the ${kept} keys that are kept; begin again in another --out`)
}

/** The inventory: as it was recorded, or made of what is on disk now. */
const inventoryIn = async (
  { service }: Ceremony,
  { out, certificate }: Handing,
  { issuer, transfer }: Readonly<{ issuer: string; transfer: string }>,
): Promise<Readonly<{ inventory: Inventory; sha256: string; text: string }>> => {
  const { state } = await service.ledger.load(authority, issuer)
  const recorded = 'escrow' in state && state.escrow.transfer === transfer ? state.escrow : undefined
  if (recorded !== undefined && recorded.status !== 'planned') {
    const there = await readInventory(out)
    if (there.sha256 !== recorded.inventorySha256) throw changed(inventoryName)
    requireParts(there.inventory, await takeStock(out, transfer))
    return there
  }
  const inventory: Inventory = {
    form: 'grand-livre/escrow-inventory/v1',
    ...{ transfer, log: service.policy.log, authority: issuer },
    authoritySha256: 'der' in state ? sha256(Buffer.from(state.der, 'base64')) : '',
    ...{ certificateSha256: sha256(certificate), madeAt: service.now(), wrapping, transport },
    ...(await wholeStock(service, out, transfer)),
  }
  const text = `${JSON.stringify(inventory, null, 1)}\n`
  await replaceDurable(join(out, inventoryName), Buffer.from(text))
  return { inventory, sha256: sha256(text), text }
}

const writeParts = async (
  { service, custody }: Ceremony,
  handing: Handing,
  transfer: string,
): Promise<void> => {
  const { out, certificate, size } = handing
  const { keys, ...done } = await progressOf(out)
  const total = await countKept(service.ledger)
  const progress = openProgress('Handing over', { unit: 'keys' })
  let written = keys
  try {
    const tools = { ledger: service.ledger, escrow: custody.vault.escrow }
    const order = { transfer, successor: spkiOf(certificate), done, ...(size === undefined ? {} : { size }) }
    for await (const part of handEscrowOver(tools, order)) {
      // First: stopped between the two, the part is made again, and its refusals are there twice rather than not at all.
      for (const one of part.keys) {
        if (!('refused' in one)) continue
        const stream = `key-${one.spkiSha256}`
        await recordRefusedKey(
          service,
          { command: 'PlanEscrowTransfer', stream, clause: 'CGU-82' },
          one.refused,
        )
      }
      await writePart(out, transfer, part)
      written += part.keys.length
      progress.update(written, written / Math.max(total, 1))
    }
  } finally {
    progress.stop()
  }
}

export type Handed = Left & Readonly<{ transfer: string; keys: number; refused: number }>

/** Holds the ceremony on what is open. @throws ProcessRefused: nothing has gone out; KeyFault, LedgerFault: held again, it goes on */
export const holdTransfer = async (opened: Ceremony, handing: Handing): Promise<Handed> => {
  const { service, custody } = opened
  const { script, officers, certificate, out } = handing
  const [first, second] = officers
  const heldAt = service.now()
  requireWitnesses('PlanEscrowTransfer', script)
  const begun = await begunFor(handing)
  const transfer = begun ?? randomUUID()
  const { issuer, ...planned } = await planOf(opened, handing, transfer)
  await requireAccepted(service, first, planEscrowTransfer, { issuer, ...planned })
  await requireOut(out)
  await begin(out, { transfer, certificateSha256: planned.certificateSha256 })
  const circumstances = { correlationId: transfer }
  const key = `${issuer}|${transfer}`
  await perform(service, planEscrowTransfer, { key, data: { issuer, ...planned }, circumstances })
  const { state } = await service.ledger.load(authority, issuer)
  const isOpen = 'escrow' in state && state.escrow.status === 'planned'
  if (isOpen) await writeParts(opened, handing, transfer)
  const {
    inventory,
    sha256: inventorySha256,
    text,
  } = await inventoryIn(opened, handing, { issuer, transfer })
  const { keys, refused, parts } = inventory
  await perform(service, recordEscrowTransfer, {
    key,
    data: {
      ...{ issuer, transfer, certificateSha256: planned.certificateSha256, keys, refused },
      ...{ parts: parts.length, inventorySha256, present: planned.present, second: planned.second },
    },
    circumstances,
  })
  const log = await logKeyOf(opened, script, second)
  const report = transferReportOf(script, {
    ...{ heldAt, endedAt: service.now(), officers, inventory, inventorySha256 },
    ...{ policy: service.policy.version, module: custody.keys.module, token: custody.keys.token },
    place: await placeOf(service.ledger, service.policy.log, [`authority-${issuer}`, 'EscrowTransferred']),
    signatures: await reconciledKeys(service.ledger, service.ledger.entries(), custody.keys.signatures),
  })
  const documents = {
    [inventoryName]: text,
    'escrow-transfer.json': `${JSON.stringify(report, null, 2)}\n`,
    'escrow-transfer.html': transferPage(report),
  }
  const ca = 'der' in state ? toPem(Buffer.from(state.der, 'base64')) : ''
  const left = await leaveReport(service, {
    ...{ out, report: 'escrowTransfer', log, second, documents },
    others: { 'successor.pem': toPem(certificate), 'ca.pem': ca },
  })
  return { transfer, keys, refused, ...left }
}

/**
 * Hands the escrow over, or says what it would do.
 * @returns whether every key went, or would
 * @throws ConfigFault; ProcessRefused END_NOT_DECLARED, CERTIFICATES_STILL_VALID, LAST_CRL_MISSING, SUCCESSOR_CERTIFICATE_UNUSABLE,
 *   PACKAGE_NOT_EMPTY, WITNESSES_MISSING …: nothing has gone out
 */
export const transferEscrow = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  asked: TransferAsked,
): Promise<boolean> => {
  const config = readConfig(env)
  requireInstallation(config)
  const script = readScript(asked.script)
  const certificate = await certificateFrom(asked.to)
  return await withOfficers(config, asked, async (opened) => {
    const { officers } = opened
    const handing: Handing = { script, officers, certificate, out: asked.out, output }
    if (asked.dryRun === true) return await rehearse(opened, handing)
    const { files, ...done } = await holdTransfer(opened, handing)
    output.result({ ...done, out: asked.out, files }, () =>
      [
        `${done.stood ? `${stoodWords}. ` : ''}Handed over: ${done.keys} keys. The package, its inventory and its report: ${asked.out}`,
        ...(done.refused > 0 ? [`REFUSED: ${done.refused} keys, each named in ${inventoryName}.`] : []),
        'It is done when the receipt of the successor is recorded: grand-livre custody transfer-receipt.',
      ].join('\n'),
    )
    return done.refused === 0
  })
}
