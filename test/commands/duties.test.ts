// The matrix of separation of duties against the deciders: every role of every command, and every person who may not be the same.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkAppointee, proposeAppointment, type ProposeAppointment } from '../../commands/appointments.ts'
import { completeDossier } from '../../commands/completeDossier.ts'
import { consider } from '../../commands/consider.ts'
import { approveRecovery } from '../../commands/recoveries.ts'
import { requestCertificate, type RequestCertificate } from '../../commands/requestCertificate.ts'
import { openSession } from '../../commands/sessions.ts'
import { validateRequest } from '../../commands/validateRequest.ts'
import { verifyIdentity } from '../../commands/verifyIdentity.ts'
import { appointment } from '../../domain/appointment.ts'
import { key } from '../../domain/key.ts'
import type { Command, Decider, Event } from '../../domain/kernel.ts'
import { roles, type Role } from '../../domain/lists.ts'
import { clauseOfRole, duties } from '../../domain/policy/duties.ts'
import type { Duty } from '../../domain/policy/dutyTable.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as f from './facts.ts'

type AnyDecider = Decider<unknown, Command, Event, unknown>

/** Roles that the norm gives, and that the deciders of this tree do not know yet; commands that no decider gives yet. */
const awaited: Readonly<Record<string, readonly Role[]>> = {
  AllotCard: ['holder'],
  HandOverCard: ['program'],
  OpenSession: ['holder'],
  RequestRevocation: ['legalRepresentative', 'authorisedPerson'],
  RevokeCertificate: ['raOfficer', 'caOfficer'],
  ValidateRequest: ['program'],
  VerifyIdentity: ['program'],
}
/** Cells whose refusal no decider of this tree gives yet, `Command/party`. */
const awaitedCells: readonly string[] = [
  'CommissionComponent/controller',
  'CompleteControl/manager',
  'ApproveDestruction/proposer',
  'ApproveDestruction/earlierApprover',
  'StartDestruction/secondPerson',
  'DiscloseData/secondPerson',
  'PlanServiceKey/secondPerson',
  'RecordServiceKeyCopy/secondPerson',
  'PlanServiceKeyDestruction/secondPerson',
  'StartUnblocking/holder',
]

const isDecider = (value: unknown): value is AnyDecider =>
  typeof value === 'object' && value !== null && 'decide' in value && 'who' in value && 'aggregate' in value

/** A factory of deciders takes the policy alone; anything else that is exported is none. */
const deciderOf = (value: unknown): AnyDecider | undefined => {
  if (isDecider(value)) return value
  if (typeof value !== 'function' || value.length > 1) return undefined
  try {
    const made: unknown = (value as (policy: unknown) => unknown)(f.policy)
    if (made instanceof Promise) made.catch(() => undefined)
    return isDecider(made) ? made : undefined
  } catch {
    return undefined
  }
}

const folder = new URL('../../commands/', import.meta.url)
const found = new Map<string, AnyDecider>()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const module = (await import(new URL(file, folder).href)) as Readonly<Record<string, unknown>>
  for (const value of Object.values(module)) {
    const decider = deciderOf(value)
    if (decider !== undefined) found.set(decider.type, decider)
  }
}

const rowOf = (command: string): Duty => {
  const row = duties.get(command)
  if (row === undefined) throw new Error(`${command} is not in the matrix`)
  return row
}

describe('roles', () => {
  it('CGU-06: the matrix has every command that a decider gives', () => {
    expect(found.size).toBeGreaterThan(40)
    expect([...found.keys()].filter((command) => !duties.has(command))).toEqual([])
  })

  it.each([...found.keys()].sort())('CGU-06: %s, each role', async (command) => {
    const decider = found.get(command)
    if (decider === undefined) throw new Error(command)
    const expected = rowOf(command).who.filter((role) => !awaited[command]?.includes(role))
    expect(roles.filter((role) => decider.who.includes(role))).toEqual(
      roles.filter((role) => expected.includes(role)),
    )
    const fold = () => Promise.reject(new Error('a role that may not give it reads nothing'))
    for (const role of roles.filter((one) => !expected.includes(one))) {
      const order = { type: command, id: uuid(99), data: {}, by: actor(role, 80), at: morning }
      const decision = await consider(decider, order, decider.aggregate.initial, fold)
      expect([role, decision]).toEqual([
        role,
        { refused: { code: 'ROLE_NOT_HELD', clause: clauseOfRole(command), detail: role } },
      ])
    }
  })

  it('CGU-06: what is awaited is not there yet', () => {
    for (const [command, missing] of Object.entries(awaited)) {
      const who = found.get(command)?.who ?? []
      expect([command, missing.filter((role) => who.includes(role))]).toEqual([command, []])
      expect([command, missing.filter((role) => !rowOf(command).who.includes(role))]).toEqual([command, []])
    }
  })
})

