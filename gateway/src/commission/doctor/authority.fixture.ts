import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Certificates as a collector makes them, by OpenSSL, with ends of life as a test wants them. */
export class Authority {
  readonly #folder: string;
  readonly ca: string;

  constructor(folder: string, name = 'authority') {
    this.#folder = folder;
    this.ca = join(folder, `${name}.pem`);
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '3650',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      join(folder, `${name}.key`),
      '-out',
      this.ca,
    );
  }

  /** Certificate and key of a name; the key private to its owner. */
  issue(name: string, days: number, alternative = 'IP:127.0.0.1'): { readonly certificate: string; readonly key: string } {
    const at = (ending: string) => join(this.#folder, `${name}.${ending}`);
    writeFileSync(at('ext'), `subjectAltName=${alternative}\n`);
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at('key'),
      '-out',
      at('csr'),
    );
    const signer = ['-CA', this.ca, '-CAkey', this.ca.replace(/\.pem$/, '.key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', at('csr'), ...signer, '-days', String(days), '-extfile', at('ext'), '-out', at('pem'));
    return { certificate: at('pem'), key: at('key') };
  }
}

/** Part of what a machine that tests needs. */
export function needOpenssl(): void {
  if (existsSync('/usr/bin/openssl')) return;
  if (process.getuid?.() !== 0) throw new Error('this test needs the Debian package openssl: apt-get install openssl');
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
  execFileSync('apt-get', ['install', '-y', '-qq', 'openssl'], { stdio: 'ignore' });
}

function openssl(...words: string[]): void {
  execFileSync('/usr/bin/openssl', words, { stdio: 'ignore' });
}
