import { OBSERVES_MAX, observedOf } from './observed.ts';
import type { PublishingLine, Reaction } from './publishing-line.ts';
import type { Registration } from './registrations.ts';
import type { Arrived, Replies } from './replies.ts';

const ENDPOINT = /^[A-Za-z0-9._:-]{1,64}$/;
const utf8 = new TextDecoder();

/** IMEI of an endpoint name in one of the forms of the field: bare, `urn:imei:…`, `IMEI;IMSI`. null: it is no name. */
export function endpointOf(name: string | undefined): string | null {
  const endpoint = (name ?? '').replace(/^urn:imei:/i, '').split(';')[0]!;
  return ENDPOINT.test(endpoint) ? endpoint : null;
}

/** Devices that come, change and leave (OceanConnect's `/t/r`, LwM2M's `/rd`); they are observed as soon as they are known. */
export class Registrar {
  readonly #line: Pick<PublishingLine, 'registrations' | 'clock' | 'newToken'>;
  readonly #replies: Replies;

  constructor(line: Pick<PublishingLine, 'registrations' | 'clock' | 'newToken'>, replies: Replies) {
    this.#line = line;
    this.#replies = replies;
  }

  register(arrived: Arrived): Reaction {
    const { message, from } = arrived;
    if (message.code !== '0.02') return this.#replies.refusal(arrived, '4.05');
    const endpoint = endpointOf(message.query.get('ep'));
    if (endpoint === null) return this.#replies.refusal(arrived, '4.00');
    const { registrations, clock } = this.#line;
    const style = message.path === '/rd' ? 'lwm2m' : 'telemetry';
    const now = clock.wallMs();
    const observes = observedOf(style, utf8.decode(message.payload));
    const before = registrations.byEndpoint(endpoint);
    const token = before && before.observes.join() === observes.join() ? before.token : this.#line.newToken();
    const registration: Registration = { endpoint, style, token, observes, from, registeredMs: now, heardMs: now };
    registrations.put(registration);
    const location = ['rd', token].map((value) => ({ name: 'Location-Path' as const, value }));
    const reply = style === 'lwm2m' ? this.#replies.reply(message, '2.01', location) : this.#replies.reply(message, '2.04');
    const awake = { endpoint, at: from };
    return {
      to: [from],
      reply,
      afterCommit: true,
      registers: true,
      observe: { registration, indexes: observes.map((_, index) => index) },
      awake,
    };
  }

  /** Update (POST or PUT) and de-registration of an LwM2M device. An update may bring another list of objects. */
  change(arrived: Arrived, token: string): Reaction {
    const { message, from } = arrived;
    const { registrations, clock } = this.#line;
    const registration = registrations.byToken(token);
    if (!registration) return this.#replies.refusal(arrived, '4.04');
    const changed = { to: [from], afterCommit: true, registers: true };
    if (message.code === '0.04') {
      registrations.remove(registration.endpoint);
      return { ...changed, reply: this.#replies.reply(message, '2.02') };
    }
    if (message.code !== '0.02' && message.code !== '0.03') return this.#replies.refusal(arrived, '4.05');
    // What is observed keeps its place, and so its token.
    const listed = message.payload.length > 0 ? observedOf('lwm2m', utf8.decode(message.payload)) : [];
    const observes = [...new Set([...registration.observes, ...listed])].slice(0, OBSERVES_MAX);
    const updated = { ...registration, observes, from, heardMs: clock.wallMs() };
    registrations.put(updated);
    const fresh = observes.flatMap((_, index) => (index < registration.observes.length ? [] : [index]));
    const observe = fresh.length > 0 ? { observe: { registration: updated, indexes: fresh } } : {};
    return { ...changed, ...observe, reply: this.#replies.reply(message, '2.04'), awake: { endpoint: registration.endpoint, at: from } };
  }
}
