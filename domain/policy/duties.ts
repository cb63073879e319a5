// CGU-06: the PC separates duties. This is the whole matrix, one row a command (dutyTable.ts): which roles may give it at all,
// what they reach with it, and who must be another person. Printed in docs/separation.md.
import type { Role } from '../lists.ts'
import type { ClauseId } from '../refusals.ts'
import { dutyTable, type Duty, type Scope } from './dutyTable.ts'

type Groups = typeof dutyTable
/** Every command of events.md section 3, by its name there; a name of the code's own where one was split. */
export type CommandName = { [G in keyof Groups]: keyof Groups[G] }[keyof Groups]

/** The matrix, row by row, in the order of the page. */
export const duties: ReadonlyMap<string, Duty> = new Map<string, Duty>(
  Object.values(dutyTable).flatMap((group) => Object.entries<Duty>(group)),
)

/** The roles that may give a command at all: `who` of its decider. */
export const rolesFor = (command: CommandName): readonly Role[] => duties.get(command)?.who ?? []

/** The clause that says whose a command is, cited to everybody else. */
export const clauseOfRole = (command: string): ClauseId => duties.get(command)?.clause ?? 'CGU-06'

const reach: Readonly<Partial<Record<Role, Scope>>> = {
  holder: 'own',
  mc: 'entity',
  legalRepresentative: 'entity',
  accreditedRepresentative: 'entity',
  authorisedPerson: 'entity',
}

/** What a role reaches with a command that it may give. */
export const scopeOf = (duty: Duty, role: Role): Scope =>
  duty.told?.roles.includes(role) === true ? 'none' : (duty.scope ?? reach[role] ?? 'all')
