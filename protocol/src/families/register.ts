import type { Family } from '../family.ts';

const ALL: readonly Family[] = [];

/** THE REGISTER: every device family we know, by name. */
export const FAMILIES: ReadonlyMap<string, Family> = new Map(ALL.map((family) => [family.name, family]));
