import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { fingerprintOf, type Identity } from './certificate.ts';
import { LoginDesk } from './desk.ts';
import { identityOf } from './identity.ts';
import * as limits from './limits.ts';
import type { PageNeeds } from './needs.ts';
import { readPinFile } from './pin-file.ts';
import { routesOf } from './routes.ts';
import { openServer } from './server.ts';
import { Sessions } from './sessions.ts';
import { Streams } from './streams.ts';

export type { LiveBytes } from './live-bytes.ts';
export type { PageNeeds } from './needs.ts';
export type { Point } from './points.ts';

export interface InstallerPage {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the installer's page. Rejects with a Failure: `page-pin` (none is set), `page-certificate`, `page-listen`. */
export async function openPage(needs: PageNeeds): Promise<InstallerPage> {
  const { page, configuration, clock, log } = needs;
  const line = await readPinFile(page.pinFile);
  const identity = await identityOf(page, configuration.data, clock.wallMs());
  const sessions = new Sessions(clock);
  const desk = new LoginDesk(needs, sessions, line);
  const streams = new Streams(needs, sessions);
  const routes = routesOf(needs, streams, sessions);
  const server = await openServer({ ...page, identity, routes, desk, sessions, log });
  const { port } = server.address() as AddressInfo;
  const url = urlOf(page.host, port);
  log.info(
    { page: url, fingerprint: fingerprintOf(identity.certificate) },
    "the installer's page is open; compare the fingerprint in the browser",
  );
  const looking = setInterval(() => void desk.look(), limits.PIN_LOOK_MS);
  const over = new AbortController();
  const renewed = keepFresh(needs, identity, over.signal, (fresh) => server.setSecureContext({ cert: fresh.certificate, key: fresh.key }));
  return {
    url,
    async close() {
      over.abort();
      clearInterval(looking);
      streams.close();
      server.closeAllConnections();
      await Promise.all([renewed, new Promise<void>((resolve) => server.close(() => resolve()))]);
    },
  };
}

function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `https://${hostname()}:${port}`;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Years may pass without a restart, and the clock of a box may have been wrong when its certificate was made. */
async function keepFresh(needs: PageNeeds, first: Identity, signal: AbortSignal, use: (fresh: Identity) => void): Promise<void> {
  const { page, configuration, clock, log } = needs;
  let current = first;
  while (!signal.aborted) {
    await clock.sleep(limits.CERTIFICATE_LOOK_MS, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      const fresh = await identityOf(page, configuration.data, clock.wallMs());
      if (fresh.certificate === current.certificate) continue;
      use(fresh);
      current = fresh;
      log.info({ fingerprint: fingerprintOf(fresh.certificate) }, "the installer's page has a new certificate");
    } catch (error) {
      log.warn({ code: 'page-certificate' }, (error as Error).message);
    }
  }
}
