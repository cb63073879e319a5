// The report of an act that is done: what everybody present has signed on paper stays as it is, however often the command is given again.
import { createPublicKey, verify } from 'node:crypto'
import { join, resolve } from 'node:path'
import { sha256 } from '../commands/issuing.ts'
import type { Service } from '../commands/program.ts'
import { signReport } from '../commands/reports.ts'
import type { Second } from '../domain/policy/dualControl.ts'
import { readIfPresent } from '../hsm/durable.ts'
import { algorithmIdentifier, hashOf } from '../pki/algorithms.ts'
import { toPem } from '../pki/fields.ts'
import type { Signer } from '../pki/signer.ts'
import { leave } from './ceremonyParts.ts'
import { ConfigFault } from './configFault.ts'

type LogKey = Readonly<{ id: string; signer: Signer }>
type Texts = Readonly<Record<string, string>>

/** The documents of a report that the ledger says were signed, where all of them are in the directory. */
const standingIn = async (
  { ledger }: Pick<Service, 'ledger'>,
  { id }: Pick<LogKey, 'id'>,
  { out, report, names }: Readonly<{ out: string; report: string; names: readonly string[] }>,
): Promise<Texts | undefined> => {
  const found: Record<string, string> = {}
  for (const name of names) {
    const bytes = await readIfPresent(join(out, name))
    if (bytes === undefined) return undefined
    found[name] = bytes.toString('utf8')
  }
  const digests = Object.values(found).map(sha256).join(' ')
  for await (const { type, body } of ledger.stream(`servicekey-${id}`)) {
    const { report: kind, documents = [] } = body.pub as { report?: string; documents?: readonly string[] }
    if (type === 'ReportSigned' && kind === report && documents.join(' ') === digests) return found
  }
  return undefined
}

/** Whether every signature is there, and of its document: a stop between two of them leaves some that are not. */
const isSigned = async (out: string, documents: Texts, { spki, algorithm }: Signer): Promise<boolean> => {
  const key = createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' })
  const hash = hashOf(algorithmIdentifier(algorithm))
  for (const [name, text] of Object.entries(documents)) {
    const signature = await readIfPresent(join(out, `${name}.sig`))
    if (signature === undefined || !verify(hash, Buffer.from(text), key, signature)) return false
  }
  return true
}

type Leaving = Readonly<{
  out: string
  report: string
  log: LogKey
  second: Second
  documents: Texts
  /** Whether a report that stands there, by its documents, is of this act. */
  isSame?: (standing: Texts) => boolean
  others?: Readonly<Record<string, string | Uint8Array>>
}>

export type Left = Readonly<{ files: readonly string[]; stood: boolean }>

/** What is said of a report that was there. */
export const stoodWords = 'Done before: its report is left as it was signed'

/**
 * Signs a report and leaves it in a directory; one that was signed and is there stays, byte for byte.
 * @throws ConfigFault where the directory has the signed report of another act of the kind; as `signReport`
 */
export const leaveReport = async (service: Service, asked: Leaving): Promise<Left> => {
  const { report, log, second, documents, isSame = () => true, others = {} } = asked
  const out = resolve(asked.out)
  const standing = await standingIn(service, log, { out, report, names: Object.keys(documents) })
  if (standing !== undefined && !isSame(standing))
    throw new ConfigFault(
      `--out: ${out} has the signed report of another act, which stays: give the command again with another directory`,
    )
  const isDone = standing !== undefined && (await isSigned(out, standing, log.signer))
  const signatures = isDone
    ? {}
    : await signReport(service, log, { report, documents: standing ?? documents, second })
  const rest = { 'log-key.pem': toPem(log.signer.spki, 'PUBLIC KEY'), ...others }
  await leave(out, { ...(standing === undefined ? documents : {}), ...signatures, ...rest })
  const names = Object.keys(documents)
  const files = [...names, ...names.map((name) => `${name}.sig`), ...Object.keys(rest)]
  return { files, stood: isDone }
}
