import type { Family } from '../family.ts';
import { JBF_193K } from './jbf-193k.ts';

const ALL: readonly Family[] = [JBF_193K];

/** THE REGISTER: every device family we know, by name. */
export const FAMILIES: ReadonlyMap<string, Family> = new Map(ALL.map((family) => [family.name, family]));
