// `grand-livre ca-key-destruction`: the key of an authority that has ended, and every copy of it, are destroyed by two officers before
// witnesses (CGU-90, docs/adr/0031). The same two commands as over HTTP, and the same act of the module: ordered in the ledger before
// anything is destroyed, recorded after. Held again, it goes on where it stopped.
import { join } from 'node:path'
import { sha256 } from '../commands/issuing.ts'
import { perform } from '../commands/program.ts'
import { planServiceKeyDestruction, recordServiceKeyDestruction } from '../commands/serviceKeys.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { makePrivateDirectory, readIfPresent, replaceDurable } from '../hsm/durable.ts'
import { withOfficers } from './ceremonyParts.ts'
import { leftOf, readDestructionScript, requireWitnesses } from './ceremonyScript.ts'
import { readConfig } from './config.ts'
import { destructionPage, type DestructionMinutes, type DestructionReport } from './caKeyDestructionReport.ts'
import { logKeyOf, requireAccepted, type Ceremony } from './endCeremony.ts'
import { foundIn, orderOf, refused, rehearse, type Destroying } from './caKeyDestructionPlan.ts'
import { placeOf } from './ledgerPlace.ts'
import { requireOut } from './outDirectory.ts'
import type { Output } from './output.ts'
import { requireInstallation } from './reading.ts'
import { reconciledKeys } from './reconcile.ts'
import { readRelease } from './shipped.ts'
import { leaveReport, stoodWords, type Left } from './standingReport.ts'

export type DestructionAsked = Readonly<{
  script: string
  officer: string
  second: string
  out: string
  dryRun?: boolean
}>

const minutesName = 'minutes.json'
/** The key as the module described it before: after the act nothing can, so it is in the data directory too, whatever --out is next. */
const objectName = 'object.json'
const keptName = (servicekey: string): string => `ca-key-${servicekey}.json`

type Described = Pick<DestructionMinutes, 'spkiSha256' | 'attributes'>

/** What the module says of the key; nothing of one that it no longer has. @throws ProcessRefused where it has another */
const attributesIn = async (
  opened: Ceremony,
  servicekey: string,
  recorded: string,
): Promise<Described['attributes']> => {
  const found = await foundIn(opened, servicekey)
  if (found !== undefined && sha256(found.spki) !== recorded)
    throw refused('OUT_OF_ORDER', 'the key of the module is not the one that the ledger recorded')
  return found?.attributes ?? {}
}

/**
 * The key as it is, or was before an earlier run destroyed it.
 * @throws ProcessRefused where it is another one than the ledger's; KeyFault where the module does not say: nothing is destroyed then
 */
const describedKey = async (
  opened: Ceremony,
  { out, dataDir }: Destroying,
  servicekey: string,
): Promise<Described> => {
  const { state } = await opened.service.ledger.load(serviceKey, servicekey)
  const recorded = 'spkiSha256' in state ? (state.spkiSha256 ?? '') : ''
  const [left, kept] = [join(out, objectName), join(dataDir, keptName(servicekey))]
  const there = (await readIfPresent(left)) ?? (await readIfPresent(kept))
  const described =
    there === undefined
      ? { spkiSha256: recorded, attributes: await attributesIn(opened, servicekey, recorded) }
      : (JSON.parse(there.toString('utf8')) as Described)
  if (described.spkiSha256 !== recorded)
    throw refused('OUT_OF_ORDER', `--out holds the ${objectName} of another key`)
  await requireOut(out)
  if (there !== undefined) return described
  await makePrivateDirectory(dataDir)
  for (const file of [kept, left])
    await replaceDurable(file, Buffer.from(`${JSON.stringify(described, null, 2)}\n`))
  return described
}

/** The newest events about the destruction, by their types. */
const recordedOf = async ({ service }: Ceremony, servicekey: string) => {
  const found: { orderedAt?: string; minutesSha256?: string } = {}
  for await (const { type, body } of service.ledger.stream(`servicekey-${servicekey}`)) {
    if (type === 'ServiceKeyDestructionPlanned') found.orderedAt = body.at
    if (type === 'ServiceKeyDestroyed') found.minutesSha256 = body.pub['minutesSha256'] as string
  }
  return found
}

/** The minutes that the record names; they were on disk before it. @throws ProcessRefused */
const minutesOf = async ({ out }: Destroying, minutesSha256: string): Promise<string> => {
  const text = (await readIfPresent(join(out, minutesName)))?.toString('utf8')
  if (text === undefined || sha256(text) !== minutesSha256)
    throw refused('OUT_OF_ORDER', 'destroyed before, with minutes that are not in --out')
  return text
}

