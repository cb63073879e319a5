// The signatures that the ledger knows, beside those that the signer has counted itself (RGS A2 V.4): neither is a sum of the other, so
// that a signature which one of them does not know of is seen. Both are ranges: what a stop cut off is uncertain on either side.

/** What the ledger knows of a key: `least` outcomes, and `most` with what is understood beside them. */
export type Known = Readonly<{ servicekey: string; purpose: string; least: number; most: number }>
/** What its signer has counted: `signatures`, of which `uncertain` were perhaps never made. */
export type Counted = Readonly<{ signatures: number; uncertain: number }>

/**
 * - `agrees`: the ranges meet.
 * - `unrecorded`: a responder's key has signed more answers than are recorded. Those of the running hour are not yet, and those of an
 *   hour that a crash cut off never will be.
 * - `unknown`: the key has signed what the ledger does not know.
 * - `missing`: the ledger knows signatures that the signer has not counted.
 */
export type Verdict = 'agrees' | 'unrecorded' | 'unknown' | 'missing'

export type Reconciled = Known & Counted & Readonly<{ verdict: Verdict; difference: number }>

const none: Counted = { signatures: 0, uncertain: 0 }

const reconcile = (known: Known, counted: Counted): Reconciled => {
  const { least, most, purpose } = known
  const sure = counted.signatures - counted.uncertain
  if (sure > most) {
    const verdict = purpose === 'ocsp' ? 'unrecorded' : 'unknown'
    return { ...known, ...counted, verdict, difference: sure - most }
  }
  if (counted.signatures < least)
    return { ...known, ...counted, verdict: 'missing', difference: least - counted.signatures }
  return { ...known, ...counted, verdict: 'agrees', difference: 0 }
}

/** Every key that the ledger or the signer knows of, by its id. */
export const reconcileSignatures = (
  known: readonly Known[],
  counted: Readonly<Record<string, Counted>>,
): readonly Reconciled[] => {
  const names = new Set(known.map(({ servicekey }) => servicekey))
  const strangers = Object.keys(counted)
    .filter((id) => !names.has(id))
    .map((servicekey) => ({ servicekey, purpose: 'unknown', least: 0, most: 0 }))
  return [...known, ...strangers].map((one) => reconcile(one, counted[one.servicekey] ?? none))
}

/** Whether nothing has been signed, or counted, that nobody can explain. */
export const isReconciled = (keys: readonly Reconciled[]): boolean =>
  keys.every(({ verdict }) => verdict === 'agrees' || verdict === 'unrecorded')
