// `npm run build`: what the image runs. Some hundred files instead of some two thousand modules: `ledger verify`
// takes 0.95 s of a processor for 1.65 s, and `start` 5.3 s for 7.0 s until it is ready (two or three each, in turn).
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build as bundle } from 'esbuild'

const root = import.meta.dirname

/** What is started by its place: the command, and the processes that hold a PKCS#11 module (programAt, hsm/pkcs11/program.ts). */
const programs = ['cli/main.ts', 'hsm/pkcs11/process.ts', 'hsm/tokenCard/process.ts']

/** They carry files of their own (native code, WebAssembly, Lua, protocol definitions, pages) or start threads from theirs. */
const leftAsTheyAre = [
  ...['pkcs11js', 'lmdb', 'koffi', '@electric-sql/pglite', 'pg-native', 'bullmq', '@eventstore/db-client'],
  ...['@fastify/swagger-ui', 'pino'],
]

/**
 * Bundles the programs, their types unchecked: `npm run check` has done that.
 * @param directory emptied first; gets the programs at their places, and what they share in `parts`
 * @param started the programs, by their places in the sources
 * @throws what esbuild finds wrong
 */
export const build = async (directory: string, started = programs): Promise<void> => {
  rmSync(directory, { recursive: true, force: true })
  await bundle({
    entryPoints: started.map((program) => join(root, program)),
    ...{ outbase: root, outdir: directory, chunkNames: 'parts/[name]-[hash]' },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' },
    ...{ sourcemap: true, sourcesContent: false, keepNames: true, logLevel: 'warning' },
    external: leftAsTheyAre,
    // CommonJS modules among them ask for Node's own.
    banner: {
      js: "import { createRequire as __c } from 'node:module'; const require = __c(import.meta.url);",
    },
  })
}

if (process.argv[1] === import.meta.filename) await build(join(root, 'dist'))
