/** The settings do not fit: the sentence says which one and why. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault'
}
