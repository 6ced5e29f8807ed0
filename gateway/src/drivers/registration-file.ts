import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../failures.ts';
import type { Registration, RegistrationStore } from './registrations.ts';

/**
 * Registrations in one JSON file. A save is whole or not at all, also when the power goes: written beside, synced, renamed,
 * and the folder synced. A damaged file is put aside and the devices register again; a gateway that will not start is worse.
 */
export function registrationFile(path: string): RegistrationStore {
  return {
    async load() {
      const text = await textOf(path);
      if (text === null) return [];
      const registrations = registrationsIn(text);
      if (registrations) return registrations;
      await rename(path, `${path}.damaged`).catch((cause) => {
        throw fail('registrations-unreadable', path, cause);
      });
      return [];
    },
    async save(registrations) {
      try {
        await synced(`${path}.new`, JSON.stringify(registrations));
        await rename(`${path}.new`, path);
        await syncFolder(dirname(path));
      } catch (cause) {
        throw fail('registrations-unwritable', path, cause);
      }
    },
  };
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fail('registrations-unreadable', path, cause);
  }
}

function registrationsIn(text: string): Registration[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isRegistration) ? value : null;
  } catch {
    return null;
  }
}

function isRegistration(value: unknown): value is Registration {
  const { endpoint, style, token, observes, from, registeredMs, heardMs } = (value ?? {}) as Partial<Registration>;
  return (
    typeof endpoint === 'string' &&
    (style === 'telemetry' || style === 'lwm2m') &&
    /^[0-9a-f]{16}$/.test(token ?? '') &&
    Array.isArray(observes) &&
    observes.every((path) => typeof path === 'string') &&
    typeof from?.address === 'string' &&
    typeof from.port === 'number' &&
    typeof registeredMs === 'number' &&
    typeof heardMs === 'number'
  );
}

async function synced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  await file.writeFile(text);
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
