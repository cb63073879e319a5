// How somebody shows who he is. Each door knows one way in: it finds an account, or what is wrong, or nothing of its kind.
import type { FastifyRequest } from 'fastify'
import type { Account } from '../../commands/accounts.ts'
import type { SignInMeans } from '../../domain/lists.ts'
import type { Problem } from '../problems.ts'

export type Found = Readonly<{
  means: SignInMeans
  account: Account
  /** What was shown, in words that are sealed in his journal; never a secret. */
  identifier: string
  /** For a way that has no act of signing in: his journal has it once in a while, under this name. */
  once?: string
}>

export type Fault = Readonly<{
  means: SignInMeans
  /** A code: it goes to the journal, and never to whoever asks. */
  cause: string
  identifier: string
  /** What is answered, where it is not that nobody is signed in. */
  problem?: Problem
  /** A session that has ended by itself: nobody has tried anything. */
  ended?: true
}>

/** @returns undefined where the request shows nothing of the kind */
export type Door = (request: FastifyRequest) => Promise<Found | Fault | undefined>

/** One door for several: the first account; else the first fault. */
export const throughDoors =
  (doors: readonly Door[]): Door =>
  async (request) => {
    let fault: Fault | undefined
    for (const door of doors) {
      const shown = await door(request)
      if (shown === undefined) continue
      // What has a problem of its own is refused, whoever else the request may be from.
      if (!('cause' in shown) || shown.problem !== undefined) return shown
      fault ??= shown
    }
    return fault
  }
