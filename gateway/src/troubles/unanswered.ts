import type { Watcher } from './trouble.ts';

/** An uplink as far as this looks at it. */
interface NamedUplink {
  readonly name: string;
  readonly numbers: { readonly unansweredFailure: string | null };
}

/** Rows that a collector gives no receipt again and again, while it does for others. */
export function unansweredWatcher(uplinks: readonly NamedUplink[]): Watcher {
  return {
    judges: ['row-unanswered'],
    look: () =>
      uplinks.flatMap(({ name, numbers: { unansweredFailure } }) =>
        unansweredFailure === null
          ? []
          : [{ what: 'row-unanswered', source: name, text: `${unansweredFailure} 个别行无回执,重发中,其余照常上报` }],
      ),
  };
}
