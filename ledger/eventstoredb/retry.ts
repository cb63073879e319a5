import { DeadlineExceededError, isCommandError } from '@eventstore/db-client'
import { deadline, NoAnswer } from './deadline.ts'
import { isAnswer } from './faults.ts'
import type { Connection } from './connection.ts'

/** How often and how patiently the adapter tries. Times in milliseconds. */
export type Limits = Readonly<{
  /** One attempt at a write, discovery included. */
  appendTimeoutMs: number
  /** How long a read may stay silent, and how often an idle subscription looks whether the log has moved on. */
  readIdleTimeoutMs: number
  /** Attempts at one write, or at one read that makes no headway. */
  attempts: number
  /** The first pause between attempts; each one is twice the last, up to `retryCapMs`. */
  retryDelayMs: number
  retryCapMs: number
}>

export const defaultLimits: Limits = {
  appendTimeoutMs: 10_000,
  readIdleTimeoutMs: 30_000,
  attempts: 4,
  retryDelayMs: 50,
  retryCapMs: 5_000,
}

/** Waits before attempt `failures` + 1. `stopped` ends the wait early. */
export const pause = async (limits: Limits, failures: number, stopped?: Promise<void>): Promise<void> => {
  const ms = Math.min(limits.retryDelayMs * 2 ** Math.min(failures - 1, 20), limits.retryCapMs)
  try {
    await deadline(ms, stopped ?? new Promise<void>(() => undefined), () => undefined)
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
  }
}

/**
 * A server that is silent on a live connection, and discovery that failed once, may leave the client stuck for good: only
 * a new one is sure to start afresh. The client itself reconnects after UNAVAILABLE, CANCELLED and not-leader.
 */
export const recover = (connection: Connection, error: Error): void => {
  if (isAnswer(error)) return
  if (error instanceof DeadlineExceededError || !isCommandError(error)) connection.renew()
}
