// The report of the ceremony in which a root revokes an authority: as JSON for programs, and as a page in French for who signs it.
import { style } from '../projections/compliance/style.ts'
import { escaped, table } from '../projections/compliance/table.ts'
import { reconciliation, signaturesOf, type CeremonyReport } from './ceremonyReport.ts'

export type ArlReport = Omit<
  CeremonyReport,
  'rehearsal' | 'settings' | 'functions' | 'steps' | 'keys' | 'certificates' | 'remarks'
> &
  Readonly<{
    list: Readonly<{
      number: number
      sha256: string
      revoked: readonly Readonly<{ serial: string; revokedAt: string }>[]
    }>
  }>

/** One page, nothing fetched, no script. */
export const arlPage = (report: ArlReport): string => {
  const { title, list } = report
  const facts = [
    ...[
      ['Lieu', report.place],
      ['Début', report.heldAt],
      ['Fin', report.endedAt],
      ['Registre', report.log],
    ],
    ...[
      ['Script (SHA-256)', report.scriptSha256],
      ['Module', report.module],
      ['Jeton', report.token],
    ],
    ...[
      ['LAR : numéro', String(list.number)],
      ['LAR : SHA-256', list.sha256],
    ],
  ]
  return `<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head><body>
<header><h1>${escaped(title)}</h1>
<p>Procès-verbal de la révocation du certificat de l’autorité par l’AC racine (CGU-91).</p></header>
${table({ caption: 'La cérémonie', heads: ['Objet', 'Valeur'], rows: facts, empty: '' })}
${table({
  caption: 'Certificats d’autorité révoqués',
  heads: ['Numéro de série', 'Révoqué le'],
  rows: list.revoked.map(({ serial, revokedAt }) => [serial, revokedAt]),
  empty: 'aucun',
})}
${reconciliation(report)}
${signaturesOf(report)}
</body></html>
`
}
