// The policy file: names, object identifiers, URLs, durations and quotas of one certification authority. Numbers that
// the CGU does not state live here and nowhere else; numbers it does state are fixed by the schema.
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { code, url } from '../fields.ts'
import { channel, signingAlgorithm } from '../lists.ts'

const closed = { additionalProperties: false }
const oid = Type.String({ pattern: '^[0-2](\\.(0|[1-9]\\d*))+$' })
const text = Type.String({ minLength: 1, maxLength: 200 })
const siren = Type.String({ pattern: '^\\d{9}$' })
const count = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum })

/** What the authorities' keys may be of: RSA-4096 or P-384 in production, whatever else in a test. */
const strong: readonly string[] = ['rsa4096', 'ecP384']

const anchorsMissing =
  'must name the key of a security officer in production: the SHA-256 that `openssl pkey -pubin -in key.pem -outform DER | sha256sum` prints'

/** A certification authority of the chain: its subject and its certificate's life. */
const authority = Type.Object(
  {
    country: Type.String({ pattern: '^[A-Z]{2}$' }),
    organization: text,
    /** SIREN; the DN carries it as `OU=0002 <siren>` and `organizationIdentifier=NTRFR-<siren>` (RGS A4 VII, EN 319 412-1). */
    siren,
    commonName: text,
    validityYears: count(1, 30),
    algorithm: signingAlgorithm,
  },
  closed,
)

