// The sibling authority, AC AUTHENTIFICATION ET SIGNATURE, with its root and its lists, made by the openssl program: what is
// judged here was written by somebody else. OpenSSL also judges it, by its own rules.
import { execFile } from 'node:child_process'
import { createHash, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Names of the files, without ending. */
export type Named = string

export type Wanted = Readonly<{
  subject: string
  by?: Named
  /** Section of the configuration below. */
  extensions?: string
  from?: string
  until?: string
  key?: readonly string[]
  digest?: string
}>

const person = 'basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
const authority =
  'keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
const signing = 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth'
const email = (address: string): string => `subjectAltName=email:${address}`

const configuration = `
[req]
distinguished_name=dn
string_mask=utf8only
[dn]
[any]
countryName=optional
organizationName=optional
organizationalUnitName=optional
surname=optional
givenName=optional
serialNumber=optional
commonName=supplied
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[authority]
basicConstraints=critical,CA:TRUE,pathlen:0
${authority}
[noAuthority]
basicConstraints=critical,CA:FALSE
${authority}
[deep]
basicConstraints=critical,CA:TRUE
${authority}
[zoe]
${person}
${signing}
${email('zoe.dete-brule@douane.example')}
[paul]
${person}
${signing}
${email('paul@douane.example')}
[noUsage]
${person}
extendedKeyUsage=clientAuth
[encipherment]
${person}
keyUsage=critical,keyEncipherment
[server]
${person}
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
[unknownExtension]
${person}
${signing}
1.2.3.4=critical,ASN1:UTF8String:what
[crl]
authorityKeyIdentifier=keyid
[partialCrl]
authorityKeyIdentifier=keyid
issuingDistributionPoint=critical,@part
[part]
onlyuser=TRUE
`

export const siblingName = 'TEST AC AUTHENTIFICATION ET SIGNATURE MEF QUALIFIEE'
const siblingSubject = `/C=FR/O=MINISTERES ECONOMIQUES ET FINANCIERS/CN=${siblingName}`

/** UTF-8 as it stands: names that the French administration knows. */
export const zoeSubject = "/C=FR/O=DGDDI/SN=D'Été-Brûlé/GN=Zoë Maëlle/CN=TEST Zoë D'ÉTÉ-BRÛLÉ"

export const openSibling = (directory: string) => {
  const path = (name: string): string => join(directory, name)
  const openssl = async (...args: readonly string[]): Promise<string> =>
    (await run('openssl', [...args], { cwd: directory, env: { ...process.env, LC_ALL: 'C.UTF-8' } })).stdout
  writeFileSync(path('openssl.cnf'), configuration)

  /** The database of an authority: what it has issued and revoked. */
  const databaseOf = (name: Named): string => {
    const section = `[ca]\ndefault_ca=own\n[own]\ndatabase=${name}.db\nnew_certs_dir=.\ncertificate=${name}.pem
private_key=${name}.key\ndefault_md=sha256\npolicy=any\nunique_subject=no\nrand_serial=yes\ncrlnumber=${name}.number
string_mask=utf8only\n`
    const file = `${name}.cnf`
    writeFileSync(path(file), `${section}${configuration}`)
    writeFileSync(path(`${name}.db`), '', { flag: 'a' })
    writeFileSync(path(`${name}.number`), '01\n')
    return file
  }

  const issue = async (name: Named, wanted: Wanted): Promise<Named> => {
    const { subject, by = name, extensions = 'zoe', digest = 'sha256' } = wanted
    const { from = '20260101000000Z', until = '20350101000000Z' } = wanted
    const { key = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'] } = wanted
    await openssl('genpkey', ...key, '-out', `${name}.key`)
    const subjectArgs = ['-utf8', '-subj', subject, '-config', 'openssl.cnf']
    await openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, ...subjectArgs)
    const config = databaseOf(by)
    const self = by === name ? ['-selfsign'] : []
    const dates = ['-startdate', from, '-enddate', until]
    await openssl(
      ...['ca', '-batch', '-notext', '-utf8', '-config', config, ...self, ...dates, '-md', digest],
      ...['-extensions', extensions, '-in', `${name}.csr`, '-out', `${name}.pem`],
    )
    return name
  }

  const der = (name: Named): Uint8Array => {
    const [, base64 = ''] =
      /-----BEGIN [A-Z0-9 ]+-----([^-]+)-----END/.exec(readFileSync(path(`${name}.pem`), 'latin1')) ?? []
    return Buffer.from(base64, 'base64')
  }

  return {
    issue,
    der,
    pem: (name: Named): string => readFileSync(path(`${name}.pem`), 'latin1'),
    /** A list as it stands, under a name of its own. */
    list: async (
      name: Named,
      by: Named,
      { from = '20281209000000Z', until = '20281216000000Z', extensions = 'crl' } = {},
    ): Promise<Named> => {
      const config = databaseOf(by)
      const dates = ['-crl_lastupdate', from, '-crl_nextupdate', until]
      await openssl(
        'ca',
        '-gencrl',
        '-config',
        config,
        ...dates,
        '-crlexts',
        extensions,
        '-out',
        `${name}.pem`,
      )
      return name
    },
    revoke: async (name: Named, by: Named): Promise<void> => {
      await openssl('ca', '-config', databaseOf(by), '-revoke', `${name}.pem`)
    },
    sign: (name: Named, challenge: string): string =>
      sign('sha256', Buffer.from(challenge), readFileSync(path(`${name}.key`))).toString('base64'),
    sha256: (name: Named): string => createHash('sha256').update(der(name)).digest('hex'),
    /** Whether OpenSSL relies on it, to sign a client in, at this instant. */
    judge: async (
      name: Named,
      by: Readonly<{ anchors: readonly Named[]; through: readonly Named[]; lists: readonly Named[] }>,
      at: string,
    ): Promise<boolean> => {
      const all = (names: readonly Named[]): string =>
        names.map((one) => readFileSync(path(`${one}.pem`), 'latin1')).join('')
      writeFileSync(path('anchors'), all(by.anchors))
      writeFileSync(path('through'), all(by.through))
      const lists = by.lists.flatMap((list) => ['-CRLfile', `${list}.pem`])
      try {
        await openssl(
          ...['verify', '-x509_strict', '-purpose', 'sslclient', '-auth_level', '2', '-crl_check_all'],
          ...['-attime', String(Date.parse(at) / 1000), '-CAfile', 'anchors', '-untrusted', 'through'],
          ...lists,
          `${name}.pem`,
        )
        return true
      } catch {
        return false
      }
    },
    /** The root, the sibling authority under it, and a list of each. */
    chain: async (): Promise<void> => {
      await issue('root', { subject: '/C=FR/O=MEF/CN=TEST AC RACINE MEF', extensions: 'root' })
      await issue('sibling', { subject: siblingSubject, by: 'root', extensions: 'authority' })
    },
    siblingSubject,
  }
}

export type Sibling = ReturnType<typeof openSibling>
