// CGU-58: which certificates of the sibling authority sign a holder in. The chain, the lists and everything that is wrong with
// them are made by the openssl program, which also judges each by its own rules.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateFrom, judgeAuthCertificate, provesPossession } from '../../pki/authCertificate.ts'
import { openSibling, siblingName, zoeSubject, type Sibling } from './sibling.ts'

const at = '2028-12-10T00:00:00Z'
const directory = mkdtempSync(join(tmpdir(), 'grand-livre-sibling-'))
let made: Sibling

beforeAll(async () => {
  made = openSibling(directory)
  const { issue, list, revoke, chain, siblingSubject } = made
  await chain()
  const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]
  const ec = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]
  const by = 'sibling'
  const zoe = (name: string, more: object = {}) => issue(name, { subject: zoeSubject, by, ...more })
  await zoe('good')
  await zoe('goodRsa', { key: rsa(2048), digest: 'sha512' })
  await zoe('expired', { until: '20281209000000Z' })
  await zoe('early', { from: '20281211000000Z' })
  await zoe('weakKey', { key: rsa(1024) })
  await zoe('weakCurve', { key: ec('secp192k1') })
  await zoe('weakDigest', { digest: 'sha1' })
  for (const extensions of ['noUsage', 'encipherment', 'server', 'unknownExtension'])
    await zoe(extensions, { extensions })
  await issue('impostorRoot', { subject: '/C=FR/O=MEF/CN=TEST AC RACINE MEF', extensions: 'root' })
  await issue('impostor', { subject: siblingSubject, by: 'impostorRoot', extensions: 'authority' })
  await zoe('impostored', { by: 'impostor' })
  await zoe('selfSigned', { by: 'selfSigned' })
  await issue('other', { subject: '/C=FR/O=MEF/CN=TEST AC AUTRE', by: 'root', extensions: 'authority' })
  await zoe('othered', { by: 'other' })
  // An authority below one that may have none, and one that is no authority at all, both of the right name.
  await issue('below', { subject: siblingSubject, by: 'other', extensions: 'deep' })
  await zoe('tooDeep', { by: 'below' })
  await issue('noAuthority', { subject: siblingSubject, by: 'root', extensions: 'noAuthority' })
  await zoe('byNoAuthority', { by: 'noAuthority' })
  await issue('lateAuthority', {
    ...{ subject: siblingSubject, by: 'root', extensions: 'authority', until: '20281209000000Z' },
  })
  await zoe('byLateAuthority', { by: 'lateAuthority' })

  await list('rootList', 'root')
  await list('list', by, { from: '20281208000000Z' })
  await list('otherList', 'other')
  await list('impostorList', 'impostor')
  await list('belowList', 'below')
  await list('lateList', 'lateAuthority')
  await list('staleList', by, { from: '20281202000000Z', until: '20281209000000Z' })
  await list('futureList', by, { from: '20281211000000Z', until: '20281218000000Z' })
  await list('partialList', by, { extensions: 'partialCrl' })
  await zoe('revoked')
  await revoke('revoked', by)
  await list('newList', by)
  await revoke('sibling', 'root')
  await list('rootListAfter', 'root')
}, 300_000)
afterAll(() => rmSync(directory, { recursive: true }))

type Row = Readonly<{
  name: string
  certificate: string
  through?: readonly string[]
  lists?: readonly string[]
  anchors?: readonly string[]
  fault?: string
  /** Where OpenSSL knows nothing of what is asked here. */
  accepted?: true
}>

const lists = ['rootList', 'newList']
const rows: readonly Row[] = [
  { name: 'one that holds', certificate: 'good' },
  { name: 'one that holds, with RSA and SHA-512', certificate: 'goodRsa' },
  { name: 'the list before, as long as it is fresh', certificate: 'good', lists: ['rootList', 'list'] },
  { name: 'expired', certificate: 'expired', fault: 'expired' },
  { name: 'not yet valid', certificate: 'early', fault: 'notYetValid' },
  { name: 'a key too short', certificate: 'weakKey', fault: 'keyWeak' },
  { name: 'a curve too small', certificate: 'weakCurve', fault: 'keyWeak' },
  { name: 'signed with SHA-1', certificate: 'weakDigest', fault: 'signatureWeak' },
  { name: 'no key usage', certificate: 'noUsage', fault: 'usageWrong', accepted: true },
  { name: 'for encipherment', certificate: 'encipherment', fault: 'usageWrong' },
  { name: 'for servers', certificate: 'server', fault: 'usageWrong' },
  { name: 'a critical extension nobody knows', certificate: 'unknownExtension', fault: 'extensionUnknown' },
  { name: 'an issuer of the same name', certificate: 'impostored', fault: 'pathUnknown' },
  {
    ...{ name: 'an issuer of the same name, given on the way', certificate: 'impostored' },
    ...{ through: ['sibling', 'impostor'], lists: [...lists, 'impostorList'], fault: 'pathUnknown' },
  },
  { name: 'self-signed', certificate: 'selfSigned', fault: 'issuerWrong' },
  {
    ...{ name: 'another authority of the same root', certificate: 'othered', fault: 'issuerWrong' },
    ...{ through: ['sibling', 'other'], lists: [...lists, 'otherList'], accepted: true },
  },
  {
    ...{ name: 'an authority too deep', certificate: 'tooDeep', fault: 'issuerNotAuthority' },
    ...{ through: ['other', 'below'], lists: ['rootList', 'otherList', 'belowList'] },
  },
  {
    ...{ name: 'an issuer that is no authority', certificate: 'byNoAuthority', fault: 'pathUnknown' },
    through: ['sibling', 'noAuthority'],
  },
  {
    ...{ name: 'an authority that has expired', certificate: 'byLateAuthority', fault: 'pathUnknown' },
    ...{ through: ['lateAuthority'], lists: [...lists, 'lateList'] },
  },
  { name: 'another root', certificate: 'good', anchors: ['impostorRoot'], fault: 'pathUnknown' },
  { name: 'no root', certificate: 'good', anchors: [], fault: 'pathUnknown' },
  { name: 'no authority on the way', certificate: 'good', through: [], fault: 'pathUnknown' },
  { name: 'revoked', certificate: 'revoked', fault: 'revoked' },
  {
    ...{ name: 'revoked, beside an older list that does not say so', certificate: 'revoked' },
    ...{ lists: ['list', ...lists], fault: 'revoked' },
  },
  {
    ...{ name: 'its authority is revoked', certificate: 'good', fault: 'revoked' },
    lists: ['rootListAfter', 'newList'],
  },
  { name: 'no list', certificate: 'good', lists: ['rootList'], fault: 'statusUnknown' },
  { name: 'no list of its root', certificate: 'good', lists: ['newList'], fault: 'statusUnknown' },
  { name: 'a stale list', certificate: 'good', lists: ['rootList', 'staleList'], fault: 'statusStale' },
  {
    name: 'a list of tomorrow',
    certificate: 'good',
    lists: ['rootList', 'futureList'],
    fault: 'statusStale',
  },
  {
    ...{ name: 'a list of another of the same name', certificate: 'good', fault: 'statusUnknown' },
    lists: ['rootList', 'impostorList'],
  },
  {
    ...{ name: 'a list of another issuer', certificate: 'good', fault: 'statusUnknown' },
    lists: ['rootList', 'otherList'],
  },
  {
    // OpenSSL knows what a list of one kind of certificates is; here such a list is none.
    ...{ name: 'a list of a part', certificate: 'good', fault: 'statusUnknown', accepted: true },
    lists: ['rootList', 'partialList'],
  },
]

