// Revocation (CGU-61 to CGU-75, CGU-99), recovery on request (CGU-44 to CGU-48), and what happens to all: time, and a stop.
import { fails, isWrong } from './issuanceRules.ts'
import { authorityAtLaw, days, hours, isEscrowed, isSigned, minutes, personOf, seldom } from './model.ts'
import type { Model, Recovery, Rule } from './model.ts'

const revoke = (m: Model, certificate: number): void => {
  Object.assign(m.certificates[certificate]!, { status: 'revoked', asked: [] })
}
const unsigned = (m: Model, on: number) => !isSigned(m.certificates[on]!) && 'CERTIFICATE_UNKNOWN'
const revoked = (m: Model, on: number) => m.certificates[on]!.status === 'revoked' && 'nothing'

/** Of the requests that are open, the one that is decided on. */
export const askedOf = (m: Model, on: number, choice: number): number | undefined => {
  const { asked } = m.certificates[on]!
  return asked[choice % Math.max(1, asked.length)]
}

/** Ex officio: CGU-37, P1 « undo », and CGU-99. */
const byProgram = (often: number, not: (m: Model, on: number) => string | false): Rule => ({
  ...{ on: 'session', by: ['program'], never: ['raOfficer', 'caOfficer'], often },
  dull: seldom,
  not: (m, { on }) => [unsigned(m, on), revoked(m, on), not(m, on)],
  then: (m, { on }) => {
    revoke(m, on)
    return ['CertificateRevoked']
  },
})

const liveApprovals = (m: Model, { approvals }: Recovery) => approvals.filter(({ until }) => m.now < until)
const isOver = (m: Model, certificate: number): boolean =>
  !isEscrowed(m, certificate) || m.now >= m.keys[certificate]!.until
const isUnder = (m: Model, on: number): boolean => {
  const { status, under } = m.keys[m.recoveries[on]!.certificate]!
  return status === 'recovering' && under === `recovery ${on}`
}

/** The key that a recovery is started on: now and then another one than it is for. */
export const keyOf = (m: Model, on: number, choice: number): number =>
  isWrong(choice) ? choice % m.keys.length : m.recoveries[on]!.certificate

const ending = (by: Rule['by'], status: 'rejected' | 'closed', not: Rule['not']): Rule => ({
  ...{ on: 'recovery', by, never: ['holder', 'recoveryOfficer', 'program'], often: 1 },
  not: (m, ask) => {
    const { status: found } = m.recoveries[ask.on]!
    return [found === status && 'nothing', found !== 'requested' && 'OUT_OF_ORDER', ...not(m, ask)]
  },
  then: (m, { on }) => {
    m.recoveries[on]!.status = status
    return [status === 'rejected' ? 'RecoveryRejected' : 'RecoveryClosed']
  },
})

const spans = [
  ...Array.from({ length: 9 }, () => minutes(1)),
  ...[minutes(31), minutes(31), hours(25), hours(25), hours(73), hours(73), days(30), days(91)],
  ...[days(1010), days(1010), days(3660)],
]

