// Documents and parameters: adopted by their digest from a date on, and seen on the sites that publish them.
// CGU-01: « Les présentes CGU ». CGU-19: « L’AC s’engage à communiquer … toute nouvelle version des CGU. »
import {
  document,
  type Document,
  type DocumentData,
  type DocumentEvent,
  type Parameters,
} from '../domain/document.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import type { DocumentName } from '../domain/lists.ts'
import { outOfBounds, parametersOf, sameJson } from '../domain/policy/parameters.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { differingSite, type Site } from '../domain/policy/publication.ts'
import { canonical } from '../ledger/canonical.ts'
import { sha256 } from './issuing.ts'
import { perform, ProcessRefused, type Service } from './program.ts'

/** The port of the texts of documents: each under its SHA-256, so that none can take another's place. */
export type Documents = Readonly<{
  /** Keeps a text durably. @returns its SHA-256 */
  put: (bytes: Uint8Array) => Promise<string>
  get: (sha256: string) => Promise<Uint8Array | undefined>
}>

export type AdoptDocument = Command<'AdoptDocument', { kind: DocumentName } & DocumentData<'DocumentAdopted'>>
export type AdoptParameters = Command<
  'AdoptParameters',
  { kind: DocumentName } & DocumentData<'ParametersAdopted'>
>
export type RecordPublication = Command<
  'RecordPublication',
  { kind: DocumentName; version: string; sites: readonly Site[] }
>

/** CGU-19: a new version of a document is in force from its date. The same version again changes nothing. */
export const adoptDocument: Decider<Document, AdoptDocument, DocumentEvent> = {
  type: 'AdoptDocument',
  who: ['program', 'caOfficer', 'supervisor'],
  aggregate: document,
  stream: ({ data }) => data.kind,
  decide: ({ data: { kind, ...data }, by, at }, state) => {
    if (kind === 'parameters') return refuse('CGU-06', 'OUT_OF_ORDER', kind)
    // CGU-122: what a month's report says is computed, not written.
    if (kind === 'complianceReport' && by.role !== 'program') return refuse('CGU-06', 'OUT_OF_ORDER', kind)
    const known = state.versions.find(({ version }) => version === data.version)
    if (known !== undefined)
      return known.sha256 === data.sha256 ? accept() : refuse('CGU-19', 'OUT_OF_ORDER', data.version)
    // Nobody was bound yesterday by conditions that he could not read.
    if (kind === 'cgu' && by.role !== 'program' && data.effectiveFrom < at)
      return refuse('CGU-19', 'OUT_OF_ORDER', 'effectiveFrom')
    return accept({ type: 'DocumentAdopted', data })
  },
}

/** One set of parameters a number; none against the CGU. */
export const adoptParameters: Decider<Document, AdoptParameters, DocumentEvent> = {
  type: 'AdoptParameters',
  who: ['program', 'caOfficer'],
  aggregate: document,
  stream: ({ data }) => data.kind,
  decide: ({ data: { kind, ...data } }, { parameters }) => {
    if (kind !== 'parameters') return refuse('CGU-06', 'OUT_OF_ORDER', kind)
    const wrong = outOfBounds(data.values)
    if (wrong !== undefined) return refuse('CGU-06', 'PARAMETER_OUT_OF_BOUNDS', wrong)
    const known = parameters.find(({ policy }) => policy === data.policy)
    if (known === undefined) return accept({ type: 'ParametersAdopted', data })
    return sameJson(known.values, data.values)
      ? accept()
      : refuse('CGU-06', 'OUT_OF_ORDER', String(data.policy))
  },
}

/** Recorded once a version, when the sites that the CGU name hold the same octets. */
export const recordPublication = (policy: Policy): Decider<Document, RecordPublication, DocumentEvent> => ({
  type: 'RecordPublication',
  who: ['program', 'systemOperator'],
  aggregate: document,
  stream: ({ data }) => data.kind,
  decide: ({ data: { kind, version, sites } }, state) => {
    const adopted = state.versions.find((one) => one.version === version)
    if (adopted === undefined) return refuse('CGU-06', 'OUT_OF_ORDER', version)
    const differing = differingSite(kind, { sha256: adopted.sha256, sites }, policy)
    if (differing !== undefined) return refuse('CGU-12', 'SITES_DIFFER', differing)
    if (state.published.some((one) => one.version === version)) return accept()
    const seen = sites.map(({ url, seenAt }) => ({ url, seenAt }))
    return accept({ type: 'DocumentPublished', data: { version, sha256: adopted.sha256, sites: seen } })
  },
})

/** The policy file was changed and its version was not: nobody could tell any more which parameters were in force. */
export class PolicyChanged extends Error {
  override readonly name = 'PolicyChanged'
  constructor(version: number, changes: readonly string[]) {
    super(
      `the policy file has other parameters than those adopted as version ${version}: ${changes.join(', ')}; ` +
        'give the changed file a new version, or restore what it said',
    )
  }
}

/** What differs from the parameters that were adopted under the number of the loaded ones. */
const changesOf = async ({ ledger, policy }: Service, values: Parameters): Promise<readonly string[]> => {
  const { parameters } = (await ledger.load(document, 'parameters')).state
  const adopted = parameters.find((one) => one.policy === policy.version)?.values
  if (adopted === undefined) return []
  const names = Object.keys({ ...adopted, ...values }) as (keyof Parameters)[]
  return names
    .filter((name) => !sameJson(adopted[name] ?? null, values[name] ?? null))
    .map((name) => `${name} is ${JSON.stringify(values[name])} and was ${JSON.stringify(adopted[name])}`)
}

/**
 * Records the loaded parameters under their number.
 * @throws PolicyChanged when others were adopted under it
 */
export const recordParameters = async (service: Service): Promise<void> => {
  const { policy, now } = service
  const values = parametersOf(policy)
  const key = `${policy.version}|${sha256(canonical(values))}`
  try {
    await perform(service, adoptParameters, {
      key,
      data: { kind: 'parameters', policy: policy.version, effectiveFrom: now(), values },
    })
  } catch (error) {
    const changes = error instanceof ProcessRefused ? await changesOf(service, values) : []
    throw changes.length > 0 ? new PolicyChanged(policy.version, changes) : error
  }
}
