// CGU-41, CGU-113 to CGU-116: the act of destruction. Two officers have approved the list; the program starts, removes each escrowed key
// and says so in its stream, destroys the data keys of the units, and closes with an attestation. Every step may be the last before a
// crash: what is absent is destroyed, and the act goes on. (events.md P6, steps 4 to 6)
import { certificate } from '../domain/certificate.ts'
import { destruction, type Run } from '../domain/destruction.ts'
import { key } from '../domain/key.ts'
import { classOfUnit } from '../domain/policy/retention.ts'
import type { EscrowCare } from '../pki/custody.ts'
import { consider, foldOf } from './consider.ts'
import { recordDestruction, startDestruction } from './destructions.ts'
import { sha256 } from './issuing.ts'
import { recordKeyDestruction, type RecordKeyDestruction } from './keys.ts'
import { perform, type Service } from './program.ts'

export type DestroyTools = Readonly<{
  service: Service
  escrow: Pick<EscrowCare, 'destroyKey' | 'keyOf'>
  dataKeys: Readonly<{
    destroy: (keyId: string) => Promise<void>
    isDestroyed: (keyId: string) => Promise<boolean>
  }>
  /** Keeps the attestation. @returns its SHA-256 */
  keep: (bytes: Uint8Array) => Promise<string>
  /** Those of some units that are on hold now. @throws where nobody knows all holds at the moment */
  heldAmong: (units: readonly string[]) => Promise<readonly string[]>
}>

/** The data key that seals what is kept under a unit: `escrow/<serial>` has `escrow_<serial>`. */
export const keyIdOfUnit = (unit: string): string => unit.replace('/', '_')

/** What happened to one escrowed key. */
type Gone = Readonly<{ serial: string; spkiSha256: string; blobSha256: string }>

/** `held`: those of the spared that were on hold when their turn came. */
type Outcome = Readonly<Record<'units' | 'spared' | 'held', readonly string[]> & { keys: readonly Gone[] }>

/** Whose act it is. A run that was begun before its operators were kept has been approved by these. */
const operatorsOf = ({ operators, approvals }: Run): readonly string[] =>
  operators ?? [...new Set(approvals.flatMap(({ approver }) => (approver === undefined ? [] : [approver])))]

/**
 * Destroys the escrowed key of a serial, unless its own stream says that it has to stay.
 * @returns what is gone; 'spared'; or undefined where no key was ever in escrow
 */
const destroyEscrowed = async (
  { service, escrow }: DestroyTools,
  runId: string,
  { serial, cause }: Readonly<{ serial: string; cause: 'termEnded' | 'neverCertified' }>,
): Promise<Gone | 'spared' | undefined> => {
  const signed = (await service.ledger.load(certificate, serial)).state
  // Of a serial that was given up before it was planned the vault alone knows the key.
  const certified = 'spkiSha256' in signed ? signed.spkiSha256 : undefined
  const spki = certified ?? (await escrow.keyOf(serial))
  if (spki === undefined) return undefined
  const held = (await service.ledger.load(key, spki)).state
  if (held.status === 'destroyed') {
    await escrow.destroyKey(spki)
    return { serial, spkiSha256: spki, blobSha256: '' }
  }
  const blobSha256 = 'blobSha256' in held ? held.blobSha256 : ''
  const gone = { serial, spkiSha256: spki, blobSha256 }
  const data: RecordKeyDestruction['data'] = {
    ...{ spki, destruction: runId, cause, blobCopies: 1, method: 'blobDeleted' },
    proofSha256: sha256(JSON.stringify(['grand-livre/destroyed/v1', runId, serial, spki, blobSha256])),
  }
  const decider = recordKeyDestruction(service.policy)
  // Asked before anything is removed: a key that a recovery holds, or whose term runs, stays.
  const command = { type: decider.type, id: runId, data, by: await service.actor(), at: service.now() }
  if ('refused' in (await consider(decider, command, held, foldOf(service.ledger)))) return 'spared'
  const record = () =>
    perform(service, decider, { key: `${spki}|${runId}`, data, circumstances: { correlationId: runId } })
  // Gone first, then said to be; but not where nobody would know any more whose it was. What is said to be gone is removed again.
  if (certified === undefined) await record()
  await escrow.destroyKey(spki)
  if (certified !== undefined) await record()
  return gone
}

