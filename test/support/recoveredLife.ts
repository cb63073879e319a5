// A key that comes back: asked for by its holder, approved by two officers who sign, executed.
import { randomUUID } from 'node:crypto'
import type { Embedded } from './embedded.ts'
import { done, type Issued } from './life.ts'
import { approve, officerWithKey, type Officer } from './officers.ts'

/** A recovery asked by the holder and approved by two officers. */
export const approved = async (
  product: Embedded,
  life: Issued,
): Promise<{ id: string; officer: Officer; position: string }> => {
  const asked = await life.holder.post('/recovery-requests', {
    serial: life.serial,
    name: 'Zoë Maëlle D’Été-Brûlé',
    ground: 'holderRequest',
    evidence: 'carte perdue',
    holderNotice: true,
  })
  const { id } = done(asked)
  const name = randomUUID().slice(0, 8)
  const [first, second] = [
    await officerWithKey(product, `ro-a-${name}`),
    await officerWithKey(product, `ro-b-${name}`),
  ]
  done(await approve(first, id))
  const { position } = done(await approve(second, id))
  return { id, officer: first, position }
}

/** The same, executed. */
export const recovered = async (
  product: Embedded,
  life: Issued,
): Promise<{ id: string; officer: Officer; passphrase: string }> => {
  const { id, officer } = await approved(product, life)
  const { passphrase } = done(await officer.post(`/recovery-requests/${id}/execution`))
  return { id, officer, passphrase }
}