export const policySchema = Type.Object(
  {
    /** `test`: every DN begins with `TEST ` (RGS A4 II.4). `production`: software keys are refused. */
    environment: Type.Union([Type.Literal('test'), Type.Literal('production')]),
    /** Origin of the transparency log: part of every leaf, changed only by a hash migration (proofs.md 1.2). */
    log: Type.String({ pattern: '^[a-z0-9.-]+(/[A-Za-z0-9.-]+)+$', maxLength: 100 }),
    /** Version of these parameters, recorded in every event. */
    version: count(0, 1_000_000),
    /** CGU-01, CGU-16: the conditions of use in force. */
    cgu: Type.Object({ version: code, sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }, closed),
    /** CGU-09: « Contact de l’Autorité de Certification », which the API's description and the CGU give. */
    contact: Type.Object({ name: text, post: text, email: text }, closed),
    root: authority,
    issuing: authority,
    holder: Type.Object(
      {
        /** CGU-02, CGU-11. */
        policyOid: oid,
        cpsUri: url,
        algorithm: Type.Literal('rsa3072'),
        /** CGU-18: three years. */
        validityYears: Type.Literal(3),
        country: Type.String({ pattern: '^[A-Z]{2}$' }),
        emailProtection: Type.Boolean(),
      },
      closed,
    ),
    escrow: Type.Object(
      {
        /** CGU-41: ten years. */
        years: Type.Literal(10),
        recoveryQuorum: count(2, 9),
        approvalHours: count(1, 720),
        /** CGU-46: whether an approval counts only with the officer's own signature (docs/adr/0022). Always, in production. */
        signedApprovals: Type.Boolean(),
        /**
         * CGU-46: SHA-256 of keys (SubjectPublicKeyInfo, DER) of security officers that are known beforehand: every other approval key counts
         * by a chain of signed confirmations that begins at one. At least one, in production.
         */
        approvalAnchors: Type.Optional(
          Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), { maxItems: 100, uniqueItems: true }),
        ),
      },
      closed,
    ),
    ocsp: Type.Object(
      {
        policyOid: oid,
        algorithm: signingAlgorithm,
        certificateDays: count(1, 365),
        renewDaysBefore: count(1, 30),
        responseMinutes: count(1, 1440),
        /** Beyond this the responder answers tryLater, never "good". */
        maxLagSeconds: count(1, 3600),
      },
      closed,
    ),
    /** Keys that sign reports and the heads of exports (`log`), and exports (`export`). */
    records: Type.Object({ logAlgorithm: signingAlgorithm, exportAlgorithm: signingAlgorithm }, closed),
    crl: Type.Object(
      {
        everyHours: count(1, 24),
        validityHours: count(2, 168),
        /** The root's list of revoked authorities: at least yearly (EN 319 411-1 CSS-6.3.9-12). */
        rootEveryDays: count(1, 364),
        rootValidityDays: count(2, 365),
      },
      closed,
    ),
    /** CGU-104 to CGU-107: where relying parties find the chain, the CRL and the responder. */
    publication: Type.Object(
      {
        rootCertificate: Type.Array(url, { minItems: 1 }),
        caCertificate: Type.Array(url, { minItems: 1 }),
        crl: Type.Array(url, { minItems: 1 }),
        rootCrl: Type.Array(url, { minItems: 1 }),
        ocsp: Type.Array(url, { minItems: 1 }),
        caIssuers: Type.Array(url, { minItems: 1 }),
      },
      closed,
    ),
    card: Type.Object(
      {
        pinTries: count(1, 15),
        pinMinLength: count(4, 16),
        models: Type.Array(Type.Object({ code, slots: count(1, 99) }, closed), { minItems: 1 }),
      },
      closed,
    ),
    request: Type.Object(
      {
        lapseDays: count(1, 365),
        sessionMinutes: count(5, 480),
        /** CGU-37: how long the holder may take to answer before the certificate is refused for him. */
        acceptanceMinutes: count(1, 480),
        mandateMaxAgeMonths: count(1, 12),
      },
      closed,
    ),
    revocation: Type.Object(
      {
        /** CGU-76, decision D1: from receipt to the visible status. */
        hours: count(1, 24),
        /** CGU-78: whether the certification agents of the entity are told. */
        notifyMc: Type.Boolean(),
        notifyEntity: Type.Boolean(),
      },
      closed,
    ),
    notice: Type.Object(
      {
        /** CGU-54: days before the end of validity, largest first. */
        expiryLeadDays: Type.Array(count(1, 365), { minItems: 1, maxItems: 10, uniqueItems: true }),
        recipientsAtMost: count(1, 500),
      },
      closed,
    ),
    /** CGU-54 to CGU-58: when a renewal may begin, and whose certificate signs a holder in who renews alone. */
    renewal: Type.Object({ opensDaysBefore: count(1, 365), authIssuer: text }, closed),
    /** CGU-80 to CGU-84: how long before the end everybody is told. */
    termination: Type.Object({ noticeMonths: count(1, 12) }, closed),
    /** CGU-123: « au minimum une fois tous les deux ans ». */
    control: Type.Object({ everyMonths: count(1, 24) }, closed),
    /** CGU-113 to CGU-115: « conservés 7 ans ». */
    retention: Type.Object(
      {
        regYears: Type.Literal(7),
        journalYears: Type.Literal(7),
        recoveryYears: Type.Literal(7),
        /** A key is destroyed so long after its term, never before. */
        destructionMarginHours: count(1, 720),
      },
      closed,
    ),
    /** CGU-12, CGU-69, CGU-104, CGU-105: the sites that publish the same documents. */
    sites: Type.Array(url, { minItems: 1 }),
    /** CGU-67, CGU-70: the directions that act as registration authority: the channels each has, and its addresses. */
    ras: Type.Array(
      Type.Object(
        {
          code,
          name: text,
          channels: Type.Array(channel),
          email: text,
          post: text,
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
)
export type Policy = Static<typeof policySchema>

const compiled = Compile(policySchema)

/** A list must be followed by the next before it ends (decision D2). */
const gapsOf = ({ crl }: Policy): readonly string[] => [
  ...(crl.everyHours < crl.validityHours ? [] : ['/crl/validityHours must be more than everyHours']),
  ...(crl.rootEveryDays < crl.rootValidityDays
    ? []
    : ['/crl/rootValidityDays must be more than rootEveryDays']),
]

/** What a test environment may leave out, and production may not. */
const weaknessesOf = ({ environment, escrow, root, issuing, ocsp, records }: Policy): readonly string[] => {
  if (environment !== 'production') return []
  const algorithms = {
    ...{ '/root/algorithm': root.algorithm, '/issuing/algorithm': issuing.algorithm },
    ...{ '/ocsp/algorithm': ocsp.algorithm },
    ...{ '/records/logAlgorithm': records.logAlgorithm, '/records/exportAlgorithm': records.exportAlgorithm },
  }
  return [
    ...(escrow.signedApprovals ? [] : ['/escrow/signedApprovals must be true in production']),
    ...(escrow.approvalAnchors?.length ? [] : [`/escrow/approvalAnchors ${anchorsMissing}`]),
    ...Object.entries(algorithms)
      .filter(([, algorithm]) => !strong.includes(algorithm))
      .map(([field]) => `${field} must be ${strong.join(' or ')} in production`),
  ]
}

const invalid = (faults: readonly string[]): Error =>
  new Error(`the policy file is not valid: ${[...new Set(faults)].join('; ')}`)

/**
 * Reads a policy.
 * @throws Error that names every field at fault, as `/crl/everyHours must be <= 24`
 */
export const parsePolicy = (value: unknown): Policy => {
  if (!compiled.Check(value))
    throw invalid(compiled.Errors(value).map((error) => `${error.instancePath || '/'} ${error.message}`))
  const faults = [...gapsOf(value), ...weaknessesOf(value)]
  if (faults.length > 0) throw invalid(faults)
  return value
}

/** RGS A4 II.4: outside production every name begins with `TEST `. */
export const marked = (policy: Policy, name: string): string =>
  policy.environment === 'production' ? name : `TEST ${name}`
