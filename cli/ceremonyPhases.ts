// The phases of a key ceremony, and who has which function in them, for its report (EN 319 411-1 GEN-6.5.1-13A). What is said here is what
// the program holds everybody to: no act is planned without the two officers, and no ceremony begins without its witnesses.

export type Phase = 'identification' | 'keys' | 'certificates' | 'conditions' | 'closing'

export const phaseNames: Readonly<Record<Phase, string>> = {
  identification: 'Identification',
  keys: 'Génération des clés',
  certificates: 'Certificats',
  conditions: 'Conditions générales d’utilisation',
  closing: 'Clôture',
}

export type Step = Readonly<{
  phase: Phase
  name: string
  /** The key that it makes, or whose certificate it installs. */
  makes?: string
}>

/** The steps as the ceremony names them to whoever watches (commands/ceremony.ts). */
export const steps: Readonly<Record<string, Step>> = {
  'root key': { phase: 'keys', name: 'Clé de l’AC racine', makes: 'root' },
  'root certificate': { phase: 'certificates', name: 'Certificat de l’AC racine', makes: 'root' },
  'issuing CA key': { phase: 'keys', name: 'Clé de l’AC émettrice', makes: 'ca' },
  'issuing CA certificate': { phase: 'certificates', name: 'Certificat de l’AC émettrice', makes: 'ca' },
  'conditions of use in force': {
    phase: 'conditions',
    name: 'Conditions générales d’utilisation en vigueur',
  },
  'OCSP responder key': { phase: 'keys', name: 'Clé du répondeur OCSP', makes: 'ocsp' },
  'log key': { phase: 'keys', name: 'Clé du journal et des rapports', makes: 'log' },
  'export key': { phase: 'keys', name: 'Clé des exports', makes: 'export' },
}

const functionNames = {
  showsToken: 'présente le jeton qui l’identifie',
  recordsSignIn: 'consigne les deux identifications',
  commands: 'ordonne chaque acte',
  standsBeside: 'seconde personne : aucun acte n’est préparé sans elle',
  watches: 'assiste à chaque acte',
  makesKeys: 'engendre chaque clé dans le module et en lit les attributs',
  signsCertificates: 'contrôle, signe et vérifie chaque certificat',
  adopts: 'consigne la version en vigueur',
  takesStock: 'dresse l’inventaire, rapproche les signatures, signe le procès-verbal',
  destroys: 'dresse l’inventaire et détruit les clés de la répétition',
  signs: 'signe le procès-verbal',
} as const

export type CeremonyFunction = Readonly<{
  phase: Phase
  role: string
  does: keyof typeof functionNames
}>

const acting: readonly Phase[] = ['keys', 'certificates', 'conditions']

/**
 * Who does what in which phase.
 * @param roles those of the officer who gives the commands, and of the one beside him
 */
export const functionsOf = (
  [first, second]: readonly [string, string],
  rehearsal: boolean,
): readonly CeremonyFunction[] => {
  const during = acting.flatMap((phase): readonly CeremonyFunction[] => [
    { phase, role: first, does: 'commands' },
    { phase, role: second, does: 'standsBeside' },
    { phase, role: 'witness', does: 'watches' },
    {
      ...{ phase, role: 'program' },
      does: phase === 'keys' ? 'makesKeys' : phase === 'certificates' ? 'signsCertificates' : 'adopts',
    },
  ])
  const closing = [first, second, 'witness'].map((role): CeremonyFunction => ({
    phase: 'closing',
    role,
    does: 'signs',
  }))
  return [
    { phase: 'identification', role: first, does: 'showsToken' },
    { phase: 'identification', role: second, does: 'showsToken' },
    ...(rehearsal ? [] : [{ phase: 'identification', role: 'program', does: 'recordsSignIn' } as const]),
    ...during,
    { phase: 'closing', role: 'program', does: rehearsal ? 'destroys' : 'takesStock' },
    ...closing,
  ]
}

const roleNames: Readonly<Record<string, string>> = {
  caOfficer: 'responsable de l’AC (caOfficer)',
  securityOfficer: 'responsable de la sécurité (securityOfficer)',
  witness: 'témoins',
  program: 'le logiciel',
}

/** A row of the page: phase, role and function, in French. */
export const functionRow = ({ phase, role, does }: CeremonyFunction): readonly string[] => [
  phaseNames[phase],
  roleNames[role] ?? role,
  functionNames[does],
]
