import type { Profile } from '../profile.ts';
import * as db36T1297In2020 from './db36-t1297-2020.ts';
import { profileOver } from './over-gb26875.ts';

/** Profiles by name. The 2026 family of standards gets its place beside these when its texts are published. */
export const PROFILES: ReadonlyMap<string, Profile> = new Map([profileOver(db36T1297In2020)].map((profile) => [profile.name, profile]));
