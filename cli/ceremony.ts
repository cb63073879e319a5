// `grand-livre ceremony`: the keys of the authorities are made by two officers before witnesses, by a script, and a report tells it
// (RGS A2 VI.1.1, EN 319 411-1 GEN-6.5.1-13A). Every act is planned in the ledger before it is done and recorded after. Held again,
// it goes on where it stopped. A rehearsal does all of it in a place of its own, and destroys its keys.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ceremonyKey, holdCeremony, serviceKeyId, type Chain, type Held } from '../commands/ceremony.ts'
import { sha256 } from '../commands/issuing.ts'
import type { Service } from '../commands/program.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { toPem } from '../pki/fields.ts'
import { lastOn, leave, logKey, open, twoAccounts, type Opened } from './ceremonyParts.ts'
import { functionsOf, steps, type Step } from './ceremonyPhases.ts'
import {
  reportOf,
  reportPage,
  type CeremonyReport,
  type ReportedKey,
  type ReportedStep,
} from './ceremonyReport.ts'
import { presentOf, readScript, requireWitnesses, type CeremonyScript } from './ceremonyScript.ts'
import { readConfig, type Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import type { Output } from './output.ts'
import { reconciledKeys } from './reconcile.ts'
import { requireOut } from './outDirectory.ts'
import { readRelease } from './shipped.ts'
import { leaveReport, stoodWords, type Left } from './standingReport.ts'

export type CeremonyAsked = Readonly<{
  script: string
  /** Files with the bearer tokens of the two officers. */
  officer: string
  second: string
  out: string
  dryRun?: boolean
}>

/** A place of its own for a rehearsal, no server of the installation, and the tokens that are set aside for it. @throws ConfigFault */
const rehearsalIn = (dataDir: string, config: Config): Config => {
  const { tokens, env } = config
  const apart = { ...config, dataDir, ledgerUrl: undefined, databaseUrl: undefined, signer: undefined }
  if (tokens === undefined) return apart
  const [ca, escrow] = [env['PKCS11_REHEARSAL_CA_TOKEN'], env['PKCS11_REHEARSAL_ESCROW_TOKEN']]
  if (ca === undefined || escrow === undefined || ca === tokens.ca.token || escrow === tokens.escrow.token)
    throw new ConfigFault(
      'PKCS11_REHEARSAL_CA_TOKEN, PKCS11_REHEARSAL_ESCROW_TOKEN: a rehearsal has throw-away tokens of its own',
    )
  // By label here and by serial number there it may be the same token: what is on it would be destroyed as the rehearsal's.
  const apartFrom = [tokens.ca.token, tokens.escrow.token]
  const rehearsed = {
    ...tokens,
    ca: { ...tokens.ca, token: ca, apartFrom },
    escrow: { ...tokens.escrow, token: escrow, apartFrom },
  }
  return { ...apart, tokens: rehearsed }
}

/** The key that exports are signed with. */
const exportKey = ({ records }: Config['policy']) =>
  ({ purpose: 'export', algorithm: records.exportAlgorithm }) as const

const purposesOf = (policy: Config['policy']) =>
  [
    { purpose: 'root', algorithm: policy.root.algorithm },
    { purpose: 'ca', algorithm: policy.issuing.algorithm },
    { purpose: 'ocsp', algorithm: policy.ocsp.algorithm },
    logKey(policy),
    exportKey(policy),
  ] as const

/** When the ledger recorded the last event of a type on a stream, or of a version; '' where it has none. */
const recordedOn = async (
  { ledger }: Service,
  stream: string,
  event: string,
  version?: string,
): Promise<string> => {
  const fits = (pub: Readonly<Record<string, unknown>>): boolean =>
    version === undefined || pub['version'] === version
  return (await lastOn(ledger, stream, event, fits))?.at ?? ''
}

/** Every key of the ceremony as the ledger recorded it and the module describes it now. */
const inventory = async ({ service, custody }: Opened): Promise<readonly ReportedKey[]> => {
  const found: ReportedKey[] = []
  for (const { purpose, algorithm } of purposesOf(service.policy)) {
    const id = serviceKeyId(service.policy, purpose, 1)
    const { state } = await service.ledger.load(serviceKey, id)
    const { spki, attributes } = await custody.keys.describe(id)
    const recordedSha256 = 'spkiSha256' in state ? state.spkiSha256 : undefined
    if (recordedSha256 !== sha256(spki))
      throw new Error(`the key ${purpose} is not the one that the ledger recorded`)
    const recordedAt = await recordedOn(service, `servicekey-${id}`, 'ServiceKeyGenerated')
    found.push({ purpose, id, algorithm, spkiSha256: sha256(spki), recordedAt, attributes })
  }
  return found
}

const certificatesOf = ({ root, ca }: Chain, { policy }: Service): CeremonyReport['certificates'] =>
  [[policy.root.commonName, root] as const, [policy.issuing.commonName, ca.certificate] as const].map(
    ([name, der]) => ({ name, sha256: sha256(der), pem: toPem(der) }),
  )

type Told = Readonly<{ at: string; step: string }>

/** The steps as they were told, each with the record of what it makes: one that is from before was found, and not made again. */
const reported = async (
  service: Service,
  told: readonly Told[],
  { rootCa, ca, keys }: Chain & Readonly<{ keys: readonly ReportedKey[] }>,
): Promise<readonly ReportedStep[]> => {
  const recordOf = async ({ phase, makes }: Partial<Step>): Promise<string | undefined> => {
    if (phase === 'keys') return keys.find(({ purpose }) => purpose === makes)?.recordedAt
    if (phase === 'conditions')
      return recordedOn(service, 'document-cgu', 'DocumentAdopted', service.policy.cgu.version)
    if (phase !== 'certificates') return undefined
    const { id } = makes === 'root' ? rootCa : ca
    return recordedOn(service, `authority-${id}`, 'CaCertificateInstalled')
  }
  return Promise.all(
    told.map(async ({ at, step }) => {
      const known = steps[step]
      if (known === undefined) throw new Error(`the ceremony has no step ${step}`)
      const recordedAt = await recordOf(known)
      return { at, phase: known.phase, step, ...(recordedAt === undefined ? {} : { recordedAt }) }
    }),
  )
}

/** How the module was told to work. */
const settingsOf = ({ tokens }: Config): CeremonyReport['settings'] =>
  tokens === undefined
    ? {}
    : {
        PKCS11_SESSIONS: String(tokens.sessions),
        PKCS11_WRAP_MECHANISM: `0x${tokens.wrapMechanism.toString(16)}`,
      }

/** What a rehearsal made is destroyed, and shown to sign no more. */
const destroyed = async (
  { custody }: Opened,
  keys: readonly ReportedKey[],
): Promise<readonly ReportedKey[]> => {
  const gone: ReportedKey[] = []
  for (const key of keys) gone.push({ ...key, destroyed: (await custody.keys.destroy(key.id)).failedUseCode })
  return gone
}

const reportName = 'ceremony.json'

/** What a report tells, without when it was told: the script, and the record of each step. */
const recordsIn = (json = ''): string => {
  const { scriptSha256, steps: told } = JSON.parse(json) as CeremonyReport
  return JSON.stringify([scriptSha256, told.map(({ step, recordedAt }) => [step, recordedAt])])
}

/** A rehearsal's report takes the place of none that is signed. @throws ConfigFault */
const requireUnsigned = (out: string): void => {
  if (existsSync(join(out, `${reportName}.sig`)))
    throw new ConfigFault(`--out: ${resolve(out)} has the signed report of a ceremony, which stays`)
}

const hold = async (
  opened: Opened,
  script: CeremonyScript,
  about: Readonly<{ rehearsal: boolean; config: Config; output: Output; out: string }>,
): Promise<Left> => {
  const { service, custody, officers } = opened
  const { rehearsal, output, out } = about
  await requireOut(out)
  const [first, second] = officers
  const heldAt = service.now()
  const told: Told[] = []
  const minutes = (step: string): void => {
    told.push({ at: service.now(), step })
    output.say(`  · ${step}`)
  }
  const held = {
    script: script.text,
    present: presentOf(script),
    second: { person: second.person, roles: second.roles },
  } satisfies Held
  const chain = await holdCeremony(service, custody.keys, minutes, held)
  // The responder is certified by the service that is started on these keys, and goes on from the first generation of its own.
  minutes('OCSP responder key')
  const { algorithm } = service.policy.ocsp
  await ceremonyKey(service, custody.keys, { purpose: 'ocsp', algorithm, generation: 1 }, held)
  minutes('log key')
  const log = await ceremonyKey(service, custody.keys, { ...logKey(service.policy), generation: 1 }, held)
  minutes('export key')
  await ceremonyKey(service, custody.keys, { ...exportKey(service.policy), generation: 1 }, held)
  const made = await inventory(opened)
  const { ledger } = service
  const signatures = await reconciledKeys(ledger, ledger.entries(), custody.keys.signatures)
  // A rehearsal's report is not signed: the key that would sign it is gone before it is written.
  const keys = rehearsal ? await destroyed(opened, made) : made
  const report = reportOf(script, {
    ...{ rehearsal, heldAt, endedAt: service.now(), log: service.policy.log },
    ...{ policy: service.policy.version, release: readRelease(), scriptSha256: sha256(script.text) },
    ...{ module: custody.keys.module, token: custody.keys.token },
    present: officers.map(({ id: account, role }) => ({ account, role })),
    ...{ settings: settingsOf(about.config), functions: functionsOf([first.role, second.role], rehearsal) },
    steps: await reported(service, told, { ...chain, keys: made }),
    ...{ keys, certificates: certificatesOf(chain, service), signatures },
  })
  const json = `${JSON.stringify(report, null, 2)}\n`
  const html = reportPage(report)
  const documents = { [reportName]: json, 'ceremony.html': html }
  if (rehearsal) {
    await leave(out, documents)
    return { files: Object.keys(documents), stood: false }
  }
  return await leaveReport(service, {
    ...{ out, report: 'ceremony', log, second: held.second, documents },
    isSame: (standing) => recordsIn(standing[reportName]) === recordsIn(json),
  })
}

/**
 * Holds the ceremony, or rehearses it, and leaves its report in a directory.
 * @throws ConfigFault for a script or an officer that does not fit; ProcessRefused WITNESSES_MISSING: nothing was made;
 *   ProcessRefused SECOND_PERSON_REQUIRED; KeyFault, LedgerFault: held again, it goes on where it stopped
 */
export const ceremony = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  asked: CeremonyAsked,
): Promise<void> => {
  const config = readConfig(env)
  const script = readScript(asked.script)
  const rehearsal = asked.dryRun === true
  const accounts = await twoAccounts(config, asked, rehearsal)
  requireWitnesses('PlanServiceKey', script, 'CGU-06')
  if (rehearsal) requireUnsigned(asked.out)
  const scratch = rehearsal ? await mkdtemp(join(tmpdir(), 'grand-livre-rehearsal-')) : undefined
  let opened: Opened | undefined
  try {
    opened = await open(scratch === undefined ? config : rehearsalIn(scratch, config), accounts)
    const out = resolve(asked.out)
    const done = await hold(opened, script, { rehearsal, config, output, out })
    output.result({ rehearsal, out, ...done }, () =>
      rehearsal
        ? `Rehearsed; its keys are destroyed. The report: ${out}`
        : `${done.stood ? stoodWords : 'Held'}. The report, to be signed by everybody present: ${out}`,
    )
  } finally {
    await opened?.close()
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
  }
}
