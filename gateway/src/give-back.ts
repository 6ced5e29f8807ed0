/** Starting is over by then: the settings are read, the journal is open, devices have been heard. */
const SETTLED_AFTER_MS = 5_000;

/** An idle heap fills so slowly that nothing else asks for its dead for hours. */
const EVERY_MS = 600_000;

/**
 * Gives back what starting took, and now and then what has died since: on a box that idles for years nothing else would ask for it.
 * Does something only where the runtime lets itself be asked (`--expose-gc`), as the installed gateway's does; takes some 50 ms
 * of the thread that calls it.
 */
export function giveBackMemory(): void {
  const collect = () => void globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  setTimeout(collect, SETTLED_AFTER_MS).unref();
  setInterval(collect, EVERY_MS).unref();
}
