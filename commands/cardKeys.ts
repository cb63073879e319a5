// CGU-42, CGU-43: the keys that go onto a card: the new one, then every old one that its holder still has in escrow, newest first. Each
// is wrapped in the escrow for the transport key of the card: no program on the way can open it.
import { certificate, type Certificate } from '../domain/certificate.ts'
import { isUnder, key } from '../domain/key.ts'
import type { Session } from '../domain/request.ts'
import type { CardKey, Escrow } from '../pki/custody.ts'
import { spkiOf } from '../pki/fields.ts'
import { derOf, sha256 } from './issuing.ts'
import { orRefused } from './keyRefusals.ts'
import { recordKeyRecovery, startKeyRecovery } from './keys.ts'
import { faultCodeOf, perform, ProcessRefused, type Service } from './program.ts'

type Tools = Readonly<{ service: Service; escrow: Escrow }>
type Case = Readonly<{ request: string; session: Session }>

/** A holder tells his keys apart by when they were certified; it says nothing of him. */
const labelOf = (serial: string, notBefore: string): string =>
  `Chiffrement ${notBefore.slice(0, 10)} ${serial.slice(-8)}`

type Certified = Readonly<{ serial: string; der: Uint8Array; spkiSha256: string; notBefore: string }>

const certified = (serial: string, state: Certificate): Certified => {
  const der = derOf(state)
  if (der === undefined || !('spkiSha256' in state))
    throw new ProcessRefused('StartKeyRecovery', 'CERTIFICATE_UNKNOWN', 'CGU-43', serial)
  return { serial, der, spkiSha256: state.spkiSha256, notBefore: state.notBefore }
}

const load = async ({ service }: Tools, serial: string): Promise<Certified> =>
  certified(serial, (await service.ledger.load(certificate, serial)).state)

const wrap = async (
  { escrow }: Tools,
  { serial, der, notBefore }: Certified,
  transportKey: Uint8Array,
): Promise<CardKey> => ({
  ...{ serial, certificate: der, label: labelOf(serial, notBefore) },
  key: await escrow.releaseTo(serial, transportKey, sha256(spkiOf(der))),
})

/** Where no recovery is under way, a refusal stands in the program's journal. */
const forCard = (tools: Tools, one: Certified, transportKey: Uint8Array): Promise<CardKey> =>
  orRefused(
    tools.service,
    { command: 'RecordCardWriting', stream: `key-${one.spkiSha256}`, clause: 'CGU-42' },
    () => wrap(tools, one, transportKey),
  )

/** The intent before the key leaves the escrow, the outcome after; given again for the same session, neither is written twice. */
const recoverOld = async (
  tools: Tools,
  { request, session }: Case,
  old: Certified,
  transportKey: Uint8Array,
): Promise<CardKey> => {
  const { service } = tools
  const spki = old.spkiSha256
  const { number, card } = session
  const under = { request, session: number }
  const held = (await service.ledger.load(key, spki)).state
  const tries = 'outcomes' in held ? held.outcomes : 0
  const already =
    'recovered' in held && held.recovered.some((r) => r.request === request && r.session === number)
  const order = {
    key: `${spki}|${request}|${number}|${tries + 1}`,
    circumstances: { correlationId: request },
  }
  // A key that an approved recovery holds is busy: the session stands still, to be given again or undone.
  if (!already && !isUnder(held, under))
    await perform(service, startKeyRecovery(service.policy), {
      ...order,
      data: { spki, regime: 'newCard', ...under, card },
    })
  if (already) return await forCard(tools, old, transportKey)
  const wrapped = await wrap(tools, old, transportKey).catch(async (error: unknown) => {
    // A refusal is a fact, and the key is free again: given again, the session tries again.
    await perform(service, recordKeyRecovery, {
      ...{ ...order, key: `${order.key}|failed` },
      data: { spki, under, recovered: false, stage: 'escrow', fault: faultCodeOf(error) },
    })
    throw error
  })
  await perform(service, recordKeyRecovery, { ...order, data: { spki, under, recovered: true } })
  return wrapped
}

/**
 * The keys of a session, for the card that made this transport key.
 * @throws ProcessRefused, where an old key is not to be had; faults of the ledger or of custody: call it again
 */
export const keysForCard = async (
  tools: Tools,
  session: Case,
  transportKey: Uint8Array,
): Promise<readonly CardKey[]> => {
  const { serial, recover } = session.session
  const keys = [await forCard(tools, await load(tools, serial), transportKey)]
  for (const old of recover) keys.push(await recoverOld(tools, session, await load(tools, old), transportKey))
  return keys
}