/** Canonical: one run has one attestation, however often the act was cut off. */
const attestationOf = (runId: string, run: Run, outcome: Outcome): Uint8Array =>
  Buffer.from(
    `${JSON.stringify(
      {
        form: 'grand-livre/destruction-attestation/v1',
        ...{
          destruction: runId,
          class: run.class,
          cause: run.cause,
          units: outcome.units,
          spared: outcome.spared,
        },
        visaSha256: run.visa?.sha256,
        approvals: operatorsOf(run).length,
        method: methodOf(run),
        escrowedKeys: outcome.keys.map(({ serial, spkiSha256 }) => ({ serial, spkiSha256 })),
        note: 'Backups of the vault keep wrapped keys until the KEK of their year is destroyed.',
      },
      null,
      2,
    )}\n`,
  )

const methodOf = (run: Run) =>
  run.class === 'escrow' ? ('blobDeleted' as const) : ('dataKeyDeleted' as const)

/** What was gone before a hold was placed on it was not spared, whatever a stop has left unsaid. */
const isOnHold = async ({ dataKeys, heldAmong }: DestroyTools, unit: string): Promise<boolean> =>
  !(await dataKeys.isDestroyed(keyIdOfUnit(unit))) && (await heldAmong([unit])).length > 0

/** Every unit of the run, one after the other: destroyed, or spared. A hold may come while the act runs. */
const destroyEach = async (
  tools: DestroyTools,
  runId: string,
  { units: all, cause }: Run,
): Promise<Outcome> => {
  const [units, spared, held, keys]: [string[], string[], string[], Gone[]] = [[], [], [], []]
  for (const unit of all) {
    const serial = unit.slice(unit.indexOf('/') + 1)
    const isEscrow = classOfUnit(unit) === 'escrow'
    const destroy = () => (isEscrow ? destroyEscrowed(tools, runId, { serial, cause }) : undefined)
    const isHeld = await isOnHold(tools, unit)
    if (isHeld) held.push(unit)
    const gone = isHeld ? 'spared' : await destroy()
    if (gone === 'spared') {
      spared.push(unit)
      continue
    }
    if (gone !== undefined) keys.push(gone)
    await tools.dataKeys.destroy(keyIdOfUnit(unit))
    units.push(unit)
  }
  return { units, spared, held, keys }
}

/** Begins a run. @returns it; undefined: it still waits for its visa or its approvals, or all of it is on hold */
const begin = async (
  { service, heldAmong }: DestroyTools,
  runId: string,
  run: Run,
): Promise<Run | undefined> => {
  if (run.status === 'started') return run
  const { ledger, policy } = service
  const held = await heldAmong(run.units)
  const decider = startDestruction(policy)
  const data = { destruction: runId, held }
  const command = { type: decider.type, id: runId, data, by: await service.actor(), at: service.now() }
  if ('refused' in (await consider(decider, command, run, foldOf(service.ledger)))) return undefined
  await perform(service, decider, { key: runId, data, circumstances: { correlationId: runId } })
  const { state } = await ledger.load(destruction, runId)
  return state.status === 'started' ? state : undefined
}

/**
 * Carries out a run that is approved, or goes on with one that was started.
 * @returns whether it is done now; false: it still waits for its visa or its approvals, or all of it is on hold
 * @throws ProcessRefused; faults of the ledger or of custody: given again, it goes on
 */
export const destroyUnits = async (tools: DestroyTools, runId: string): Promise<boolean> => {
  const { service, keep } = tools
  const { state } = await service.ledger.load(destruction, runId)
  if (state.status !== 'proposed' && state.status !== 'started') return state.status === 'done'
  const run = await begin(tools, runId, state)
  if (run === undefined) return false
  const outcome = await destroyEach(tools, runId, run)
  const { units, spared, held } = outcome
  const attestationSha256 = await keep(attestationOf(runId, run, outcome))
  await perform(service, recordDestruction, {
    key: runId,
    data: {
      ...{ destruction: runId, units: [...units], spared: [...spared], held: [...held] },
      ...{ method: methodOf(run), dataKeys: units.length, attestationSha256 },
      operators: [...operatorsOf(run)],
    },
    circumstances: { correlationId: runId },
  })
  return true
}