/** Destroys the key and records it. @returns the minutes that the ledger has the digest of */
const destroy = async (opened: Ceremony, held: Destroying): Promise<string> => {
  const { service, custody } = opened
  const { script, officers, out } = held
  const { issuer, about } = await orderOf(opened, held)
  const { servicekey } = about
  const { orderedAt = '' } = await recordedOf(opened, servicekey)
  const described = await describedKey(opened, held, servicekey)
  // Sessions are closed first: an armed signature outlives its key.
  const proof = await custody.keys.destroy(servicekey)
  const { title, place, witnesses, text } = script
  const minutes: DestructionMinutes = {
    form: 'grand-livre/ca-key-destruction/v1',
    ...{ title, place, witnesses, scriptSha256: sha256(text) },
    ...{ authority: issuer, servicekey, ...described },
    ...{ module: custody.keys.module, token: custody.keys.token },
    ...{ orderedAt, destroyedAt: service.now(), ...proof },
    copies: script.copies.map((one) => ({
      ...one,
      beforeOrder: (one.destroyed?.at ?? '') < orderedAt.slice(0, 19),
    })),
    present: officers.map(({ id: account, role }) => ({ account, role })),
  }
  const written = `${JSON.stringify(minutes, null, 2)}\n`
  // Before the record that names its digest.
  await replaceDurable(join(out, minutesName), Buffer.from(written))
  await perform(service, recordServiceKeyDestruction, {
    key: `${servicekey}|record`,
    data: { ...about, method: 'moduleErased', ...proof, minutesSha256: sha256(written) },
    circumstances: { correlationId: servicekey },
  })
  return written
}

const report = async (
  opened: Ceremony,
  { script, officers, out }: Destroying,
  minutes: string,
): Promise<Left> => {
  const { service, custody } = opened
  const read = JSON.parse(minutes) as DestructionMinutes
  const { log } = service.policy
  const told: DestructionReport = {
    ...read,
    ...{ log, policy: service.policy.version, release: readRelease(), minutesSha256: sha256(minutes) },
    ...(script.remarks === undefined ? {} : { remarks: script.remarks }),
    recorded: await placeOf(service.ledger, log, [`servicekey-${read.servicekey}`, 'ServiceKeyDestroyed']),
    signatures: await reconciledKeys(service.ledger, service.ledger.entries(), custody.keys.signatures),
  }
  const key = await logKeyOf(opened, script, officers[1])
  const documents = {
    [minutesName]: minutes,
    'ca-key-destruction.json': `${JSON.stringify(told, null, 2)}\n`,
    'ca-key-destruction.html': destructionPage(told),
  }
  const second = officers[1]
  return await leaveReport(service, { out, report: 'caKeyDestruction', log: key, second, documents })
}

export type Destroyed =
  /** Ordered; these copies are to be destroyed now, and told in the script. */
  | Readonly<{ destroyed: false; servicekey: string; waiting: readonly string[] }>
  | (Left & Readonly<{ destroyed: true; servicekey: string; failedUseCode: string }>)

/** Holds the ceremony on what is open. @throws ProcessRefused: nothing is destroyed; KeyFault, LedgerFault: held again, it goes on */
export const holdDestruction = async (opened: Ceremony, held: Destroying): Promise<Destroyed> => {
  const { service } = opened
  requireWitnesses('PlanServiceKeyDestruction', held.script)
  const { about, order } = await orderOf(opened, held)
  const { servicekey } = about
  await requireAccepted(service, held.officers[0], planServiceKeyDestruction, order)
  const circumstances = { correlationId: servicekey }
  await perform(service, planServiceKeyDestruction, { key: `${servicekey}|plan`, data: order, circumstances })
  const recorded = await recordedOf(opened, servicekey)
  const waiting = leftOf(held.script.copies)
  if (recorded.minutesSha256 === undefined && waiting.length > 0)
    return { destroyed: false, servicekey, waiting }
  if (recorded.minutesSha256 === undefined)
    // Refused for copies that are not those of an order given before, nothing has been destroyed.
    await requireAccepted(service, held.officers[0], recordServiceKeyDestruction, {
      ...{ ...about, method: 'moduleErased', failedUseCode: 'not-tried', minutesSha256: '0'.repeat(64) },
    })
  const minutes =
    recorded.minutesSha256 === undefined
      ? await destroy(opened, held)
      : await minutesOf(held, recorded.minutesSha256)
  const left = await report(opened, held, minutes)
  const { failedUseCode } = JSON.parse(minutes) as DestructionMinutes
  return { destroyed: true, servicekey, failedUseCode, ...left }
}

/**
 * Destroys the key of the authority that has ended, or says what it would do.
 * @returns whether it is destroyed, or may be; not while copies are left
 * @throws ConfigFault; ProcessRefused LAST_CRL_MISSING, OBLIGATIONS_MISSING, COPIES_DIFFER, WITNESSES_MISSING …: nothing was destroyed
 */
export const destroyCaKey = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  asked: DestructionAsked,
): Promise<boolean> => {
  const config = readConfig(env)
  requireInstallation(config)
  const script = readDestructionScript(asked.script)
  return await withOfficers(config, asked, async (opened) => {
    const { officers } = opened
    const held = { script, officers, out: asked.out, dataDir: config.dataDir }
    if (asked.dryRun === true) return await rehearse(opened, held, output)
    const done = await holdDestruction(opened, held)
    output.result({ ...done, out: asked.out }, () =>
      done.destroyed
        ? `${done.stood ? `${stoodWords}. ` : ''}Destroyed: a signature answers ${done.failedUseCode}. The report, to be signed by everybody present: ${asked.out}`
        : `Ordered. Destroy these copies now, say when and how in the script, and give the command again: ${done.waiting.join(', ')}`,
    )
    return done.destroyed
  })
}
