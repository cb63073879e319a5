// Derived identifiers: why a command given twice writes nothing the second time (events.md section 3).
import { v5 } from 'uuid'

const namespace = '8d0e6b52-5c4f-4e0c-9a55-3f1c8d6e7b21'

/** The id of a command's event number `index`: uuidv5(commandId, index). */
export const eventIdOf = (commandId: string, index: number): string => v5(String(index), commandId)

/** The id of a command that the system gives itself: uuidv5(namespace, `command|key`). */
export const systemCommandId = (command: string, key: string): string => v5(`${command}|${key}`, namespace)
