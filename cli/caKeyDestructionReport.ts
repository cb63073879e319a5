// The report of the destruction of an authority's key (CGU-90): the minutes, whose digest the ledger has, and where the ledger has it; as
// JSON for programs and as a page in French for the people who sign it.
import { style } from '../projections/compliance/style.ts'
import { escaped, table } from '../projections/compliance/table.ts'
import { reconciliation, signaturesOf, type CeremonyReport } from './ceremonyReport.ts'
import type { ListedCopy } from './ceremonyScript.ts'
import { placeRows, type LedgerPlace } from './ledgerPlace.ts'

/** What was done, as it was written before it was recorded. */
export type DestructionMinutes = Pick<
  CeremonyReport,
  'title' | 'place' | 'witnesses' | 'scriptSha256' | 'module' | 'token' | 'present'
> &
  Readonly<{
    form: 'grand-livre/ca-key-destruction/v1'
    authority: string
    servicekey: string
    /** SHA-256 of its SubjectPublicKeyInfo, in hex, as the ledger recorded it. */
    spkiSha256: string
    /** As the module described it before. */
    attributes: Readonly<Record<string, boolean | number | string>>
    orderedAt: string
    destroyedAt: string
    /** Sessions that were open and were closed before the act. */
    sessionsClosed: number
    /** What the module answered to a signature afterwards. */
    failedUseCode: string
    /** `beforeOrder`: said to be gone before the destruction was ordered. */
    copies: readonly (ListedCopy & Readonly<{ beforeOrder: boolean }>)[]
  }>

export type DestructionReport = DestructionMinutes &
  Pick<CeremonyReport, 'log' | 'policy' | 'release' | 'remarks' | 'signatures'> &
  Readonly<{ minutesSha256: string; recorded: LedgerPlace }>

const objectTable = (report: DestructionReport): string =>
  table({
    caption: 'La clé',
    heads: ['Objet', 'Valeur'],
    rows: [
      ['Autorité', report.authority],
      ['Identifiant (CKA_ID)', report.servicekey],
      ['SHA-256 de la clé publique', report.spkiSha256],
      ['Module', report.module],
      ['Jeton', report.token],
      ...Object.entries(report.attributes).map(([name, value]) => [name, String(value)]),
      ['Sessions fermées d’abord', String(report.sessionsClosed)],
      ['Détruite le', report.destroyedAt],
      ['Une signature répond ensuite', report.failedUseCode],
    ],
    empty: '',
  })

const copyRow = ({
  copy,
  reference,
  holder,
  seal,
  destroyed,
  beforeOrder,
}: DestructionReport['copies'][number]) => [
  ...[reference, holder, seal, copy],
  `${destroyed?.at ?? ''}${beforeOrder ? ' (avant l’ordre)' : ''}`,
  destroyed?.how ?? '',
]

/** One page, nothing fetched, no script. */
export const destructionPage = (report: DestructionReport): string => {
  const { title } = report
  const facts = [
    ['Lieu', report.place],
    ['Ordre enregistré le', report.orderedAt],
    ['Registre', report.log],
    ['Politique', String(report.policy)],
    ['Version du logiciel', report.release],
    ['Script (SHA-256)', report.scriptSha256],
    ['Relevé (SHA-256)', report.minutesSha256],
    ...(report.remarks === undefined ? [] : [['Remarques', report.remarks]]),
  ]
  return `<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head><body>
<header><h1>${escaped(title)}</h1>
<p>Procès-verbal de la destruction de la clé privée de l’autorité et de toutes ses copies (CGU-90).</p></header>
${table({ caption: 'La cérémonie', heads: ['Objet', 'Valeur'], rows: facts, empty: '' })}
${objectTable(report)}
${table({
  caption: 'Copies',
  heads: ['Référence', 'Détenteur', 'Scellé', 'Identifiant', 'Détruite le', 'Comment'],
  rows: report.copies.map(copyRow),
  empty: 'aucune copie n’a été faite',
})}
${table({ caption: 'Inscription au registre', heads: ['Objet', 'Valeur'], rows: placeRows(report.recorded), empty: '' })}
${reconciliation(report)}
${signaturesOf(report)}
</body></html>
`
}
