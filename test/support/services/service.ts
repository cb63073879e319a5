// A server of the tests' own: started in its own session, so that a Ctrl-C reaches it through us and in order.
import { spawn } from 'node:child_process'
import { openSync, closeSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** `env` is what the tests are told; `stop` ends the server and waits for its end. */
export type Service = Readonly<{
  name: string
  env: Readonly<Record<string, string>>
  stop: () => Promise<void>
}>

/** A server that may be away for a while. */
export type Restartable = Service &
  Readonly<{
    /** Ends it, does something, and starts it again on its port and its data. @throws Error where it does not come back */
    restart: (meanwhile?: () => Promise<unknown>) => Promise<void>
  }>

/** A port of 127.0.0.1 that nobody listens on at this moment. Another process may be faster: `launch` tries again. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

export type Launch = Readonly<{
  name: string
  /** The workspace: log and pid file are put here. */
  workspace: string
  file: string
  args: (port: number) => readonly string[]
  owner?: Readonly<{ uid: number; gid: number }>
  /** Asks the server something; throws while it does not answer. */
  probe: (port: number) => Promise<void>
  env: (port: number) => Readonly<Record<string, string>>
  endSignal: NodeJS.Signals
}>

const attempt = async (launch: Launch, port: number): Promise<Service | undefined> => {
  const log = join(launch.workspace, `${launch.name}.log`)
  const output = openSync(log, 'w')
  const child = spawn(launch.file, launch.args(port), {
    ...launch.owner,
    cwd: launch.workspace,
    detached: true,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  writeFileSync(join(launch.workspace, `${launch.name}.pid`), String(child.pid ?? 0))
  const stop = async (): Promise<void> => {
    if (isRunning()) child.kill(launch.endSignal)
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(late)
  }
  for (let tries = 0; tries < 600 && isRunning(); tries++) {
    try {
      await launch.probe(port)
      return { name: launch.name, env: launch.env(port), stop }
    } catch {
      await sleep(50)
    }
  }
  await stop()
  return undefined
}

const failed = ({ workspace, name }: Launch): Error => {
  const log = readFileSync(join(workspace, `${name}.log`), 'utf8')
  return new Error(`${name} did not start:\n${log.split('\n').slice(-20).join('\n')}`)
}

/** Starts a server on a free port and waits until it answers. @throws Error with the end of its log */
export const launch = async (options: Launch): Promise<Restartable> => {
  for (let tries = 0; tries < 3; tries++) {
    const port = await freePort()
    let service = await attempt(options, port)
    if (service === undefined) continue
    const { name, env } = service
    return {
      ...{ name, env },
      stop: () => service?.stop() ?? Promise.resolve(),
      restart: async (meanwhile) => {
        await service?.stop()
        await meanwhile?.()
        service = await attempt(options, port)
        if (service === undefined) throw failed(options)
      },
    }
  }
  throw failed(options)
}
