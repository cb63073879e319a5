// CGU-54 to CGU-60 over HTTP: a holder renews alone, from the challenge to the card in his hand; and what keeps him from it.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificate } from '../../domain/certificate.ts'
import { request } from '../../domain/request.ts'
import { openSibling, zoeSubject, type Sibling } from '../pki/sibling.ts'
import { client, type Client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { agent, done, inUse, verdict, type Issued } from '../support/life.ts'

const directory = mkdtempSync(join(tmpdir(), 'grand-livre-renewals-'))
const trust = join(directory, 'trust')
let sibling: Sibling
let product: Embedded
let life: Issued

const put = (name: string, as: string): void => copyFileSync(join(directory, `${name}.pem`), join(trust, as))

beforeAll(async () => {
  mkdirSync(trust)
  sibling = openSibling(directory)
  await sibling.chain()
  await sibling.issue('zoe', { subject: zoeSubject, by: 'sibling' })
  await sibling.issue('paul', {
    ...{ subject: '/C=FR/O=DGDDI/SN=Durand/GN=Paul/CN=TEST Paul DURAND', by: 'sibling', extensions: 'paul' },
  })
  await sibling.list('rootList', 'root')
  await sibling.list('list', 'sibling')
  for (const name of ['root', 'sibling']) put(name, `${name}.cer`)
  put('rootList', 'root.crl')
  product = await openEmbedded({}, { AUTH_TRUST: trust })
  life = await inUse(product)
  // 10 December 2028: the renewal has been open for a week, and the lists are a day old.
  await product.pass((Date.parse('2028-12-10T00:00:00Z') - Date.parse('2026-03-02T09:00:00Z')) / 1000)
}, 300_000)
afterAll(async () => {
  await product.close()
  rmSync(directory, { recursive: true })
})

type Challenge = Readonly<{ challenge: string; expiresAt: string }>

const challengeOf = async (who: Client, serial: string): Promise<string> =>
  (await who.get(`/certificates/${serial}/renewal-challenge`)).json<Challenge>().challenge

const demand = { cguVersion: '1.0', directoryAgreed: true }
const proofOf = (name: string, challenge: string) => ({
  certificate: sibling.pem(name),
  challenge,
  signature: sibling.sign(name, challenge),
})

/** Asks for a renewal, signed in with one of the certificates. */
const renewAlone = async (name: string, given: Partial<ReturnType<typeof proofOf>> = {}) => {
  const challenge = await challengeOf(life.holder, life.serial)
  return life.holder.post(`/certificates/${life.serial}/renewal`, {
    ...demand,
    alone: { ...proofOf(name, challenge), ...given },
  })
}

type Action = Readonly<{ command: string; open: boolean; code?: string; clause?: string; role?: string }>
const actionOn = async (who: Client, serial: string): Promise<Action | undefined> => {
  const answer = await who.get(`/certificates/${serial}`)
  return answer.json<{ actions: Action[] }>().actions.find(({ command }) => command === 'RequestRenewal')
}

const detailOf = (answer: Awaited<ReturnType<typeof renewAlone>>): string | undefined =>
  answer.json<{ detail?: string }>().detail

describe('what keeps a holder from renewing alone', () => {
  it('CGU-58: no list of the sibling authority: its status is not known', async () => {
    const answer = await renewAlone('zoe')
    expect([...verdict(answer), detailOf(answer)]).toEqual([
      403,
      'AUTH_CERTIFICATE_NOT_VALID',
      'statusUnknown',
    ])
    // The file is there from the next look on.
    put('list', 'sibling.crl')
  })

  it('CGU-58: somebody else’s certificate, another challenge, a forged proof, a certificate of our own', async () => {
    const own = await life.holder.get(`/certificates/${life.serial}/pem`)
    const faults = [
      [await renewAlone('paul'), 'otherPerson'],
      [await renewAlone('zoe', { challenge: 'grand-livre renewal' }), 'challengeUnknown'],
      [await renewAlone('zoe', { signature: sibling.sign('paul', 'challenge') }), 'proofWrong'],
      [await renewAlone('zoe', { certificate: own.body }), 'proofWrong'],
      [await renewAlone('zoe', { certificate: 'nothing at all!' }), 'unreadable'],
    ] as const
    for (const [answer, detail] of faults)
      expect([...verdict(answer), detailOf(answer)]).toEqual([403, 'AUTH_CERTIFICATE_NOT_VALID', detail])
  })

  it('CGU-58: a challenge answers once, even when the rest failed', async () => {
    const challenge = await challengeOf(life.holder, life.serial)
    const replay = { challenge, signature: sibling.sign('zoe', challenge) }
    const ask = (name: string) =>
      life.holder.post(`/certificates/${life.serial}/renewal`, {
        ...demand,
        alone: { certificate: sibling.pem(name), ...replay },
      })
    expect(detailOf(await ask('paul'))).toBe('proofWrong')
    expect(detailOf(await ask('zoe'))).toBe('challengeUnknown')
  })

  it('CGU-55: a renewal is open to its holder, and to nobody else', async () => {
    expect(await actionOn(life.holder, life.serial)).toMatchObject({ open: true, role: 'holder' })
    expect(await actionOn(life.ra, life.serial)).toMatchObject({
      ...{ open: false, code: 'RENEWAL_HOLDER_ONLY', clause: 'CGU-55' },
    })
    const byOfficer = await life.ra.post(`/certificates/${life.serial}/renewal`, demand)
    expect(verdict(byOfficer)).toEqual([403, 'RENEWAL_HOLDER_ONLY'])
    const stranger = client(product.app, product.account('renewing', ['holder']).headers)
    expect((await stranger.get(`/certificates/${life.serial}/renewal-challenge`)).statusCode).toBe(403)
  })
})

describe('an agent who has left', () => {
  const { matricule, surname, givenNames } = agent
  it('CGU-27: no longer in the referential, or there as one who has left: no agent card', async () => {
    const left = { matricule, surname, givenNames, active: false }
    for (const agents of [[], [left]]) {
      await product.referential(agents)
      expect(await actionOn(life.holder, life.serial)).toMatchObject({
        ...{ open: false, code: 'AGENT_CARD_NOT_ALLOWED', clause: 'CGU-27' },
      })
      expect(verdict(await life.holder.post(`/certificates/${life.serial}/renewal`, demand))).toEqual([
        ...[422, 'AGENT_CARD_NOT_ALLOWED'],
      ])
    }
    await product.enrol(agent)
    expect(await actionOn(life.holder, life.serial)).toMatchObject({ open: true })
  })
})

describe('a renewal alone', () => {
  let renewal: string
  let renewed: string

  it('CGU-58: the holder signs in with his authentication certificate, and the program validates', async () => {
    const key = '8c9c2f4e-5a52-4d0b-9d6c-7f1f6f1f0001'
    const challenge = await challengeOf(life.holder, life.serial)
    const body = { ...demand, alone: proofOf('zoe', challenge) }
    const answer = done(await life.holder.post(`/certificates/${life.serial}/renewal`, body, { key }))
    expect(answer).toMatchObject({ status: 'validated' })
    renewal = answer.id
    const again = await life.holder.post(`/certificates/${life.serial}/renewal`, body, { key })
    expect([again.headers['idempotency-replayed'], done(again)]).toMatchObject([
      'true',
      { id: renewal, status: 'validated' },
    ])
    const { events } = done(await life.ra.get(`/streams/request-${renewal}/events`))
    expect(events.map(({ type }) => type)).toEqual([
      ...['CertificateRequested', 'CguAccepted', 'IdentityVerified', 'RequestValidated'],
    ])
  })

  it('CGU-55: one renewal a certificate', async () => {
    expect(verdict(await renewAlone('zoe'))).toEqual([409, 'RENEWAL_ALREADY_OPEN'])
    expect(await actionOn(life.holder, life.serial)).toMatchObject({ code: 'RENEWAL_ALREADY_OPEN' })
  })

  it('CGU-58, CGU-43: alone, on a card of his own, with the old key beside the new one', async () => {
    const { holder } = life
    const at = `/requests/${renewal}/self-service`
    expect(verdict(await holder.post(`${at}/issuance`))).toEqual([409, 'OUT_OF_ORDER'])
    const card = { model: 'software-qscd', chipNumber: '8925 0000 0043' }
    done(await holder.post(`${at}/session`, { card }))
    const issued = done(await holder.post(`${at}/issuance`))
    renewed = issued.serial
    expect(verdict(await holder.post(`${at}/handover`))).toEqual([409, 'PIN_NOT_DEFINED'])
    done(await holder.post(`/cards/${issued.card}/pin`, { pin: '975310' }))
    expect(verdict(await holder.post(`${at}/handover`))).toEqual([409, 'CERTIFICATE_NOT_ACCEPTED'])
    const shown = done(await holder.post(`/certificates/${renewed}/presentation`))
    const { presentedSha256, presentedAt } = shown
    done(await holder.post(`/certificates/${renewed}/acceptance`, { presentedSha256, presentedAt }))
    const ended = done(await holder.post(`${at}/handover`))
    expect(done(await holder.post(`${at}/handover`))).toMatchObject({ revision: ended.revision })
    const file = await holder.get(`/requests/${renewal}`)
    expect(file.json()).toMatchObject({ status: 'fulfilled', kind: 'renewal', previous: life.serial })
    const held = await holder.get(`/cards/${issued.card}`)
    expect(held.json()).toMatchObject({ status: 'inUse', serials: [renewed, life.serial] })
  })

  it('CGU-60, CGU-17: a new key, and the old certificate runs to its end', async () => {
    const { load } = product.services
    const [old, next] = [
      (await load(certificate, life.serial)).state,
      (await load(certificate, renewed)).state,
    ]
    expect(old).toMatchObject({ status: 'accepted' })
    expect(next).toMatchObject({ status: 'accepted', identification: 'light' })
    if (!('spkiSha256' in old) || !('spkiSha256' in next)) throw new Error('both were issued')
    expect(next.spkiSha256).not.toBe(old.spkiSha256)
  })

  it('CGU-59: the one after needs the RA, whose full identification is recorded', async () => {
    await product.pass(1010 * 86_400)
    const { holder, ra } = life
    const challenge = await challengeOf(holder, renewed)
    const alone = { ...demand, alone: proofOf('zoe', challenge) }
    expect(verdict(await holder.post(`/certificates/${renewed}/renewal`, alone))).toEqual([
      ...[422, 'FULL_IDENTIFICATION_REQUIRED'],
    ])
    const { id } = done(await holder.post(`/certificates/${renewed}/renewal`, demand))
    const confirmed = await ra.post(`/requests/${id}/identity-confirmation`, {
      ...{ method: 'file', entityTieChecked: true },
    })
    expect(verdict(confirmed)).toEqual([422, 'FULL_IDENTIFICATION_REQUIRED'])
    const identified = {
      method: 'inPerson',
      documentKind: 'passport',
      documentNumber: '12AB34567',
      entityTieChecked: true,
    }
    done(await ra.post(`/requests/${id}/identity-verification`, identified))
    done(await ra.post(`/requests/${id}/validation`))
    expect(
      verdict(
        await holder.post(`/requests/${id}/self-service/session`, {
          card: { model: 'software-qscd', chipNumber: '8925 0000 0044' },
        }),
      ),
    ).toEqual([422, 'FULL_IDENTIFICATION_REQUIRED'])
    const file = (await product.services.load(request, id)).state
    expect(file).toMatchObject({ status: 'validated', identified: 'full' })
  })

  it('CGU-57, CGU-112: neither the certificate nor a name stands in the log', () => {
    expect(product.logged()).not.toMatch(/BEGIN CERTIFICATE|Brûlé|DURAND/)
  })
})
