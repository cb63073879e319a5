// The product as its image has it, in a directory of its own: built files and what the Dockerfile copies beside them, no source.
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { build } from '../../build.ts'

const root = join(import.meta.dirname, '../..')

/** What the Dockerfile's last stage takes from the first: where it lies in a checkout, and where in the image. */
const copied = (): readonly Readonly<{ from: string; to: string }>[] =>
  [
    ...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(
      /^COPY --from=build \/app\/(\S+) \.\/(\S*)$/gm,
    ),
  ].map(([, from = '', to = '']) => ({
    from,
    to: to === '' || to.endsWith('/') ? `${to}${basename(from)}` : to,
  }))

/**
 * Lays the product out in `directory`. The sources are not type-checked: `npm run check` has done that.
 * @returns the launcher of the `grand-livre` command
 */
export const layOut = async (directory: string): Promise<string> => {
  for (const { from, to } of copied()) {
    const target = join(directory, to)
    mkdirSync(dirname(target), { recursive: true })
    if (from === 'node_modules') symlinkSync(join(root, from), target)
    else if (from === 'dist') await build(target)
    else cpSync(join(root, from), target, { recursive: true })
  }
  return join(directory, 'cli/grand-livre.js')
}
