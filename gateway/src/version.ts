import manifest from '../package.json' with { type: 'json' };

/** Version of this gateway, as its package says. */
export const VERSION: string = manifest.version;

/** No clock that is right shows a time before this: when this version was made, milliseconds since 1970-01-01 UTC. */
export const MADE_MS = Date.UTC(2026, 10, 1);
