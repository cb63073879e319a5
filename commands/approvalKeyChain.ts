// CGU-46, CGU-116: whether an officer's key counts. Whoever can write the ledger can write that a key was registered and confirmed: so a
// confirmation is signed by a security officer, whose own key was confirmed in the same way, up to a key that the policy names. Nothing of
// it is believed because it stands there: all of it is verified whenever a key is used (docs/adr/0022-dual-control.md).
import {
  appointment,
  everConfirmed,
  type Appointment,
  type ApprovalKey,
  type Confirmation,
  type ConfirmedKey,
} from '../domain/appointment.ts'
import type { Fold } from '../domain/kernel.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { signedByKey } from '../pki/approvalSignature.ts'
import { confirmationStatement, keyStatement, type KeyToConfirm } from './approvalStatement.ts'
import { sha256 } from './issuing.ts'

/** Appointments by their ids. */
export type Appointed = ReadonlyMap<string, Appointment>

type Place = Pick<Policy, 'environment' | 'log' | 'escrow'>

/** What the chain of a key is judged by. */
export type Chain = Readonly<{ policy: Place; appointed: Appointed }>

type Known = Exclude<Appointment, { status: 'unknown' }>

/** A confirmed key, on the appointment that it is a key of. */
type Placed = Readonly<{ id: string; held: Known; key: ConfirmedKey }>

/** The fingerprint of a key: what two persons compare. */
export const fingerprint = (publicKey: string): string => sha256(Buffer.from(publicKey, 'base64'))

/** These appointments, and those of whoever has confirmed their keys, and so on. */
export const withConfirmers = async (fold: Fold, ids: readonly string[]): Promise<Appointed> => {
  const found = new Map<string, Appointment>()
  let wanted = [...new Set(ids)]
  while (wanted.length > 0) {
    const read = await Promise.all(wanted.map(async (id) => [id, await fold(appointment, id)] as const))
    for (const [id, held] of read) found.set(id, held)
    const confirmers = read.flatMap(([, held]) =>
      everConfirmed(held).flatMap(({ confirmation }) =>
        confirmation === undefined ? [] : [confirmation.appointment],
      ),
    )
    wanted = [...new Set(confirmers)].filter((id) => !found.has(id))
  }
  return found
}

/** What is confirmed of a key; undefined once its data key has been destroyed. */
export const toConfirm = (
  id: string,
  { person, role }: Pick<Known, 'person' | 'role'>,
  { nth, publicKey }: Pick<ConfirmedKey, 'nth' | 'publicKey'>,
): KeyToConfirm | undefined =>
  person === undefined || publicKey === undefined
    ? undefined
    : { appointment: id, person, role, nth, keySha256: fingerprint(publicKey) }

const anchorsOf = ({ escrow }: Place): readonly string[] => escrow.approvalAnchors ?? []

/** A key, confirmed or not, on its appointment. */
type Offered = Omit<Placed, 'key'> & Readonly<{ key: ApprovalKey }>

/** Whether the policy names a key of this appointment, a security officer's, who has shown that he holds it. */
export const isAnchor = (policy: Place, { id, held, key: { publicKey, proof } }: Offered): boolean => {
  if (publicKey === undefined || proof === undefined || held.role !== 'securityOfficer') return false
  const [spki, octets] = [Buffer.from(publicKey, 'base64'), Buffer.from(proof, 'base64')]
  const shown = keyStatement(policy, id, fingerprint(publicKey))
  return anchorsOf(policy).includes(fingerprint(publicKey)) && signedByKey(shown, octets, spki)
}

/** Whether a confirmation that nobody has signed is enough: where the policy names no key for a chain to begin with. */
export const needsNoSignature = (policy: Place): boolean => anchorsOf(policy).length === 0

/** A confirmation of a key, as whoever has no ledger verifies it: the text, the signature, and the confirmer's key, DER in base64. */
export type Link = Confirmation & Readonly<{ publicKey: string; text: string }>

/** A key on the way up: by which confirmation it was come to, and from which key. */
type Climbed = Readonly<{ placed: Placed; link?: Link; from?: Climbed }>

/** The keys that a confirmation verifies under, written once or many times: of a security officer, who is another person. */
const confirmersOf = ({ policy, appointed }: Chain, from: Climbed): readonly Climbed[] => {
  const { id, held, key } = from.placed
  const { confirmation } = key
  const about = toConfirm(id, held, key)
  if (confirmation === undefined || about === undefined) return []
  const { appointment: named, keySha256, signature } = confirmation
  const confirmer = appointed.get(named)
  if (confirmer === undefined || confirmer.status === 'unknown') return []
  if (confirmer.role !== 'securityOfficer' || confirmer.person === about.person) return []
  const text = confirmationStatement(policy, about, { appointment: named, keySha256 })
  const owned = everConfirmed(confirmer).filter(
    (own) => own.publicKey !== undefined && fingerprint(own.publicKey) === keySha256,
  )
  const publicKey = owned[0]?.publicKey ?? ''
  if (!signedByKey(text, Buffer.from(signature, 'base64'), Buffer.from(publicKey, 'base64'))) return []
  const link = { ...confirmation, publicKey, text }
  return owned.map((own) => ({ placed: { id: named, held: confirmer, key: own }, link, from }))
}

/** The confirmations that were come by, from the first key on. */
const linksTo = (last: Climbed): readonly Link[] => {
  const links: Link[] = []
  for (let at: Climbed | undefined = last; at?.link !== undefined; at = at.from) links.unshift(at.link)
  return links
}

/**
 * The chain of confirmations that leads from one of these keys to one that needs none; undefined where there is none. Each key is looked at
 * once, and each signature verified once, so that no circle holds it up.
 */
const chainFrom = (chain: Chain, first: readonly Placed[]): readonly Link[] | undefined => {
  const [open, seen] = [first.map((placed): Climbed => ({ placed })), new Set<ConfirmedKey>()]
  for (const at of open) {
    const { placed } = at
    if (seen.has(placed.key)) continue
    seen.add(placed.key)
    if (placed.key.confirmation === undefined && needsNoSignature(chain.policy)) return linksTo(at)
    if (isAnchor(chain.policy, placed)) return linksTo(at)
    for (const confirmer of confirmersOf(chain, at)) open.push(confirmer)
  }
  return undefined
}

/**
 * The confirmations by which the key of an appointment counts, up to that by an anchor; undefined where it does not count. One that was
 * replaced does not come back by a repetition of its old confirmation, nor because that of the key after it does not verify any more: of
 * all that were ever confirmed it has to be the last by its number.
 */
export const confirmationsOf = (chain: Chain, id: string): readonly Link[] | undefined => {
  const held = chain.appointed.get(id)
  if (held === undefined || held.status === 'unknown' || held.approvalKey?.publicKey === undefined)
    return undefined
  const { publicKey } = held.approvalKey
  const keys = everConfirmed(held)
  const last = keys.reduce((most, { nth }) => Math.max(most, nth), 0)
  const newest = keys.filter((key) => key.nth === last && key.publicKey === publicKey)
  return chainFrom(
    chain,
    newest.map((key) => ({ id, held, key })),
  )
}

/** Whether the key of an appointment counts. */
export const keyCounts = (chain: Chain, id: string): boolean => confirmationsOf(chain, id) !== undefined