const proposal = { appointment: f.M, ...f.proposed().data } as ProposeAppointment['data']
const demand: RequestCertificate['data'] = {
  ...{ request: f.R, person: uuid(2), drawn: false, entity: f.E, cardKind: 'agent', ra: 'dgddi' },
  ...{
    profile: 'encryption',
    escrow: true,
    looked: { readAt: morning, agent: 'empty', inRaDirectory: false },
  },
  holder: {
    ...{ kind: 'agent', surname: 'Brun', givenNames: 'Ève', nameInCertificate: 'Ève BRUN' },
    ...{ email: 'eve@douane.example', matricule: '0012345678' },
  },
}
const own = f.requested({ person: uuid(2) })
const held = on(key, f.K, f.bound, f.escrowed)
const approval = { recovery: f.Q, statement: 'vu', statementSha256: f.digest }
const approve = (file: Parameters<typeof f.asked>[0], officer: number) =>
  given(held, on(recovery, f.Q, f.asked(file)))
    .when(approveRecovery(f.policy), approval, actor('recoveryOfficer', officer))
    .outcome()

/** What happens where the two are one person, by `Command/party`; and, first, that somebody else may. */
const cases: Readonly<Record<string, () => Promise<string>>> = {
  'ProposeAppointment/appointee': () =>
    given(f.employer)
      .when(proposeAppointment(f.policy), { ...proposal, person: f.ra.person }, f.ra)
      .outcome(),
  'CheckAppointee/appointee': () =>
    given(on(appointment, f.M, f.proposed({ person: f.ra.person })))
      .when(checkAppointee, { appointment: f.M, method: 'inPerson' }, f.ra)
      .outcome(),
  'RequestCertificate/holder': () =>
    given(f.employer).when(requestCertificate(f.policy), demand, f.ra).outcome(),
  'CompleteDossier/holder': () =>
    given(on(request, f.R, f.requested({ person: uuid(2), path: 'mandate' })))
      .when(
        completeDossier(f.policy),
        { request: f.R, pieces: [], oldestSignedOn: '2026-02-01', scans: 'x' },
        f.ra,
      )
      .outcome(),
  'VerifyIdentity/holder': () =>
    given(on(request, f.R, own))
      .when(verifyIdentity, { request: f.R, method: 'inPerson', entityTieChecked: true }, f.ra)
      .outcome(),
  'ValidateRequest/holder': () =>
    given(on(request, f.R, own, f.accepted, f.identified))
      .when(validateRequest(f.policy), { request: f.R }, f.ra)
      .outcome(),
  'OpenSession/holder': () =>
    given(f.employer, f.deskInService(uuid(70)), on(request, f.R, own, f.accepted, f.identified, f.validated))
      .when(
        openSession,
        { request: f.R, holderPresent: true, desk: uuid(70), serial: f.S, card: f.C, slots: 12, earlier: [] },
        f.ra,
      )
      .outcome(),
  'ApproveRecovery/requester': () => approve({ requester: uuid(6) }, 6),
  'ApproveRecovery/recorder': () => approve({ recorder: uuid(6) }, 6),
  'ApproveRecovery/recipient': () => approve({ recipient: uuid(6) }, 6),
  'ApproveRecovery/holder': () => approve({}, 1),
  'ApproveRecovery/earlierApprover': () =>
    given(held, on(recovery, f.Q, f.asked(), f.approvedBy(6, '2026-03-03T09:00:00Z')))
      .when(approveRecovery(f.policy), approval, actor('recoveryOfficer', 6))
      .outcome(),
}

const cells = [...duties].flatMap(([command, { apart }]) =>
  apart.map((cell) => ({ ...cell, command, name: `${command}/${cell.party}` })),
)

describe('who must not be the same person', () => {
  it.each(cells.filter(({ name }) => name in cases))('$clause: $name', async ({ name, clause, code }) => {
    expect(await cases[name]?.()).toBe(`${clause} ${code}`)
  })

  it('CGU-04: no cell lacks its case, and no case its cell', () => {
    const names = cells.map(({ name }) => name)
    expect(names.filter((name) => !(name in cases) && !awaitedCells.includes(name))).toEqual([])
    expect(Object.keys(cases).filter((name) => !names.includes(name))).toEqual([])
    expect(awaitedCells.filter((name) => !names.includes(name) || name in cases)).toEqual([])
  })

  it('CGU-46: an officer who is none of them approves', async () => {
    expect(await approve({}, 7)).toBe('RecoveryApproved')
  })
})
