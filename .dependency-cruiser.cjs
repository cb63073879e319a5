// Which folder may import what (CONTRIBUTING.md, "Borders"). Type-only imports count too.
// `npm run check:borders` runs this over the folders, and once over a planted violation, which has to be found.

/** Where a fixture of the same folders lies: the rules hold there as they hold at the top. */
const root = '^(?:test/fixtures/borders/)?'
const folders = 'api|cli|commands|domain|host|hsm|jobs|ledger|pki|projections|readmodels|telemetry'

const may = (from, ...to) => ({
  name: `${from}-may-import-only-${to.join('-') || 'itself'}`,
  comment: `${from}/ knows ${[from, ...to].map((folder) => `${folder}/`).join(', ')} only. Hand the value in as an argument, or declare a port in ${from}/ or domain/ and let main.ts join the two.`,
  severity: 'error',
  from: { path: `${root}${from}/` },
  to: { path: `${root}(?:${folders}|test|main\\.ts)`, pathNot: `${root}(?:${[from, ...to].join('|')})/` },
})

/** A third party that is reached through one port only. Tests, main.ts and cli/ may use what they compose or probe. */
const only = (name, packages, places, advice) => ({
  name,
  comment: advice,
  severity: 'error',
  from: { path: `${root}(?:${folders})/`, pathNot: `${root}(?:cli/|${places})` },
  to: { path: `^node_modules/(?:${packages})(?:/|$)` },
})

module.exports = {
  forbidden: [
    may('domain'),
    may('host'),
    may('ledger', 'domain', 'host'),
    may('pki', 'domain'),
    may('hsm', 'domain', 'host', 'pki'),
    may('commands', 'domain', 'ledger', 'pki'),
    may('readmodels', 'domain', 'host'),
    may('projections', 'domain', 'readmodels', 'ledger'),
    may('jobs', 'domain', 'commands', 'readmodels', 'ledger'),
    may('api', 'domain', 'commands', 'readmodels', 'pki', 'telemetry'),
    may('telemetry'),
    {
      name: 'nobody-imports-the-composition-root',
      comment:
        'main.ts and cli/ compose the parts; only they, and tests, import them. Move what is needed into the folder it belongs to.',
      severity: 'error',
      from: { path: `${root}(?:${folders})/`, pathNot: `${root}cli/` },
      to: { path: `${root}(?:main\\.ts$|cli/)` },
    },
    {
      name: 'custody-only-from-the-composition-root',
      comment:
        'Keys are reached through the ports pki/signer.ts and pki/custody.ts. Take the port as an argument; main.ts hands the adapter in.',
      severity: 'error',
      from: { path: `${root}(?:${folders})/`, pathNot: `${root}(?:hsm|cli)/` },
      to: { path: `${root}hsm/` },
    },
    {
      name: 'no-test-in-the-product',
      comment:
        'test/ is not in the image. Move the code to the folder that needs it, and let the test import it from there.',
      severity: 'error',
      from: { path: `${root}(?:${folders}|main\\.ts)`, pathNot: '^test/(?!fixtures/borders/)' },
      to: { path: '^test/(?!fixtures/borders/)' },
    },
    {
      name: 'domain-is-pure',
      comment:
        'No I/O, no clock, no randomness in domain/, so that history folds the same for ever. Time and random values come in with the command; typebox is the one library.',
      severity: 'error',
      from: { path: `${root}domain/` },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core'], pathNot: 'node_modules/typebox/' },
    },
    only(
      'eventstoredb-in-its-adapter',
      '@eventstore/db-client|@grpc/grpc-js|google-protobuf',
      'ledger/eventstoredb',
      'The EventStoreDB client is used in its ledger adapter only. Use the port ledger/store.ts.',
    ),
    only(
      'lmdb-in-its-adapter',
      'lmdb',
      'ledger/embedded',
      'LMDB is used in the embedded ledger only. Use the port ledger/store.ts.',
    ),
    only(
      'asn1-in-pki',
      'pkijs|asn1js|pvtsutils|@peculiar/[^/]+|reflect-metadata',
      'pki/',
      'Certificates, CRLs and OCSP answers are built and read in pki/; the rest of the code sees DER and plain data.',
    ),
    only(
      'pkcs11-in-hsm',
      'pkcs11js|graphene-pk11',
      'hsm/',
      'A PKCS#11 module is reached from hsm/ only. Use the port pki/signer.ts.',
    ),
    only(
      'native-libraries-in-hsm',
      'koffi|@koromix/[^/]+',
      'hsm/pcsc/',
      'Native functions are called from hsm/pcsc/ only, which speaks PC/SC with them. Use the port pki/custody.ts.',
    ),
    only(
      'secret-sharing-in-hsm',
      'shamir-secret-sharing',
      'hsm/',
      'Secrets are split in hsm/shares.ts only, which finds the bad shares that the library makes garbage of.',
    ),
    only(
      'calls-in-the-signer',
      'birpc',
      'hsm/signer/channel',
      'Calls between processes pass through hsm/signer/channel.ts only, which says how they are written and what ends them.',
    ),
    only(
      'sql-in-read-models',
      'kysely|pg|@types/pg|@electric-sql/pglite',
      'readmodels/|projections/|hsm/(escrowStoreSql|escrowSchema)|host/postgres',
      'SQL lives in readmodels/ (queries), projections/ (rows) and hsm/escrowStoreSql.ts and escrowSchema.ts (the escrow). Add a named query to readmodels/ and call it.',
    ),
    only(
      'queues-in-jobs',
      'bullmq|ioredis',
      'jobs/',
      'Queues are used in jobs/ only. Export a function there that nudges the job.',
    ),
    only(
      'mail-in-jobs',
      'nodemailer',
      'jobs/',
      'Messages are composed in jobs/outbox.ts only. Plan a notice: the job writes its messages.',
    ),
    only(
      'http-in-api',
      'fastify|@fastify/[^/]+|openid-client|jose|structured-headers|cookie',
      'api/',
      'HTTP is spoken in api/ only. Return a value, and let a route turn it into an answer.',
    ),
    only(
      'telemetry-in-its-folder',
      'prom-client|@opentelemetry/[^/]+',
      'telemetry/',
      'Metrics and spans are made in telemetry/ only. Take its types Metrics or Tracing as an argument.',
    ),
    only(
      'terminal-in-cli',
      'commander|cli-progress|@types/cli-progress',
      'cli/',
      'Arguments and progress bars belong to cli/. Take a callback for progress.',
    ),
    {
      name: 'no-development-dependency-in-the-product',
      comment:
        'The image is installed without development dependencies. Move the package to "dependencies", or the code to test/. A package that is declared nowhere has to be declared first.',
      severity: 'error',
      from: { path: `${root}(?:${folders}|main\\.ts)` },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'everything-resolves',
      comment: 'The import leads nowhere: mend its path (with its .ts ending), or install the package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      comment:
        'Two files that need each other are one file, or have a third between them. Move the shared part out.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The launcher and the check itself, which tsc does not read either.
    exclude: { path: '^(?:cli|test)/.*[.]js$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
