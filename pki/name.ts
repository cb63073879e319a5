// Distinguished names (RGS A4 VII; EN 319 412-2 4.2; regulation.md 2.1). Everything is UTF8String but the country and the
// serial number, which X.520 makes PrintableString; e-mail addresses never stand here.
import { marked, type Policy } from '../domain/policy/policy.ts'
import { oid, printable, sequence, setOf, utf8, type Der } from './der.ts'

const types = {
  country: '2.5.4.6',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
  organizationIdentifier: '2.5.4.97',
  surname: '2.5.4.4',
  givenName: '2.5.4.42',
  serialNumber: '2.5.4.5',
  commonName: '2.5.4.3',
} as const

const rdn = (type: keyof typeof types, value: Der): Der => setOf(sequence(oid(types[type]), value))

/** ISO 6523: `0002` is the identifier system of SIRENE; the number is a SIREN (9 digits) or a SIRET (14). */
const registration = (siren: string): Der => rdn('organizationalUnit', utf8(`0002 ${siren}`))

type Organization = Readonly<{ country: string; organization: string; siren: string; commonName: string }>

/** Subject of an authority or of a responder: one value an attribute (EN 319 412-2 GEN-4.2.3.1-5). */
export const authorityName = (policy: Policy, of: Organization): Der =>
  sequence(
    rdn('country', printable(of.country)),
    rdn('organization', utf8(of.organization)),
    registration(of.siren),
    rdn('organizationIdentifier', utf8(`NTRFR-${of.siren}`)),
    rdn('commonName', utf8(marked(policy, of.commonName))),
  )

export type HolderSubject = Readonly<{
  /** The holder's entity: its full name and its SIREN or SIRET. */
  entity: Readonly<{ name: string; siren: string }>
  surname: string
  givenNames: string
  /** "Prénom NOM". */
  nameInCertificate: string
  /** Person number (UUID): random, and never another person's, which keeps names from being reassigned. */
  person: string
}>

/** Subject of a holder (EN 319 412-2 NAT-4.2.4-1, RGS A4 II.4 for the marks of a test environment). */
export const holderName = (policy: Policy, of: HolderSubject): Der =>
  sequence(
    rdn('country', printable(policy.holder.country)),
    rdn('organization', utf8(of.entity.name)),
    registration(of.entity.siren),
    rdn('surname', utf8(marked(policy, of.surname))),
    rdn('givenName', utf8(marked(policy, of.givenNames))),
    rdn('serialNumber', printable(of.person.replaceAll('-', ''))),
    rdn('commonName', utf8(marked(policy, of.nameInCertificate))),
  )
