import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { machineClock } from '@fengsui/collector/src/clock.ts';
import { initialise } from '@fengsui/collector/src/pki/authority.ts';
import { pkiFiles } from '@fengsui/collector/src/pki/files.ts';
import { type Impostor, ImpostorServer, tlsOf } from './impostor.ts';
import { CollectorSite, clockAt, GATEWAY, type Keys } from './site.ts';

/** One way in which a gateway is not let in. */
export interface RefusingCase {
  readonly name: string;
  /** Code of the failure, and words by which an installer knows the cause. */
  readonly code: string;
  readonly words: RegExp;
  /** Brings it about, before the gateway comes; answers how it is cured. */
  readonly begin: (site: CollectorSite, keys: Keys) => Promise<() => Promise<void>>;
}

const DAY_MS = 86_400_000;
const past = (days: number) => clockAt(Date.now() - days * DAY_MS);

/** Something else stands at the collector's port until it is cured. */
async function instead(site: CollectorSite, impostor: Impostor): Promise<() => Promise<void>> {
  await site.stop();
  const server = new ImpostorServer(impostor);
  await server.listen(site.port);
  return async () => {
    await server[Symbol.asyncDispose]();
    await site.start();
  };
}

const ownTls = (site: CollectorSite) => {
  const { server, serverKey } = pkiFiles(site.folder);
  return tlsOf({ certificate: server, key: serverKey });
};

const connackCase = (returnCode: number, code: string, words: RegExp): RefusingCase => ({
  name: `CONNACK ${returnCode}`,
  code,
  words,
  begin: (site) => instead(site, { does: 'refuse', returnCode, tls: ownTls(site) }),
});

async function reissueServer(site: CollectorSite, clock = machineClock): Promise<void> {
  await site.stop();
  await initialise(site.folder, [], clock);
  await site.start();
}

/** E18: what keeps a gateway out, what it must say of it, and what mends it. */
export const REFUSING_CASES: readonly RefusingCase[] = [
  connackCase(3, 'uplink-unready', /not ready \(CONNACK 3\)/),
  connackCase(5, 'uplink-refused', /does not let this gateway in \(CONNACK 5\)/),
  {
    name: 'a server of another authority',
    code: 'uplink-untrusted',
    words: /another authority than `ca`/,
    begin: async (site) => {
      const other = await new CollectorSite().open();
      const cure = await instead(site, { does: 'show-certificate', tls: ownTls(other) });
      await other[Symbol.asyncDispose]();
      return cure;
    },
  },
  {
    name: 'a server whose certificate has ended',
    code: 'uplink-untrusted',
    words: /server's certificate has ended: renew it/,
    begin: async (site) => {
      await reissueServer(site, past(500));
      return () => reissueServer(site);
    },
  },
  {
    name: 'a certificate of ours that has ended',
    code: 'uplink-refused',
    words: /our certificate (has )?ended/,
    begin: async (site, keys) => {
      const [good, ended] = [await site.enrol(), await site.enrol(past(200))];
      const put = (from: Keys) => {
        copyFileSync(from.certificate, keys.certificate);
        copyFileSync(from.key, keys.key);
      };
      put(ended);
      return async () => put(good);
    },
  },
  {
    name: 'a revoked gateway',
    code: 'uplink-refused',
    words: /revoked there/,
    begin: async (site) => {
      const { revoked } = pkiFiles(site.folder);
      writeFileSync(revoked, `${GATEWAY}\n`);
      await site.stop();
      await site.start();
      return async () => rmSync(revoked);
    },
  },
  {
    name: 'TLS that hangs: TCP accepted, then nothing',
    code: 'uplink-unreachable',
    words: /no answer to our greeting for [12]0 s/,
    begin: (site) => instead(site, { does: 'fall-silent' }),
  },
  {
    name: 'no CONNACK: greeted by TLS, then nothing',
    code: 'uplink-unreachable',
    words: /greeted by TLS and then said nothing for [12]?\d s/,
    begin: (site) => instead(site, { does: 'greet-and-fall-silent', tls: ownTls(site) }),
  },
];
