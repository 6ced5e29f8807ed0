/** Starting is over by then: the settings are read, the journal is open, devices have been heard. */
const SETTLED_AFTER_MS = 5_000;

/**
 * Gives back what starting took, once: on a box that idles for years nothing else would ever ask for it. Does something only
 * where the runtime lets itself be asked (`--expose-gc`), as the installed gateway's does; takes some 50 ms of this thread.
 */
export function giveBackAfterStart(): void {
  setTimeout(() => void globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }), SETTLED_AFTER_MS).unref();
}
