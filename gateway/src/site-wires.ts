import { randomBytes } from 'node:crypto';
import { registrationFile } from './drivers/registration-file.ts';
import { openHttp, readSecrets } from './wires/http.ts';
import { openTcpServer, openUdp, openWire } from './wires/open.ts';

/** How wires are opened, and what else a line takes from outside: the site's own, or a recording of it. */
export interface Wires {
  readonly openStream: typeof openWire;
  readonly openDatagrams: typeof openUdp;
  readonly openServer: typeof openTcpServer;
  readonly openDoor: typeof openHttp;
  /** By what a cloud proves itself at a door. */
  readonly secretsOf: typeof readSecrets;
  /** Where the registrations of a line are kept. */
  readonly storeAt: typeof registrationFile;
  /** Token of a device that registers, 16 hex digits. */
  readonly newToken: () => string;
}

export const SITE_WIRES: Wires = {
  openStream: openWire,
  openDatagrams: openUdp,
  openServer: openTcpServer,
  openDoor: openHttp,
  secretsOf: readSecrets,
  storeAt: registrationFile,
  newToken: () => randomBytes(8).toString('hex'),
};
