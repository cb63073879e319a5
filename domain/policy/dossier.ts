// CGU-29, CGU-30: « nécessitant donc l’intervention d’un MC et la constitution d’un dossier de demande de certificat ».
// What the file holds (RGS A2 III.2.3.2): the form signed within three months, the mandate or its delegation, the CGU
// signed, and a copy of an identity document that is named.
import type { Instant } from '../kernel.ts'
import type { HolderKind, PieceKind } from '../lists.ts'
import { dayOf } from './dates.ts'

/** One piece, or one of several that do for each other; the first is the one that is named when it is missing. */
type Required = readonly [PieceKind, ...PieceKind[]]

const throughAgent: readonly Required[] = [
  ['requestForm'],
  ['identityCopy'],
  ['mandate', 'delegation'],
  ['cguSigned'],
]

/** The pieces of a file made through a certification agent, by whom it is for. */
const required: Readonly<Record<HolderKind, readonly Required[]>> = {
  agent: throughAgent,
  newcomer: throughAgent,
  contractor: throughAgent,
}

/** The pieces that such a file still needs. */
export const missingPieces = (kind: HolderKind, pieces: readonly PieceKind[]): readonly PieceKind[] =>
  required[kind].filter((any) => !any.some((piece) => pieces.includes(piece))).map(([first]) => first)

export type Dossier = Readonly<{
  pieces: readonly PieceKind[]
  oldestSignedOn: string
  documentKind?: unknown
  documentNumber?: unknown
}>

/** Everything that keeps a file from being complete, by name: pieces, the identity document's reference, a date to come. */
export const gapsOf = (kind: HolderKind, dossier: Dossier, at: Instant): readonly string[] => [
  ...missingPieces(kind, dossier.pieces),
  ...(['documentKind', 'documentNumber'] as const).filter((field) => dossier[field] === undefined),
  ...(dossier.oldestSignedOn > dayOf(at) ? ['oldestSignedOn'] : []),
]
