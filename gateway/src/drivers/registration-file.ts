import { replaceDurably } from '../durable-file.ts';
import { fail } from '../failures.ts';
import { jsonIn, readOwn } from '../own-files.ts';
import type { Registration, RegistrationStore } from './registrations.ts';

/**
 * Registrations in one JSON file. A save is whole or not at all, also when the power goes. An unusable file is moved aside and the devices
 * register again; a gateway that will not start is worse.
 */
export function registrationFile(path: string): RegistrationStore {
  return {
    async load() {
      try {
        return (await readOwn(path, registrationsIn)) ?? [];
      } catch (cause) {
        throw fail('registrations-unreadable', path, cause);
      }
    },
    async save(registrations) {
      try {
        await replaceDurably(path, JSON.stringify(registrations));
      } catch (cause) {
        throw fail('registrations-unwritable', path, cause);
      }
    },
  };
}

function registrationsIn(text: string): Registration[] | null {
  const value = jsonIn(text);
  return Array.isArray(value) && value.every(isRegistration) ? value : null;
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
