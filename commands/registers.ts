// The two registers that a request is held against, as ports: the ministry's referential of agents (CGU-27 to CGU-29) and
// the RA's reference directory (CGU-30). They are two: who is only in the directory is no agent.
import type { Instant } from '../domain/kernel.ts'
import type { AgentRecord } from '../domain/policy/cardKind.ts'

export type Referential = Readonly<{
  /** The agent of a matricule; `empty` where no referential was ever imported. */
  find: (matricule: string) => Promise<AgentRecord | 'unknown' | 'empty'>
}>

export type Directory = Readonly<{
  /** Whether somebody of this e-mail address or of this name is in it. */
  knows: (who: Readonly<{ email: string; surname: string; givenNames: string }>) => Promise<boolean>
}>

export type Registers = Readonly<{ referential: Referential; directory: Directory }>

/** What the registers said of an applicant, and when they were asked. */
export type Looked = Readonly<{
  readAt: Instant
  agent: AgentRecord | 'unknown' | 'empty'
  inRaDirectory: boolean
}>

export type Applicant = Readonly<{
  surname?: string | undefined
  givenNames?: string | undefined
  email?: string | undefined
  matricule?: string | undefined
}>

/** Asks both registers about an applicant, as far as he has said who he is. */
export const lookUp = async (
  { referential, directory }: Registers,
  { matricule = '', email = '', surname = '', givenNames = '' }: Applicant,
  readAt: Instant,
): Promise<Looked> => ({
  readAt,
  agent: await referential.find(matricule),
  inRaDirectory: await directory.knows({ email, surname, givenNames }),
})
