// What the file of a card in software holds, under the master key.

export type CardFile = Readonly<{
  v: 1
  certificates: readonly Readonly<{ serial: string; der: string }>[]
  /** The private keys, under the card key. */
  keys: string
  triesLeft: number
  /** The card key, until the holder has used the card. */
  atDesk?: string
  /** The card key under the PIN. */
  pin?: Readonly<{ salt: string; n: number; box: string }>
  /** The card key under the PUK; absent on cards that were written before there was one. */
  puk?: Readonly<{ box: string; triesLeft: number }>
  /** The PUK has been taken: the holder may define a PIN, until he has used the card with it. */
  unblocked?: true
}>
