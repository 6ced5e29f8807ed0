import type { Quality } from './event.ts';
import type { Observation } from './observation.ts';

/** An observation as a driver hands it on. */
export interface Said extends Observation {
  /** Polled families: the name of the register point it was read from. */
  readonly register?: string;
  /** Absent: good. */
  readonly quality?: Quality;
  /** At the first look at a state: that it is over is no news, unless an earlier run of the gateway heard it begin. */
  readonly isFirstLook?: true;
}

/** What one packet of one device said. */
export interface Heard {
  /** The configured name, or `unknown-<IMEI>`. */
  readonly device: string;
  /** Family `name/version`. */
  readonly family: string;
  readonly observations: readonly Said[];
  /** The evidence; null where nothing was received (a silence) or a poll merely measured. */
  readonly packet: Uint8Array | null;
  /** When it was heard, milliseconds since 1970-01-01 UTC. */
  readonly heardMs: number;
  /**
   * Where what was said has an identity of its own: the ids of its events, so that a copy makes the same ones. Told apart by their
   * place, or by what they are about, which does not change with what else is known of the device when the copy comes. An event
   * that is not part of what was said (a link that came back with it) has none.
   */
  readonly eventIdOf?: (ordinal: number, about: string) => string | undefined;
}

/** Whether it is about a link that was lost or came back; a device may also say `link` merely to show that it is there. */
function tellsOfLink(said: Said): boolean {
  return said.detail === 'lost' || said.detail === 'restored';
}

/** A sign of life that carries nothing else: counted, never an event of its own, and no reason to keep a device waiting for its answer. */
export function isSignOfLife(said: Said): boolean {
  if (said.what === 'link') return !tellsOfLink(said);
  const { what, battery, radio, tilt, release, value, levelMm, text } = said;
  return what === 'heartbeat' && [battery, radio, tilt, release, value, levelMm, text].every((told) => told === undefined);
}

/** `name/version` of a family, as events carry it. */
export function familyLabel(family: { readonly name: string; readonly version: number }): string {
  return `${family.name}/${family.version}`;
}
