// The life of one agent's certificate, from the request to the key that comes back out of escrow, as its people live it.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { download, openCaller, type Caller } from './client.ts'
import { commissionDesk } from './desk.ts'
import { openssl } from './openssl.ts'
import { recovered } from './recovery.ts'
import type { Stage } from './stage.ts'

const employer = {
  kind: 'ministry',
  siren: '110020013',
  method: 'register',
  name: 'Direction générale des douanes et droits indirects',
  address: '11 rue des Deux Communes, 93558 Montreuil',
  contact: 'bureau.pki@douane.example',
  evidence: 'répertoire SIRENE consulté',
}

const agent = {
  kind: 'agent',
  surname: "D'Été-Brûlé",
  givenNames: 'Zoë Maëlle',
  nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ",
  email: 'zoe.dete-brule@douane.example',
  matricule: '0012345678',
}

const message = 'Rapport confidentiel : à ne lire que par sa destinataire, même après la perte de sa carte.\n'

const crlPath = '/ac-confidentialite-mef-qualifiee.crl'
const ocspPath = '/ac-online-mef-qualifiees/'

type People = Readonly<{ ra: Caller; holder: Caller }>
type Held = People & Readonly<{ request: string; serial: string; card: string }>

/** What the first start of a new data directory has done. */
const founded = async ({ url, out, steps, judge }: Stage): Promise<void> => {
  const title = 'The first start: keys, a TEST root, a TEST issuing CA, an OCSP responder, empty CRLs'
  await steps.step(title, ['CGU-05', 'CGU-13', 'CGU-105'], async (check) => {
    await savePem(out, 'root', await download(`${url}/ac-racine-mef-qualifiee.cer`))
    await savePem(out, 'ca', await download(`${url}/ac-confidentialite-mef-qualifiee.cer`))
    check(await judge.authority(await download(`${url}/ac-racine-mef-qualifiee.crl`)))
  })
}

const savePem = async (out: string, name: string, der: Buffer): Promise<void> => {
  const file = join(out, `${name}.pem`)
  await writeFile(file, der)
  await openssl(out, 'x509', '-inform', 'DER', '-in', file, '-out', file)
}

/** Registration: entity, request, conditions of use, identity, validation. */
const registered = async (stage: Stage): Promise<People & { request: string }> => {
  const { url, steps, account, enrol, cguVersion } = stage
  const ra = openCaller(url, account('marie-ra', 'raOfficer'))
  const entity = await steps.step(
    'The registration officer verifies the employer',
    ['CGU-24', 'CGU-25'],
    () => ra.post('/entities', employer),
  )
  const { matricule, surname, givenNames } = agent
  await steps.step("The ministry's referential of agents is imported", ['CGU-27'], () =>
    enrol([{ matricule, surname, givenNames, siren: employer.siren, active: true }]),
  )
  const demand = { entity: entity.id, cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true }
  await steps.step(
    'A matricule that is not ten digits is refused: only the refusal is on record',
    ['CGU-27'],
    async (check) => {
      const { code, clause } = await ra.refused('/requests', {
        ...demand,
        holder: { ...agent, matricule: '12345678' },
      })
      check(`refused: ${code} (${clause})`)
    },
  )
  const { id: request, person } = await steps.step(
    'She requests a certificate for an agent, escrow included',
    ['CGU-21', 'CGU-38'],
    () => ra.post('/requests', { ...demand, holder: agent }),
  )
  const holder = openCaller(url, account('zoe-holder', 'holder', person))
  await steps.step('The holder accepts the conditions of use', ['CGU-16', 'CGU-92'], () =>
    holder.post(`/requests/${request}/cgu-acceptance`, {
      cguVersion,
      means: 'portal',
      directoryAgreed: true,
    }),
  )
  await steps.step('The officer verifies the identity, face to face', ['CGU-24', 'CGU-26'], () =>
    ra.post(`/requests/${request}/identity-verification`, {
      method: 'inPerson',
      documentKind: 'nationalIdentityCard',
      documentNumber: '12AB34567',
      entityTieChecked: true,
    }),
  )
  await steps.step('She validates the request', ['CGU-24'], () => ra.post(`/requests/${request}/validation`))
  return { ra, holder, request }
}

