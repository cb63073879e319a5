// What certificates of other authorities are judged against: who is trusted, and what they say is revoked.

/**
 * DER. Of the certificates, those that sign themselves are trusted; the others are what a path may go through. A list says
 * itself by whom it is.
 */
export type Trust = Readonly<{ certificates: readonly Uint8Array[]; crls: readonly Uint8Array[] }>

/** Trust as it stands now. @throws when it cannot be read */
export type ReadTrust = () => Promise<Trust>
