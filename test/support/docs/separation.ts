// docs/separation.md, made from the matrix of duties (domain/policy/dutyTable.ts) and the roles that exclude one another.
import { join } from 'node:path'
import { roles, type Role } from '../../../domain/lists.ts'
import { scopeOf } from '../../../domain/policy/duties.ts'
import { dutyTable, type Duty, type Party, type Scope } from '../../../domain/policy/dutyTable.ts'
import { incompatibleRoles } from '../../../domain/policy/separation.ts'

export const separationFile = join(import.meta.dirname, '../../../docs/separation.md')

const short: Readonly<Record<Role, string>> = {
  holder: 'H',
  mc: 'MC',
  legalRepresentative: 'LR',
  accreditedRepresentative: 'AR',
  authorisedPerson: 'AP',
  legalAuthority: 'LA',
  raOfficer: 'RA',
  caOfficer: 'CA',
  recoveryOfficer: 'RO',
  unblockingOperator: 'UO',
  securityOfficer: 'SO',
  systemOperator: 'SY',
  auditor: 'AU',
  supervisor: 'CS',
  archivist: 'AV',
  supportAgent: 'SA',
  program: 'P',
}
const mark: Readonly<Record<Scope, string>> = { own: 'own', entity: 'ent.', all: 'all', none: 'no' }
const words: Readonly<Record<Party, string>> = {
  holder: 'the holder',
  appointee: 'the appointee',
  requester: 'the requester',
  recorder: 'who recorded the request',
  recipient: 'the recipient',
  executor: 'who executed it, where no certificate was named',
  proposer: 'the proposer',
  earlierApprover: 'an earlier approver',
  secondPerson: 'the second person',
  controller: 'who controlled it',
  manager: 'who answers for it',
}

const head = `# Separation of duties

One row a command: which roles may give it at all, what they reach with it, and who must be another person. A role that has no
mark is refused \`ROLE_NOT_HELD\`, with the clause of the row. *own*: what is about the person himself; *ent.*: what belongs to
the entities of his mandate; *all*: everything; *no*: refused in any case, but told whose it is. Persons are compared, not accounts. No role is bound to one registration
authority: where the text says "the RA", every officer of it may act.

This page is generated from \`domain/policy/dutyTable.ts\` and \`domain/policy/separation.ts\` by \`npm run docs\`;
\`test/commands/duties.test.ts\` and \`test/commands/reach.test.ts\` hold the deciders to it, cell by cell.

Roles: ${roles.map((role) => `${short[role]} \`${role}\``).join(', ')}.
`

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const rowOf = ([command, duty]: readonly [string, Duty]): string => {
  const marks = roles.map((role) => (duty.who.includes(role) ? mark[scopeOf(duty, role)] : ''))
  const apart = duty.apart.map(({ party, clause, code }) => `${words[party]} (${clause}, \`${code}\`)`)
  const told = duty.told === undefined ? '' : `; *no*: ${duty.told.clause}, \`${duty.told.code}\``
  return line([`\`${command}\``, ...marks, apart.join('; '), `${duty.clause}${told}`])
}

const tableOf = (group: string, rows: Readonly<Record<string, Duty>>): string => {
  const heads = ['Command', ...roles.map((role) => short[role]), 'Never the same person as', 'Clause']
  return [
    `## ${group}`,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...Object.entries(rows).map(rowOf),
    '',
  ].join('\n')
}

const exclusive = (): string => {
  const rows = incompatibleRoles.map(({ role, with: excluded, reason }) =>
    line([`\`${role}\``, excluded.map((other) => `\`${other}\``).join(', '), reason]),
  )
  const text = `## Roles that one person may not hold at the same time

The acceptance of an appointment is refused \`ROLES_INCOMPATIBLE\` (CGU-06); of two acceptances that crossed, the later is
ended, cause \`incompatible\`.
`
  return [text, line(['Role', 'Not with', 'Why']), line(['---', '---', '---']), ...rows, ''].join('\n')
}

/** The whole page. */
export const separationPage = (): string =>
  [head, ...Object.entries(dutyTable).map(([group, rows]) => tableOf(group, rows)), exclusive()].join('\n')
