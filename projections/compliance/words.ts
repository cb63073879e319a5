// The French words of the report.
const words: Readonly<Record<string, string>> = {
  // delays
  requestToRevocation: 'De la demande à la révocation',
  revocationToCrl: 'De la révocation à la LCR',
  requestToCrl: 'De la demande à la LCR',
  // grounds and outcomes of recoveries
  holderRequest: 'demande du porteur',
  judicial: 'demande judiciaire',
  unavailability: 'indisponibilité prolongée',
  lawfulAuthority: 'autorité habilitée par la loi',
  destroyed: 'détruit',
  sealed: 'scellé',
  pending: 'en cours',
  rejected: 'rejetée',
  closed: 'close',
  executed: 'exécutée',
  delivered: 'remise',
  // components and controls
  service: 'service',
  desk: 'guichet',
  portal: 'portail',
  signer: 'signature',
  vault: 'coffre',
  ledger: 'registre',
  publisher: 'publication',
  responder: 'répondeur OCSP',
  declared: 'déclarée',
  inService: 'en service',
  retired: 'retirée',
  policy: 'conformité de la PC',
  commissioning: 'avant mise en service',
  modification: 'après modification',
  confirmation: 'confirmation',
  passed: 'réussite',
  failed: 'échec',
  toConfirm: 'à confirmer',
  open: 'à effectuer',
  // qualification
  held: 'en cours',
  lapsed: 'échue',
  none: 'aucune enregistrée',
}

/** The French word for a code of the report; the code itself where there is none. */
export const word = (code: string): string => words[code] ?? code

/** Bounds of the classes of delays, as people say them. */
export const classNames = [
  ...['1 min au plus', 'de 1 à 10 min', 'de 10 min à 1 h', 'de 1 à 6 h', 'de 6 à 24 h', 'de 24 à 72 h'],
  'plus de 72 h',
] as const

/** A duration in the two largest units that it has. */
export const duration = (seconds: number | null): string => {
  if (seconds === null) return '—'
  const units: readonly (readonly [string, number])[] = [
    ['j', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]
  let rest = seconds
  const parts: string[] = []
  for (const [unit, length] of units) {
    const count = Math.floor(rest / length)
    rest -= count * length
    if (count > 0) parts.push(`${count} ${unit}`)
  }
  return parts.slice(0, 2).join(' ') || '0 s'
}

/** `2026-03-02` as it is written in France. */
export const day = (date: string | null): string =>
  date === null ? '—' : date.split('-').reverse().join('/')

/** Parts of the CGU, by the first clause of each. */
export const parts: readonly (readonly [first: number, title: string])[] = [
  [1, 'Objet, définitions et types de certificats'],
  [16, 'Acceptation, durée et évolution des CGU'],
  [21, 'Modalités d’obtention'],
  [36, 'Acceptation du certificat'],
  [38, 'Séquestre'],
  [42, 'Recouvrement'],
  [49, 'Code PIN et déblocage'],
  [54, 'Renouvellement'],
  [61, 'Révocation'],
  [80, 'Fin de vie de l’AC'],
  [92, 'Obligations du porteur'],
  [100, 'Obligations des utilisateurs de certificats'],
  [104, 'Publication et état des certificats'],
  [108, 'Limites d’usage et de responsabilité'],
  [112, 'Données personnelles et conservation'],
  [117, 'Indemnisation, droit applicable et litiges'],
  [121, 'Qualification et contrôles'],
]
