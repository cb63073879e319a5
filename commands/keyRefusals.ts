// CGU-38, CGU-41: what custody refuses is a fact, whoever asked: that it refused, and why, by its code (hsm/keyFault.ts). A refused recovery
// has an event of its own (`KeyRecoveryFailed`); every other refusal stands in the journal of who asked. Nothing personal is in it.
import { systemCommandId } from '../ledger/ids.ts'
import { recordRefusal } from './journals.ts'
import { faultCodeOf, type Service } from './program.ts'

/** The act that was refused: the command that would have recorded it, the stream that it is about, and the clause. */
export type Asked = Readonly<{ command: string; stream: string; clause: string }>

/** The code under which custody refused; undefined where it was out of reach, or the error is another one's. */
export const refusalCodeOf = (error: unknown): string | undefined => {
  if ((error as { name?: unknown } | null)?.name !== 'KeyFault') return undefined
  const code = faultCodeOf(error)
  return code === 'custody' ? undefined : code
}

/** Records that custody refused, by the code that it gave. @throws LedgerFault */
export const recordRefusedKey = async (
  { actor, handle, now, randomBytes }: Service,
  { command, stream, clause }: Asked,
  code: string,
): Promise<void> => {
  const by = await actor()
  const id = systemCommandId('RecordRefusal', Buffer.from(randomBytes(16)).toString('hex'))
  const data = { journal: by.journal, command, stream, code, clause }
  await handle(recordRefusal, { type: 'RecordRefusal', id, by, at: now(), data })
}

/** Records a refusal of custody; any other error is none. @throws LedgerFault */
export const recordKeyRefusal = async (service: Service, asked: Asked, error: unknown): Promise<void> => {
  const code = refusalCodeOf(error)
  if (code !== undefined) await recordRefusedKey(service, asked, code)
}

/** Does what custody may refuse, and records it if it does. @throws what `act` throws */
export const orRefused = async <T>(service: Service, asked: Asked, act: () => Promise<T>): Promise<T> => {
  try {
    return await act()
  } catch (error) {
    await recordKeyRefusal(service, asked, error)
    throw error
  }
}
