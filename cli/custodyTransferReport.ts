// The report of the transfer of the escrow: as JSON for programs, and as a page in French for the people who sign it. What went out is in
// the inventory, whose digest it has.
import { sha256 } from '../commands/issuing.ts'
import { style } from '../projections/compliance/style.ts'
import { escaped, table } from '../projections/compliance/table.ts'
import type { Officer } from './ceremonyParts.ts'
import { reconciliation, signaturesOf, type CeremonyReport } from './ceremonyReport.ts'
import type { CeremonyScript } from './ceremonyScript.ts'
import type { Inventory } from './escrowPackage.ts'
import { placeRows, type LedgerPlace } from './ledgerPlace.ts'
import { readRelease } from './shipped.ts'

export type TransferReport = Omit<
  CeremonyReport,
  'rehearsal' | 'settings' | 'functions' | 'steps' | 'keys' | 'certificates'
> &
  Readonly<{
    transfer: string
    authority: string
    certificateSha256: string
    inventorySha256: string
    handed: number
    refused: Inventory['refusedKeys']
    parts: number
    recorded: LedgerPlace
  }>

type Facts = Pick<
  TransferReport,
  'heldAt' | 'endedAt' | 'policy' | 'module' | 'token' | 'signatures' | 'inventorySha256'
> &
  Readonly<{ officers: readonly Officer[]; inventory: Inventory; place: LedgerPlace }>

const accountsOf = (officers: readonly Officer[]) =>
  officers.map(({ id: account, role }) => ({ account, role }))

export const transferReportOf = (
  script: CeremonyScript,
  { officers, inventory, place: recorded, ...facts }: Facts,
): TransferReport => {
  const { title, place, witnesses, remarks, text } = script
  const { transfer, authority, certificateSha256, keys, refusedKeys, parts, log } = inventory
  return {
    ...{ title, place, witnesses, ...(remarks === undefined ? {} : { remarks }) },
    ...{ ...facts, log, release: readRelease(), scriptSha256: sha256(text), present: accountsOf(officers) },
    ...{ transfer, authority, certificateSha256, handed: keys, refused: refusedKeys },
    ...{ parts: parts.length, recorded },
  }
}

/** One page, nothing fetched, no script. */
export const transferPage = (report: TransferReport): string => {
  const { title } = report
  const facts = [
    ['Lieu', report.place],
    ['Début', report.heldAt],
    ['Fin', report.endedAt],
    ['Registre', report.log],
    ['Autorité', report.authority],
    ['Script (SHA-256)', report.scriptSha256],
    ['Module', report.module],
    ['Jeton', report.token],
    ['Transfert', report.transfer],
    ['Certificat du repreneur (SHA-256)', report.certificateSha256],
    ['Clés transférées', String(report.handed)],
    ['Clés refusées', String(report.refused.length)],
    ['Fichiers de clés', String(report.parts)],
    ['Inventaire (SHA-256)', report.inventorySha256],
    ...(report.remarks === undefined ? [] : [['Remarques', report.remarks]]),
  ]
  return `<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head><body>
<header><h1>${escaped(title)}</h1>
<p>Procès-verbal du transfert des clés séquestrées au repreneur (CGU-82). Rien n’a été retiré du séquestre.</p></header>
${table({ caption: 'Le transfert', heads: ['Objet', 'Valeur'], rows: facts, empty: '' })}
${table({
  caption: 'Clés refusées : elles ne sont pas dans le colis',
  heads: ['Numéro de série', 'Clé publique (SHA-256)', 'Constat'],
  rows: report.refused.map(({ serial, spkiSha256, refused }) => [serial, spkiSha256, refused]),
  empty: 'aucune',
})}
${table({ caption: 'Inscription au registre', heads: ['Objet', 'Valeur'], rows: placeRows(report.recorded), empty: '' })}
${reconciliation(report)}
${signaturesOf(report)}
</body></html>
`
}
