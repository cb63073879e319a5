// From drafts to what the store appends: checked, enveloped, sealed. Whatever the ledger would not be able to prove later is
// refused here, before a key is made or an octet written.
import { encodeBody } from './body.ts'
import { canonical } from './canonical.ts'
import type { DataKeys, Draft, SealedField } from './ledger.ts'
import { keyName, streamName, typeName, uuid } from './names.ts'
import { nonceOctets, sealField } from './sealing.ts'
import type { Proposed } from './store.ts'

export type Sealing = Readonly<{ keys: DataKeys; log: string; randomBytes: (length: number) => Uint8Array }>

/** The draft cannot become an event of this ledger: a bug of whoever made it. */
export class BadDraft extends Error {
  override readonly name = 'BadDraft'
}

const requireDraft = ({ id, type, pub, env, sealed }: Draft): void => {
  if (!uuid.test(id)) throw new BadDraft(`${type}: ${id} is not a UUID in lower case`)
  if (!typeName.test(type)) throw new BadDraft(`${type} is not the name of an event type`)
  if ('env' in pub) throw new BadDraft(`${type}: the envelope is not the draft's to write`)
  for (const [field, { keyId }] of Object.entries(sealed))
    if (!keyName.test(keyId))
      throw new BadDraft(`${type}: ${keyId}, for ${field}, is not the name of a data key`)
  // Sealed names and values too: after this, nothing of the draft can fail any more.
  canonical({ env, pub, sealed })
}

/** @throws BadDraft, NotCanonical: nothing has been done */
export const requireDrafts = (stream: string, drafts: readonly Draft[]): void => {
  if (!streamName.test(stream)) throw new BadDraft(`${stream} is not the name of a stream`)
  if (drafts.length === 0) throw new BadDraft('an append without events')
  for (const draft of drafts) requireDraft(draft)
  if (new Set(drafts.map(({ id }) => id)).size < drafts.length) throw new BadDraft('two events with one id')
}

const sealAll = async ({ keys, log, randomBytes }: Sealing, { id, sealed }: Draft) => {
  const fields: Record<string, SealedField> = {}
  for (const [field, { keyId, value }] of Object.entries(sealed)) {
    const key = await keys.obtain(keyId)
    fields[field] = sealField({ log, eventId: id, field }, value, {
      keyId,
      key,
      nonce: randomBytes(nonceOctets),
    })
  }
  return fields
}

/**
 * Seals drafts that have been checked.
 * @param at the body's own time, to the millisecond
 */
export const sealDrafts = (sealing: Sealing, drafts: readonly Draft[], at: string): Promise<Proposed[]> =>
  Promise.all(
    drafts.map(async (draft) => {
      const nonce = Buffer.from(sealing.randomBytes(16)).toString('hex')
      const pub = { ...draft.pub, env: { ...draft.env, nonce } } as unknown as Draft['pub']
      const data = encodeBody({ v: 1, at, pub, sealed: await sealAll(sealing, draft) })
      return { id: draft.id, type: draft.type, data, json: true }
    }),
  )
