// How a process shows that it lives, to any other on this machine: it listens on a UNIX socket in the directory. The
// kernel ends that with the process, however it ends, and tells across PID namespaces, so across containers on one
// volume, where a process number says nothing.
import { open } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'

/** A directory of any length: an address has room for 107 octets, so Linux is given the open directory instead. */
export const openPlace = async (directory: string) => {
  const handle = await open(directory, 'r')
  const path = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : directory
  return { addressOf: (name: string) => join(path, name), close: () => handle.close() }
}

/**
 * Listens under a name that nobody has used before, and does not keep the process running for it.
 * @returns what ends it and removes the socket
 */
export const show = async (directory: string, name: string): Promise<() => Promise<void>> => {
  const place = await openPlace(directory)
  const server = createServer((caller) => caller.destroy())
  try {
    server.listen(place.addressOf(name))
    await once(server, 'listening')
  } catch (error) {
    await place.close()
    throw error
  }
  // A call that could not be taken is the caller's affair: he has been answered by the kernel.
  server.on('error', () => undefined).unref()
  return async () => {
    // The socket's file goes with the server, by its address: the directory has to be open still.
    server.close()
    await once(server, 'close')
    await place.close()
  }
}

/** Whether somebody listens there. Where that cannot be told (no permission, say), somebody does. */
export const isShown = async (directory: string, name: string): Promise<boolean> => {
  const place = await openPlace(directory)
  const caller = connect(place.addressOf(name))
  try {
    await once(caller, 'connect')
    return true
  } catch (error) {
    return !['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')
  } finally {
    caller.destroy()
    await place.close()
  }
}