export const claimRules = {
  /** CGU-65: on the portal, by the holder. */
  revokeByHolder: {
    ...{ on: 'session', by: ['holder'], never: ['raOfficer', 'caOfficer', 'mc'], often: 2 },
    not: (m, { who, on, choice }) => [
      unsigned(m, on),
      personOf(m, on) !== who.person && 'REVOKER_NOT_ENTITLED',
      isWrong(choice) && 'HOLDER_NAME_MISMATCH',
      revoked(m, on),
    ],
    then: (m, { on }) => {
      m.revocations += 1
      revoke(m, on)
      return ['RevocationRequested', 'CertificateRevoked']
    },
  },
  /** CGU-68: by mail, signed; an officer records it, and somebody has yet to authenticate it. */
  askRevocation: {
    ...{ on: 'session', by: ['raOfficer', 'caOfficer'], never: ['holder', 'mc'], often: 3 },
    not: (m, { on, choice }) => [unsigned(m, on), revoked(m, on), isWrong(choice) && 'SIGNATURE_REQUIRED'],
    then: (m, { on }) => {
      m.certificates[on]!.asked.push(m.revocations)
      m.revocations += 1
      return ['RevocationRequested']
    },
  },
  authenticate: {
    ...{ on: 'session', by: ['raOfficer', 'caOfficer'], never: ['program'], often: 6 },
    not: (m, { on, choice }) => [
      unsigned(m, on),
      revoked(m, on),
      (isWrong(choice) || askedOf(m, on, choice) === undefined) && 'REVOCATION_NOT_AUTHENTICATED',
    ],
    then: (m, { on }) => {
      revoke(m, on)
      return ['CertificateRevoked']
    },
  },
  rejectRevocation: {
    ...{ on: 'session', by: ['raOfficer', 'caOfficer'], often: 2 },
    not: (m, { on, choice }) => [unsigned(m, on), askedOf(m, on, choice) === undefined && 'OUT_OF_ORDER'],
    then: (m, { on, choice }) => {
      const certificate = m.certificates[on]!
      certificate.asked = certificate.asked.filter((one) => one !== askedOf(m, on, choice))
      return ['RevocationRejected']
    },
  },
  revokeUndelivered: byProgram(1, (m, on) => m.certificates[on]!.handedOver && 'OUT_OF_ORDER'),
  revokeOfCard: byProgram(1, () => false),

  /** CGU-47: the holder himself, or a legal authority, for whom an officer records. */
  askRecovery: {
    ...{ on: 'session', by: ['holder', 'recoveryOfficer'], often: 12 },
    dull: (m, { on, choice }) => choice % 3 !== 0 || isOver(m, on),
    not: (m, { who, on, choice }) => [
      who.role === 'holder' &&
        isEscrowed(m, on) &&
        personOf(m, on) !== who.person &&
        'RECOVERY_REQUESTER_NOT_ENTITLED',
      choice % 11 === 10 && 'RECOVERY_GROUND_MISSING',
    ],
    then: (m, { who, on, choice }) => {
      // CGU-44, CGU-48: what is wrong with it is recorded with it.
      const failed = isOver(m, on) || isWrong(choice)
      m.recoveries.push({
        ...{ status: failed ? 'rejected' : 'requested', certificate: on, recorder: who.person },
        ...{ requester: who.role === 'holder' ? who.person : authorityAtLaw, approvals: [], output: false },
      })
      return ['RecoveryRequested', ...(failed ? ['RecoveryRejected'] : [])]
    },
  },
  approve: {
    ...{ on: 'recovery', by: ['recoveryOfficer'], often: 30 },
    not: (m, { who, on }) => {
      const recovery = m.recoveries[on]!
      const { status, requester, recorder, certificate } = recovery
      const concerned = [
        requester,
        recorder,
        ...(isEscrowed(m, certificate) ? [personOf(m, certificate)] : []),
      ]
      return [
        status !== 'requested' && 'OUT_OF_ORDER',
        concerned.includes(who.person) && 'SELF_APPROVAL',
        liveApprovals(m, recovery).some(({ by }) => by === who.person) && 'APPROVER_ALREADY_COUNTED',
        isOver(m, certificate) && 'ESCROW_TERM_ENDED',
      ]
    },
    then: (m, { who, on }) => {
      const recovery = m.recoveries[on]!
      recovery.approvals = [...recovery.approvals, { by: who.person, until: m.now + hours(72) }]
      return ['RecoveryApproved']
    },
  },
  startRecovery: {
    ...{ on: 'recovery', by: ['program'], often: 30 },
    not: (m, { on, choice }) => {
      const recovery = m.recoveries[on]!
      const tried = keyOf(m, on, choice)
      const key = m.keys[tried]!
      const approved = recovery.status === 'requested' && liveApprovals(m, recovery).length >= 2
      return [
        key.status === 'recovering' && 'KEY_BUSY',
        key.status !== 'kept' && 'KEY_NOT_ESCROWED',
        m.now >= key.until && 'ESCROW_TERM_ENDED',
        // Two officers have approved this key's recovery, not another's.
        (!approved || tried !== recovery.certificate) && 'RECOVERY_NOT_APPROVED',
      ]
    },
    then: (m, { on }) => {
      const key = m.keys[m.recoveries[on]!.certificate]!
      Object.assign(key, { status: 'recovering', under: `recovery ${on}` })
      return ['KeyRecoveryStarted']
    },
  },
  recovered: {
    ...{ on: 'recovery', by: ['program'], often: 30 },
    not: (m, { on }) => {
      const { status } = m.keys[m.recoveries[on]!.certificate]!
      return [
        status !== 'recovering' && 'OUT_OF_ORDER',
        status === 'recovering' && !isUnder(m, on) && 'KEY_BUSY',
      ]
    },
    then: (m, { on, choice }) => {
      const recovery = m.recoveries[on]!
      m.keys[recovery.certificate]!.status = 'kept'
      if (fails(choice)) return ['KeyRecoveryFailed']
      recovery.output = true
      return ['KeyRecovered']
    },
  },
  deliver: {
    ...{ on: 'recovery', by: ['recoveryOfficer', 'holder'], often: 20 },
    not: (m, { who, on }) => {
      const { status, requester, output } = m.recoveries[on]!
      return [
        status !== 'requested' && 'OUT_OF_ORDER',
        who.role === 'holder' && who.person !== requester && 'RECOVERY_REQUESTER_NOT_ENTITLED',
        !output && 'RECOVERY_NOT_APPROVED',
      ]
    },
    then: (m, { on }) => {
      m.recoveries[on]!.status = 'delivered'
      return ['RecoveryDelivered']
    },
  },
  rejectRecovery: ending(['recoveryOfficer'], 'rejected', () => []),
  withdrawRecovery: ending(['holder', 'recoveryOfficer'], 'closed', (m, { who, on }) => [
    who.role === 'holder' && who.person !== m.recoveries[on]!.requester && 'RECOVERY_REQUESTER_NOT_ENTITLED',
  ]),
  /** Once every approval has ended, unless the key has left the escrow under them. */
  expireRecovery: ending(['program'], 'closed', (m, { on }) => {
    const recovery = m.recoveries[on]!
    const waits = recovery.approvals.length === 0 || liveApprovals(m, recovery).length > 0
    return [(waits || recovery.output || isUnder(m, on)) && 'OUT_OF_ORDER']
  }),

  wait: {
    ...{ on: 'world', by: ['program'], often: 6, not: () => [] },
    then: (m, { choice }) => {
      m.now += spans[choice % spans.length]!
      return []
    },
  },
  stop: {
    ...{ on: 'world', by: ['caOfficer'], often: 1 },
    dull: seldom,
    not: (m) => [m.stopped && 'nothing'],
    then: (m) => {
      m.stopped = true
      return ['IssuanceStopped']
    },
  },
  resume: {
    ...{ on: 'world', by: ['caOfficer'], often: 12 },
    not: (m) => [!m.stopped && 'nothing'],
    then: (m) => {
      m.stopped = false
      return ['IssuanceResumed']
    },
  },
} satisfies Record<string, Rule>
