import type { Profile } from '../profile.ts';

/** Profiles by name. */
export const PROFILES: ReadonlyMap<string, Profile> = new Map();
