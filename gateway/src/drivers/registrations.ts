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
  /** Paths that are observed, `/3/0`; the token of each counts on from that of the first. */
  readonly observes: readonly string[];
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

/** Token of the observation of one path of a registration. */
export function tokenOf({ token }: Pick<Registration, 'token'>, index: number): string {
  const last = (Number.parseInt(token.slice(-2), 16) + index) & 0xff;
  return `${token.slice(0, -2)}${last.toString(16).padStart(2, '0')}`;
}

/** Who registered, by endpoint and by token. */
export class Registrations {
  readonly #byEndpoint = new Map<string, Registration>();
  readonly #byStem = new Map<string, Registration>();

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
    const registration = this.#byStem.get(stemOf(token));
    return registration?.token === token ? registration : undefined;
  }

  /** Who was last heard from there. */
  at({ address, port }: PeerAddress): Registration | undefined {
    return [...this.#byEndpoint.values()].findLast(({ from }) => from.address === address && from.port === port);
  }

  /** Whose observation a token is, and of which path. */
  observation(token: string): { readonly registration: Registration; readonly path: string } | undefined {
    const registration = this.#byStem.get(stemOf(token));
    const index = registration?.observes.findIndex((_, index) => tokenOf(registration, index) === token) ?? -1;
    return registration && index >= 0 ? { registration, path: registration.observes[index]! } : undefined;
  }

  put(registration: Registration): void {
    this.remove(registration.endpoint);
    if (this.#byEndpoint.size >= REGISTRATIONS_MAX) this.remove(this.#byEndpoint.keys().next().value!);
    this.#byEndpoint.set(registration.endpoint, registration);
    this.#byStem.set(stemOf(registration.token), registration);
  }

  remove(endpoint: string): void {
    const registration = this.#byEndpoint.get(endpoint);
    if (!registration) return;
    this.#byEndpoint.delete(endpoint);
    this.#byStem.delete(stemOf(registration.token));
  }
}

/** What the tokens of one registration share. */
function stemOf(token: string): string {
  return token.slice(0, -2);
}
