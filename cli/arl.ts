// `grand-livre arl`: the root revokes the certificate of the authority that has ended, and issues the list that says so, before
// two officers and two witnesses (CGU-91). The report is signed with the log key, which hangs on no authority.
import { resolve } from 'node:path'
import { planCaRevocation } from '../commands/endOfLife.ts'
import { issueArl, type Arl } from '../commands/issueArl.ts'
import { sha256, type IssuingCa } from '../commands/issuing.ts'
import { authority } from '../domain/authority.ts'
import { statusDigest } from '../jobs/statusDigest.ts'
import { fieldsOf, toPem } from '../pki/fields.ts'
import { issuerOf } from '../pki/issuer.ts'
import { installedIn, rootListView } from '../projections/rootList.ts'
import { open, twoAccounts, type Opened } from './ceremonyParts.ts'
import { arlPage, type ArlReport } from './arlReport.ts'
import { presentOf, readScript, requireWitnesses, type CeremonyScript } from './ceremonyScript.ts'
import { readConfig } from './config.ts'
import { dryRunEnd, logKeyOf, requireAccepted, wouldRefuse } from './endCeremony.ts'
import { requireOut } from './outDirectory.ts'
import type { Output } from './output.ts'
import { NothingThere, requireInstallation } from './reading.ts'
import { reconciledKeys } from './reconcile.ts'
import { readRelease } from './shipped.ts'
import { leaveReport, stoodWords, type Left } from './standingReport.ts'

export type ArlAsked = Readonly<{
  script: string
  officer: string
  second: string
  out: string
  dryRun?: boolean
}>

const certificateOf = async ({ service }: Opened, id: string) => {
  const { state } = await service.ledger.load(authority, id)
  if (state.status === 'unknown') throw new NothingThere(`the authority ${id} is not installed`)
  return { der: Buffer.from(state.der, 'base64'), servicekey: state.servicekey }
}

const rootOf = async (opened: Opened, id: string): Promise<IssuingCa> => {
  const { der, servicekey } = await certificateOf(opened, id)
  const signer = await opened.custody.keys.signer(servicekey)
  return { id, issuer: issuerOf(der, signer.algorithm), certificate: der, signer }
}

type Held = Readonly<{ script: CeremonyScript; heldAt: string; out: string }>

const reportOf = async (opened: Opened, { script, heldAt }: Held, arl: Arl): Promise<ArlReport> => {
  const { service, custody, officers } = opened
  const { title, place, witnesses, text } = script
  return {
    ...{ title, place, witnesses, heldAt, endedAt: service.now(), log: service.policy.log },
    ...{ policy: service.policy.version, release: readRelease(), scriptSha256: sha256(text) },
    ...{ module: custody.keys.module, token: custody.keys.token },
    present: officers.map(({ id: account, role }) => ({ account, role })),
    list: { number: arl.number, sha256: arl.sha256, revoked: arl.entries },
    signatures: await reconciledKeys(service.ledger, service.ledger.entries(), custody.keys.signatures),
  }
}

/** What the officers order now. @throws NothingThere where there is no authority yet */
const orderOf = async (opened: Opened, { script }: Pick<Held, 'script'>) => {
  const { service, officers } = opened
  const installed = await installedIn(service.ledger)
  if (installed === undefined) throw new NothingThere('no ceremony has been held in this ledger')
  const { root, issuing: issuer } = installed
  const { der } = await certificateOf(opened, issuer)
  const { serial } = fieldsOf(der)
  const { person, roles } = officers[1]
  const scriptSha256 = sha256(script.text)
  const order = { issuer, root, serial, revokedAt: service.now(), scriptSha256, present: presentOf(script) }
  return { installed, der, order: { ...order, second: { person, roles } } }
}

const hold = async (opened: Opened, held: Held): Promise<Left> => {
  const { service, officers } = opened
  const { script } = held
  const { installed, der, order } = await orderOf(opened, held)
  await requireAccepted(service, officers[0], planCaRevocation, order)
  await requireOut(held.out)
  const rootCa = await rootOf(opened, installed.root)
  const view = rootListView(service.ledger, installed.root)
  const { second, present } = order
  const arl = await issueArl(service, {
    ...{
      rootCa,
      program: opened.program,
      issuer: installed.issuing,
      validityHours: service.policy.crl.rootValidityDays * 24,
    },
    view: { ...view, tableSha256: async (size) => statusDigest(await view.tableAt(size)) },
    held: { script: script.text, present, second },
  })
  const log = await logKeyOf(opened, script, officers[1])
  const report = await reportOf(opened, held, arl)
  const documents = { 'arl.json': `${JSON.stringify(report, null, 2)}\n`, 'arl.html': arlPage(report) }
  return await leaveReport(service, {
    ...{ out: held.out, report: 'arl', log, second, documents },
    isSame: (standing) => (JSON.parse(standing['arl.json'] ?? '') as ArlReport).list.sha256 === arl.sha256,
    others: { 'arl.crl': arl.der, 'root.pem': toPem(rootCa.certificate), 'ca.pem': toPem(der) },
  })
}

/** What the ceremony would do, and why it may not; nothing is signed or written. @returns whether it may */
export const rehearse = async (
  opened: Opened,
  { script }: Pick<Held, 'script'>,
  output: Output,
): Promise<boolean> => {
  const { service, officers } = opened
  const { order } = await orderOf(opened, { script })
  const { root, issuer, serial } = order
  const refused = await wouldRefuse(service, officers[0], planCaRevocation, order)
  const view = rootListView(service.ledger, root)
  const listed = await view.entriesUpTo(await view.size())
  const isListed = listed.some((entry) => entry.serial === serial)
  const list = { number: (await view.lastNumber()) + 1, entries: listed.length + (isListed ? 0 : 1) }
  output.result({ dryRun: true, root, authority: issuer, serial, list, refused: refused ?? null }, () =>
    [
      `The root ${root} would revoke the certificate ${serial} of the authority ${issuer},`,
      `and issue its list ${list.number} of ${list.entries} certificates of authorities.`,
      refused === undefined
        ? `Nothing stands against it. ${dryRunEnd}`
        : `Refused now: ${refused.code} (${refused.clause}): ${refused.detail}. ${dryRunEnd}`,
    ].join('\n'),
  )
  return refused === undefined
}

/**
 * Holds the ceremony, or says what it would do. It leaves list and report in a directory; the service publishes the list from its next start on.
 * @returns whether it is done, or may be
 * @throws ConfigFault; ProcessRefused WITNESSES_MISSING, CA_KEY_NOT_DESTROYED, OUT_OF_ORDER: nothing was signed; KeyFault,
 *   LedgerFault: held again, it goes on where it stopped
 */
export const ceremonyOfArl = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  asked: ArlAsked,
): Promise<boolean> => {
  const config = readConfig(env)
  requireInstallation(config)
  const script = readScript(asked.script)
  const accounts = await twoAccounts(config, asked)
  requireWitnesses(planCaRevocation.type, script, 'CGU-91')
  const opened = await open(config, accounts)
  try {
    const held = { script, heldAt: opened.service.now(), out: asked.out }
    if (asked.dryRun === true) return await rehearse(opened, held, output)
    const done = await hold(opened, held)
    const out = resolve(asked.out)
    output.result(
      { out, ...done },
      () => `${done.stood ? stoodWords : 'Held'}. The list of the root and its report: ${out}`,
    )
    return true
  } finally {
    await opened.close()
  }
}
