// Where the programs and libraries that the tests use lie on this machine.
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const systemFolders = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin']

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The first executable of that name in `folders`, in PATH or in the system's folders. */
export const findProgram = (name: string, folders: readonly string[] = []): string | undefined =>
  [...folders, ...(process.env['PATH'] ?? '').split(delimiter), ...systemFolders]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)

/** Debian keeps the server programs of PostgreSQL out of PATH, one folder a major version; the newest comes first. */
const postgresFolders = (): readonly string[] => {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(root, version, 'bin'))
}

export type PostgresPrograms = Readonly<{ initdb: string; postgres: string }>

export const findPostgres = (): PostgresPrograms | undefined => {
  const initdb = findProgram('initdb', postgresFolders())
  const postgres = findProgram('postgres', postgresFolders())
  return initdb === undefined || postgres === undefined ? undefined : { initdb, postgres }
}

const multiarch = (): readonly string[] =>
  existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((name) => name.includes('-linux-')) : []

/** The engine by which OpenSSL uses keys in a PKCS#11 module. */
export const findPkcs11Engine = (): string | undefined =>
  multiarch()
    .map((name) => join('/usr/lib', name, 'engines-3/pkcs11.so'))
    .find((path) => existsSync(path))

/** The PKCS#11 module of SoftHSM2, and nothing unless its tool is there too. */
export const findSoftHsm = (): string | undefined => {
  if (findProgram('softhsm2-util') === undefined) return undefined
  return ['/usr/lib', '/usr/lib64', '/usr/local/lib', ...multiarch().map((name) => join('/usr/lib', name))]
    .flatMap((folder) => [
      join(folder, 'softhsm/libsofthsm2.so'),
      join(folder, 'pkcs11/libsofthsm2.so'),
      join(folder, 'libsofthsm2.so'),
    ])
    .find((path) => existsSync(path))
}
