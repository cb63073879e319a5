// The openssl binary as an independent judge. Nothing of ours is asked whether what we made is right.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The openssl binary said no, or is not there. */
export class OpensslFault extends Error {
  override readonly name = 'OpensslFault'
}

/**
 * Runs openssl in a folder.
 * @returns its standard output and error together: `openssl verify` and `ocsp` use both
 * @throws OpensslFault with what it printed
 */
export const openssl = async (folder: string, ...args: readonly string[]): Promise<string> => {
  try {
    const { stdout, stderr } = await run('openssl', [...args], { cwd: folder, maxBuffer: 1 << 24 })
    return `${stdout}${stderr}`
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: string; stdout?: string; stderr?: string }
    if (code === 'ENOENT')
      throw new OpensslFault('the demo needs the openssl binary: install the package openssl', {
        cause: error,
      })
    throw new OpensslFault(`openssl ${args[0] ?? ''}: ${stderr || stdout}`, { cause: error })
  }
}

/** Runs openssl and expects it to refuse. @returns what it printed */
export const opensslRefuses = async (folder: string, ...args: readonly string[]): Promise<string> => {
  try {
    const said = await openssl(folder, ...args)
    throw new Error(`openssl ${args[0] ?? ''} should have refused, but said: ${said}`)
  } catch (error) {
    if (error instanceof OpensslFault) return error.message
    throw error
  }
}
