// The stored form as the design has it, with its leaf hashes. Data keys there: SHA-256 of the key id; nonces: the first twelve
// octets of the SHA-256 of `id|field`.
import type { Entry } from '../../ledger/ledger.ts'

export const exampleLog = 'igc.example/registre/1'

export const examples: readonly { entry: Omit<Entry, 'position'>; hash: string }[] = [
  {
    hash: 'c60f72266439e8b4f02bc5bcfee40622692bdbcd086707ba243cbfe1d29437b3',
    entry: {
      stream: 'key-a7f44516df149b4ae8283d03968a5bfd8e03883c9e68b79f5b6df4c3adf04b63',
      revision: 1,
      id: '7b8a3425-4ded-5fd2-91ed-19542bc5e03b',
      type: 'KeyEscrowed',
      body: {
        v: 1,
        at: '2026-03-02T09:41:07.318Z',
        pub: {
          env: {
            commandId: '0f53c5e5-6f22-5671-aa3a-456c88480e51',
            correlationId: 'cc7c7b40-9130-4b34-a707-92d43e00aa25',
            causationId: '37fff1f1-2f58-5b1c-9589-c8453aa35dd2',
            actor: '6036991b-3d5b-4e06-b3e3-cfed37a7d3be',
            role: 'program',
            auth: 'service',
            policy: 3,
            release: '1.4.0',
            occurredAt: '2026-03-02T09:41:07Z',
            seen: 1182204,
            nonce: '602579469c561815669ebb13c8b8c06f',
          },
          serial: '7f37f2e61a448748331474eeedb7fe14',
          person: '1670f849-a893-45b8-b5ff-8d4d80e6780e',
          request: 'cc7c7b40-9130-4b34-a707-92d43e00aa25',
          blobSha256: '1683e2409912856546fb34c934b1d8b35eae893f399b8e4e0cf486ed913028b6',
          recordMac: '00879e27feafb0eff25588fe618ef7187d0d97d691e8fb036bb2b441c385fdcd',
          kek: 'de815789-4eed-48e8-96e1-d0cb676219db',
          generatedAt: '2026-03-01T23:12:40Z',
          testedAt: '2026-03-02T09:41:06Z',
          from: '2026-03-02T09:41:07Z',
          until: '2036-03-02T09:41:07Z',
        },
        sealed: {
          holderName: {
            k: 'escrow_7f37f2e61a448748331474eeedb7fe14',
            c: '0e7b8580bc510779f9e051aafc3a6fbbe5daac63fed1c57402fc83e3c590db72',
            ct: 'N7O3zymkCc+IIS7FUoIWnuaswj3Cb5EjzWLOr+5QB5JzXqXgo1yzhckCEbmM3xUMsFtgUkiU2uhQCi4sU1xBM6UNiWI1/SaUuw==',
          },
          entity: {
            k: 'escrow_7f37f2e61a448748331474eeedb7fe14',
            c: '0e55abbf38fb75f068ec034c85116425d48f557b57eb0dff261f9dd80b29f197',
            ct: 'YROV4ZOz7bIFxY5CZAbnauZwb2L5bEiqlm841Md55FGfI8dC9juLGP6Qr2pe1PAQMVgbej68Cyqsj8TFlZo2tVQD',
          },
        },
      },
    },
  },
  {
    hash: 'a299d14e8a3b85e67d26eb32a18f4e9fc275abaf9e0f70a38cf892477313fbf6',
    entry: {
      stream: 'certificate-5a3a3612cd4fb5dbfed5e6e4a426ef4d',
      revision: 4,
      id: '6ae860f1-ebdb-5e9f-9ee9-d6311a8d3122',
      type: 'CertificateRevoked',
      body: {
        v: 1,
        at: '2030-06-11T18:22:31.004Z',
        pub: {
          env: {
            commandId: '80f8db18-73a8-44b2-a1ae-24e65921f180',
            correlationId: '49b3f96a-23c3-43ff-bac3-f1709657fbb0',
            causationId: '80f8db18-73a8-44b2-a1ae-24e65921f180',
            actor: '741a4c8a-b8d7-4cac-9be4-22f0b173d99f',
            role: 'holder',
            auth: 'card',
            policy: 9,
            release: '2.1.3',
            occurredAt: '2030-06-11T18:22:30Z',
            nonce: '7b09a2c3416c70b1f8e477bbd774051b',
          },
          revokedAt: '2030-06-11T18:22:30Z',
          origin: 'request',
          revocation: '49b3f96a-23c3-43ff-bac3-f1709657fbb0',
          authentication: 'portal',
        },
        sealed: {
          cause: {
            k: 'reg_3a4c6315-624c-41e1-a302-68c89d0a36bd',
            c: '9859cb5fd266763c832b111324038be47dd95b446e2cd6bc9cafa406a5e9528a',
            ct: 'uy6r/WcY4aGR9MmtBJuWQIqHHRzaqY6PwI8HOFudYDYMK2d9z7aw8Q==',
          },
          terminal: {
            k: 'journal_741a4c8a-b8d7-4cac-9be4-22f0b173d99f',
            c: '99120eaab46fd647b7f9a0ef8d54f6ad1b52f521fa34016df2215dfd31c83a13',
            ct: 'AGShyKyD0zmF0U/A4XKUlSXI9VhIWlx8cF7ciCeaVImD/nXXEBpGd1EIHYh9pDCAgfwYmw==',
          },
        },
      },
    },
  },
  {
    hash: '9318a19c50fd8669f69c3b5bfab5b084b5b9ec6e2ab285c30a74a3e6dbee417b',
    entry: {
      stream: 'key-a7f44516df149b4ae8283d03968a5bfd8e03883c9e68b79f5b6df4c3adf04b63',
      revision: 4,
      id: 'a6b94466-b502-535f-b3a8-71caef3702ca',
      type: 'EscrowedKeyDestroyed',
      body: {
        v: 1,
        at: '2036-04-08T08:05:52.660Z',
        pub: {
          env: {
            commandId: '68a1be45-140d-5c6a-aafe-7800144315a2',
            correlationId: '19b0f3f9-802d-4d69-a8c9-7d661be2f5d2',
            causationId: '3df4cbe7-ea2b-517f-9841-248a59542b16',
            actor: '06e4e422-6216-4d11-8eef-edf3ba32680c',
            role: 'program',
            auth: 'service',
            policy: 14,
            release: '4.0.1',
            occurredAt: '2036-04-08T08:05:52Z',
            seen: 7310455,
            nonce: '5734415a086fd1842ec7d2ea16d426eb',
          },
          destruction: '19b0f3f9-802d-4d69-a8c9-7d661be2f5d2',
          cause: 'termEnded',
          blobCopies: 2,
          method: 'blobDeleted',
          proofSha256: '8f3c54c579c5cda7211b85ae2de07ca7e3c5dba17f3c09db00ac0ec30ec4af6a',
        },
        sealed: {},
      },
    },
  },
]
