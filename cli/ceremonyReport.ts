// The report of a key ceremony (EN 319 411-1 GEN-6.5.1-13A): what was done, by whom, before whom, and every key with what the module
// itself says of it; as JSON for programs and as a page in French for the people who sign it.
import { style } from '../projections/compliance/style.ts'
import { escaped, table } from '../projections/compliance/table.ts'
import { functionRow, phaseNames, steps, type CeremonyFunction, type Phase } from './ceremonyPhases.ts'
import type { CeremonyScript } from './ceremonyScript.ts'
import type { ReconciledKey } from './reconcile.ts'

export type ReportedKey = Readonly<{
  purpose: string
  id: string
  algorithm: string
  /** SHA-256 of its SubjectPublicKeyInfo, in hex. */
  spkiSha256: string
  /** When the ledger recorded it. */
  recordedAt: string
  attributes: Readonly<Record<string, boolean | number | string>>
  /** What a signature with it answered, after a rehearsal has destroyed it. */
  destroyed?: string
}>

/** `recordedAt`: when the ledger recorded what the step makes; before `heldAt` where an earlier session has made it. */
export type ReportedStep = Readonly<{ at: string; phase: Phase; step: string; recordedAt?: string }>

export type CeremonyReport = Readonly<{
  rehearsal: boolean
  title: string
  place: string
  remarks?: string
  heldAt: string
  endedAt: string
  log: string
  policy: number
  release: string
  scriptSha256: string
  module: string
  token: string
  /** Accounts, by their names in the accounts file. */
  present: readonly Readonly<{ account: string; role: string }>[]
  witnesses: readonly string[]
  /** How the module was told to work. */
  settings: Readonly<Record<string, string>>
  functions: readonly CeremonyFunction[]
  steps: readonly ReportedStep[]
  keys: readonly ReportedKey[]
  certificates: readonly Readonly<{ name: string; sha256: string; pem: string }>[]
  /** Each key by the ledger and by the signer's own count, before this report was signed. */
  signatures: readonly ReconciledKey[]
}>

export const reportOf = (
  script: CeremonyScript,
  rest: Omit<CeremonyReport, 'title' | 'place' | 'witnesses' | 'remarks'>,
): CeremonyReport => {
  const { title, place, witnesses, remarks } = script
  return { ...{ title, place, witnesses }, ...(remarks === undefined ? {} : { remarks }), ...rest }
}

const purposes: Readonly<Record<string, string>> = {
  root: 'AC racine',
  ca: 'AC émettrice',
  ocsp: 'répondeur OCSP',
  log: 'journal et rapports',
  export: 'exports',
}

const keyTable = ({ purpose, ...key }: ReportedKey): string =>
  table({
    caption: `Clé : ${purposes[purpose] ?? purpose}`,
    heads: ['Attribut', 'Valeur'],
    rows: [
      ['Identifiant (CKA_ID)', key.id],
      ['Algorithme', key.algorithm],
      ['SHA-256 de la clé publique', key.spkiSha256],
      ['Enregistrée au registre le', key.recordedAt],
      ...Object.entries(key.attributes).map(([name, value]) => [name, String(value)]),
      ...(key.destroyed === undefined ? [] : [['Détruite ; une signature répond ensuite', key.destroyed]]),
    ],
    empty: '',
  })

const verdicts: Readonly<Record<string, string>> = {
  agrees: 'concordance',
  unrecorded: 'réponses OCSP non encore enregistrées',
  unknown: 'ÉCART : signatures inconnues du registre',
  missing: 'ÉCART : signatures que le module n’a pas comptées',
}

const between = (least: number, most: number): string => (least === most ? `${least}` : `${least} à ${most}`)

/** RGS A2 V.4: what each key has signed, by the ledger and by who holds the keys. */
export const reconciliation = ({ signatures }: Pick<CeremonyReport, 'signatures'>): string =>
  table({
    caption: 'Signatures : registre et compteur du module, avant la signature de ce procès-verbal',
    heads: ['Clé', 'Registre', 'Module', 'Constat'],
    rows: signatures.map(({ purpose, least, most, signatures: counted, uncertain, verdict }) => [
      ...[purposes[purpose] ?? purpose, between(least, most), between(counted - uncertain, counted)],
      verdicts[verdict] ?? verdict,
    ]),
    empty: 'aucune',
  })

export const signaturesOf = ({ present, witnesses }: Pick<CeremonyReport, 'present' | 'witnesses'>): string =>
  table({
    caption: 'Signatures',
    heads: ['Qualité', 'Nom', 'Signature'],
    rows: [
      ...present.map(({ role, account }) => [role, account, ' ']),
      ...witnesses.map((name) => ['témoin', name, ' ']),
    ],
    empty: '',
  })

/** One page, nothing fetched, no script. */
export const reportPage = (report: CeremonyReport): string => {
  const { title, rehearsal, heldAt, endedAt, place, module, token } = report
  const facts = [
    ['Lieu', place],
    ['Début', heldAt],
    ['Fin', endedAt],
    ['Registre', report.log],
    ['Politique', String(report.policy)],
    ['Version du logiciel', report.release],
    ['Script (SHA-256)', report.scriptSha256],
    ['Module', module],
    ['Jeton', token],
    ...Object.entries(report.settings),
    ...(report.remarks === undefined ? [] : [['Remarques', report.remarks]]),
  ]
  const rows = report.steps.map(({ at, phase, step, recordedAt }) => [
    ...[at, phaseNames[phase], steps[step]?.name ?? step],
    recordedAt !== undefined && Date.parse(recordedAt) < Date.parse(heldAt)
      ? `trouvée, faite lors d’une séance antérieure : enregistrée le ${recordedAt}`
      : 'faite',
  ])
  return `<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head><body>
<header><h1>${rehearsal ? 'Répétition : ' : ''}${escaped(title)}</h1>
<p>Procès-verbal de la cérémonie des clés${rehearsal ? ', tenue à blanc : ses clés ont été détruites' : ''}.</p></header>
${table({ caption: 'La cérémonie', heads: ['Objet', 'Valeur'], rows: facts, empty: '' })}
${table({
  caption: 'Fonctions par phase',
  heads: ['Phase', 'Rôle', 'Fonction'],
  rows: report.functions.map(functionRow),
  empty: '',
})}
${table({ caption: 'Déroulement', heads: ['Heure (UTC)', 'Phase', 'Étape', 'Constat'], rows, empty: '' })}
<h2>Inventaire des clés</h2>
${report.keys.map(keyTable).join('\n')}
<h2>Certificats</h2>
${table({
  caption: 'Certificats émis',
  heads: ['Autorité', 'SHA-256'],
  rows: report.certificates.map(({ name, sha256 }) => [name, sha256]),
  empty: 'aucun',
})}
${reconciliation(report)}
${signaturesOf(report)}
</body></html>
`
}
