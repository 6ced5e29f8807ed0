import type { PeerAddress } from '../line.ts';

/** How a device registered, and so where its telemetry is observed. */
export type RegistrationStyle = 'telemetry' | 'lwm2m';

/** A device that registered: the token is the only thing its notifications carry, so it must outlive us. */
export interface Registration {
  /** IMEI or endpoint name. */
  readonly endpoint: string;
  readonly style: RegistrationStyle;
  /** Token of the observation, hex. It also is the name of an LwM2M registration (`/rd/<token>`). */
  readonly token: string;
  /** Where the device was last heard; behind an operator's NAT it changes all the time. */
  readonly from: PeerAddress;
  readonly registeredMs: number;
  readonly heardMs: number;
}

/** Where registrations are kept. `save` has them on disk when it resolves, or throws a Failure and the ones before stand. */
export interface RegistrationStore {
  load(): Promise<readonly Registration[]>;
  save(registrations: readonly Registration[]): Promise<void>;
}

/** Registrations kept. The one unheard for longest makes room: strangers cannot fill the memory. */
export const REGISTRATIONS_MAX = 10_000;

/** Who registered, by endpoint and by token. */
export class Registrations {
  readonly #byEndpoint = new Map<string, Registration>();
  readonly #byToken = new Map<string, Registration>();

  constructor(registrations: readonly Registration[] = []) {
    for (const registration of registrations) this.put(registration);
  }

  get all(): readonly Registration[] {
    return [...this.#byEndpoint.values()];
  }

  byEndpoint(endpoint: string): Registration | undefined {
    return this.#byEndpoint.get(endpoint);
  }

  byToken(token: string): Registration | undefined {
    return this.#byToken.get(token);
  }

  put(registration: Registration): void {
    this.remove(registration.endpoint);
    if (this.#byEndpoint.size >= REGISTRATIONS_MAX) this.remove(this.#byEndpoint.keys().next().value!);
    this.#byEndpoint.set(registration.endpoint, registration);
    this.#byToken.set(registration.token, registration);
  }

  remove(endpoint: string): void {
    const registration = this.#byEndpoint.get(endpoint);
    if (!registration) return;
    this.#byEndpoint.delete(endpoint);
    this.#byToken.delete(registration.token);
  }
}