const judged = async ({ certificate, anchors = ['root'], through = ['sibling'], ...row }: Row) => {
  const trust = {
    certificates: [...anchors, ...through].map(made.der),
    crls: (row.lists ?? lists).map(made.der),
  }
  return judgeAuthCertificate(made.der(certificate), { trust, issuerName: siblingName, at })
}

describe('CGU-58: a certificate of the sibling authority', () => {
  it.each(rows)('CGU-58: $name: $fault', async (row) => {
    const found = await judged(row)
    const { certificate, anchors = ['root'], through = ['sibling'] } = row
    const openssl = await made.judge(certificate, { anchors, through, lists: row.lists ?? lists }, at)
    expect([found, openssl]).toMatchObject([
      row.fault === undefined ? { content: { issuer: { commonName: siblingName } } } : { fault: row.fault },
      row.fault === undefined || row.accepted === true,
    ])
  })

  it('CGU-58: what is recorded is the digest of the list that cleared it', async () => {
    expect(await judged({ name: '', certificate: 'good' })).toMatchObject({
      statusSha256: made.sha256('newList'),
      content: {
        subject: { surname: "D'Été-Brûlé", givenName: 'Zoë Maëlle' },
        email: 'zoe.dete-brule@douane.example',
      },
    })
  })

  it('CGU-58: an octet of it changed anywhere, or what is no certificate, is never relied on', async () => {
    const good = made.der('good')
    const trust = { certificates: ['root', 'sibling'].map(made.der), crls: lists.map(made.der) }
    const faults = new Set<string>()
    for (let index = 0; index < good.length; index += 7) {
      const changed = Uint8Array.from(good)
      changed[index]! ^= 1
      const found = await judgeAuthCertificate(changed, { trust, issuerName: siblingName, at })
      faults.add('fault' in found ? found.fault : 'relied on')
    }
    expect(faults).not.toContain('relied on')
    for (const octets of [new Uint8Array(), Buffer.from('certificate'), good.subarray(1)])
      expect(await judgeAuthCertificate(octets, { trust, issuerName: siblingName, at })).toEqual({
        fault: 'unreadable',
      })
  })

  it('CGU-58: a list that was changed is nobody’s', async () => {
    const certificates = ['root', 'sibling'].map(made.der)
    const changed = Uint8Array.from(made.der('newList'))
    changed[changed.length - 1]! ^= 1
    const crls = [made.der('rootList'), changed]
    const against = { trust: { certificates, crls }, issuerName: siblingName, at }
    expect(await judgeAuthCertificate(made.der('good'), against)).toEqual({ fault: 'statusUnknown' })
  })
})

describe('CGU-58: possession of its key', () => {
  it('CGU-58: only the key itself, over this very challenge, proves it', () => {
    for (const name of ['good', 'goodRsa']) {
      const proof = Buffer.from(made.sign(name, 'challenge'), 'base64')
      expect(provesPossession(made.der(name), 'challenge', proof)).toBe(true)
      expect(provesPossession(made.der(name), 'another challenge', proof)).toBe(false)
      expect(provesPossession(made.der('expired'), 'challenge', proof)).toBe(false)
      expect(provesPossession(made.der(name), 'challenge', proof.subarray(1))).toBe(false)
      expect(provesPossession(made.der(name), 'challenge', new Uint8Array())).toBe(false)
    }
    expect(provesPossession(new Uint8Array(), 'challenge', new Uint8Array())).toBe(false)
  })

  it('RFC 7468: a certificate is taken in PEM, or as DER in base64', () => {
    const der = Buffer.from(made.der('good'))
    expect(certificateFrom(made.pem('good'))).toEqual(der)
    expect(certificateFrom(der.toString('base64'))).toEqual(der)
    expect(certificateFrom('no certificate!')).toBeUndefined()
  })
})
