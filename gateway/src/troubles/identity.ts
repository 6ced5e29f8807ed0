import type { Watcher } from './trouble.ts';

/** An uplink as far as this looks at it. */
interface NamedUplink {
  readonly name: string;
  readonly numbers: { readonly identityFailure: string | null };
}

/** Another box that uses the certificate of this one: each ends the other's session, and both report under one name. */
export function identityWatcher(uplinks: readonly NamedUplink[]): Watcher {
  return {
    judges: ['identity-shared'],
    look: () =>
      uplinks.flatMap(({ name, numbers: { identityFailure } }) =>
        identityFailure === null ? [] : [{ what: 'identity-shared', source: name, text: `${identityFailure} 疑有另一台设备使用本机证书` }],
      ),
  };
}
