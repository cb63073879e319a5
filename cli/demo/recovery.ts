// The key comes back out of escrow: asked for by its holder, approved by two officers who sign, delivered once.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Caller } from './client.ts'
import { appointTwo, leaveApproval } from './officers.ts'
import type { Stage } from './stage.ts'

/** The key comes back: asked by its holder, approved by two officers who are neither the holder nor each other. */
export const recovered = async (
  stage: Stage,
  { holder, serial }: Readonly<{ holder: Caller; serial: string }>,
): Promise<void> => {
  const { out, steps, judge } = stage
  const [first, second] = await appointTwo(stage)
  const path = await steps.step('The holder asks for the key back', ['CGU-44', 'CGU-47'], async () => {
    const { id } = await holder.post('/recovery-requests', {
      serial,
      name: "Zoë Maëlle D'Été-Brûlé",
      ground: 'holderRequest',
      evidence: 'déclaration de perte de la carte',
      holderNotice: true,
    })
    return `/recovery-requests/${id}`
  })
  const reason = 'Pièces vues, identité confirmée.'
  const own = await first.approval(path, reason)
  await steps.step(
    'A first recovery officer approves: he signs what he approves',
    ['CGU-46'],
    async (check) => {
      await first.caller.post(`${path}/approvals`, own)
      await leaveApproval(out, first, own)
      check(await judge.approval())
    },
  )
  await steps.step(
    'He may not approve twice, nor be copied by another, nor execute alone',
    ['CGU-46'],
    async (check) => {
      const twice = await first.caller.refused(`${path}/approvals`, own)
      const copied = await second.caller.refused(`${path}/approvals`, own)
      const alone = await first.caller.refused(`${path}/execution`)
      for (const { code, clause } of [twice, copied, alone]) check(`refused: ${code} (${clause})`)
    },
  )
  await steps.step('A second officer approves, by his own signature', ['CGU-46'], async () =>
    second.caller.post(`${path}/approvals`, await second.approval(path, reason)),
  )
  const { passphrase } = await steps.step(
    'The key leaves escrow as a PKCS#12 file, under a one-time passphrase that he who executed is told',
    ['CGU-42', 'CGU-46'],
    () => first.caller.post(`${path}/execution`),
  )
  await steps.step(
    'It is delivered to the holder, once, and opens the message',
    ['CGU-46'],
    async (check) => {
      const file = await holder.collect(`${path}/delivery`, { receipt: 'remis en main propre' })
      await writeFile(join(out, 'recovered.p12'), file, { mode: 0o600 })
      await writeFile(join(out, 'recovered.pass'), `${passphrase}\n`, { mode: 0o600 })
      for (const finding of await judge.recovered()) check(finding)
    },
  )
}
