import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { findOpenSc, findProgram, vpcdDriver } from './programs.ts'
import { launch, type Service } from './service.ts'

/** A mount namespace of pcscd's own, where /run is ours: its socket and pid file lie nowhere else. */
const apart = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])]

/** Where a namespace is not permitted, pcscd takes the system's own place, which must be free. */
const placeOf = (directory: string, pcscd: string) => {
  const mount = `mount --bind "${directory}" /run && exec "${pcscd}" "$@"`
  if (spawnSync('unshare', [...apart, 'sh', '-c', `mount --bind "${directory}" /run`]).status === 0)
    return { file: 'unshare', args: [...apart, 'sh', '-c', mount, 'pcscd'], run: directory }
  return { file: pcscd, args: [], run: '/run' }
}

const answers = async (port: number): Promise<void> => {
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  socket.destroy()
}

/**
 * A pcscd with one reader of vpcd's, whose two slots take a virtual card each on `TEST_PCSC_PORT` and on the port after it;
 * `PCSCLITE_CSOCK_NAME` leads everybody who speaks PC/SC to it, `TEST_OPENSC_MODULE` and `OPENSC_CONF` are OpenSC's.
 */
export const startPcscd = async (workspace: string): Promise<Service> => {
  const [pcscd, openSc] = [findProgram('pcscd'), findOpenSc()]
  if (pcscd === undefined || openSc === undefined) throw new Error('pcscd or OpenSC is not installed')
  const directory = join(workspace, 'pcscd')
  mkdirSync(join(directory, 'run', 'pcscd'), { recursive: true, mode: 0o755 })
  const place = placeOf(join(directory, 'run'), pcscd)
  mkdirSync(join(place.run, 'pcscd'), { recursive: true })
  const socket = join(place.run, 'pcscd', 'pcscd.comm')
  // OpenSC keeps what it has read of a card between two runs, unless it is told not to.
  const openScConf = join(directory, 'opensc.conf')
  writeFileSync(openScConf, 'app default { framework pkcs15 { use_file_caching = no; } }\n')
  const readers = (port: number): string => {
    const file = join(directory, `reader-${String(port)}.conf`)
    const lines = [
      'FRIENDLYNAME "Virtual desk"',
      `DEVICENAME /dev/null:${String(port)}`,
      `LIBPATH ${vpcdDriver}`,
      `CHANNELID ${String(port)}`,
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    return file
  }
  return launch({
    name: 'pcscd',
    workspace,
    file: place.file,
    args: (port) => [...place.args, '--foreground', '--config', readers(port)],
    probe: async (port) => {
      if (!existsSync(socket)) throw new Error('pcscd does not answer yet')
      await Promise.all([answers(port), answers(port + 1)])
    },
    env: (port) => ({
      PCSCLITE_CSOCK_NAME: socket,
      TEST_PCSC_PORT: String(port),
      TEST_OPENSC_MODULE: openSc.module,
      TEST_PKCS11_ENGINE: openSc.engine,
      OPENSC_CONF: openScConf,
    }),
    endSignal: 'SIGTERM',
  })
}