/** Personalisation: card, key, escrow, certificate. */
const issued = async (stage: Stage, { ra, holder, request }: People & { request: string }): Promise<Held> => {
  const { out, steps, judge, url, account } = stage
  const as = (id: string, role: string): Caller => openCaller(url, account(id, role))
  const title = 'A desk is declared, controlled on demand of the Comité, and put into service'
  const desk = await steps.step(title, ['CGU-122', 'CGU-124'], () => commissionDesk(as))
  await steps.step('The personalisation session is opened, the holder present', ['CGU-34'], () =>
    ra.post(`/requests/${request}/sessions`, {
      holderPresent: true,
      desk,
      card: { model: 'software-qscd', chipNumber: '8925 0000 0042' },
    }),
  )
  const { serial, card } = await steps.step(
    'A new key is drawn and escrowed, then certified, then written on the card',
    ['CGU-38', 'CGU-60', 'CGU-34'],
    async (check) => {
      const answer = await ra.post(`/requests/${request}/sessions/current/issuance`)
      await writeFile(join(out, 'holder.pem'), await ra.text(`/certificates/${answer.serial}/pem`))
      check(await judge.chain())
      return answer
    },
  )
  return { ra, holder, request, serial, card }
}

/** What relying parties see of the certificate: the CRL and the responder. */
const published = async (stage: Stage, when: 'before' | 'after'): Promise<readonly string[]> => {
  const { url, out, judge } = stage
  const revoked = when === 'after'
  await writeFile(join(out, `crl-${when}.der`), await download(`${url}${crlPath}`))
  return [
    await judge.crl(`crl-${when}.der`, revoked),
    await judge.ocsp(`${url}${ocspPath}`, `ocsp-${when}.der`, revoked ? 'revoked' : 'good'),
  ]
}

/** The holder looks at the certificate, sets the PIN, accepts; the card is handed over. */
const accepted = async (stage: Stage, { ra, holder, request, serial, card }: Held): Promise<void> => {
  const { out, steps, judge } = stage
  const shown = await steps.step('The content of the certificate is shown to the holder', ['CGU-36'], () =>
    holder.post(`/certificates/${serial}/presentation`),
  )
  await steps.step('The holder chooses a PIN', ['CGU-49', 'CGU-50'], () =>
    holder.post(`/cards/${card}/pin`, { pin: '246813' }),
  )
  await steps.step('The holder presses « Valider »', ['CGU-37'], () => {
    const { presentedSha256, presentedAt } = shown
    return holder.post(`/certificates/${serial}/acceptance`, { presentedSha256, presentedAt })
  })
  await steps.step('The card is handed over', ['CGU-35'], async (check) => {
    const { position } = await ra.post(`/requests/${request}/handover`, { receipt: 'procès-verbal signé' })
    await ra.get(`/certificates/${serial}/status?minPosition=${position}`)
    for (const finding of await published(stage, 'before')) check(finding)
  })
  await steps.step('Somebody encrypts a message to the holder', ['CGU-03'], async (check) => {
    await writeFile(join(out, 'message.txt'), message)
    check(await judge.encrypt())
  })
}

const crlPatienceMs = 30_000

/** The CRL that follows a revocation is a job's work: it is there within moments. */
const newCrl = async (url: string, old: Buffer): Promise<void> => {
  const started = performance.now()
  while ((await download(url)).equals(old)) {
    if (performance.now() - started > crlPatienceMs) throw new Error('the CRL has not been published')
    await sleep(100)
  }
}

const revoked = async (stage: Stage, { holder, serial }: Held): Promise<void> => {
  const { url, out, steps } = stage
  await steps.step(
    'The card is lost: the holder has the certificate revoked',
    ['CGU-61', 'CGU-75'],
    async () => {
      const { position } = await holder.post(`/certificates/${serial}/revocation`, {
        holderName: "Zoë Maëlle D'Été-Brûlé",
        requesterName: "Zoë D'Été-Brûlé",
        channel: 'portal',
        cause: 'cardLost',
      })
      await holder.get(`/certificates/${serial}/status?minPosition=${position}`)
      await newCrl(`${url}${crlPath}`, await readFile(join(out, 'crl-before.der')))
    },
  )
  await steps.step('Relying parties see it, by CRL and OCSP', ['CGU-76'], async (check) => {
    for (const finding of await published(stage, 'after')) check(finding)
  })
}

/** Lives the whole life. @throws at the first step that does not come out, or that openssl does not confirm */
export const live = async (stage: Stage): Promise<void> => {
  await founded(stage)
  const held = await issued(stage, await registered(stage))
  await accepted(stage, held)
  await revoked(stage, held)
  await recovered(stage, held)
}
