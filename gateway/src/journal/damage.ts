import { LANES } from '@fengsui/protocol';
import type { JournalState } from './messages.ts';

/** Finds out what of a journal was newly found damaged between two looks: nobody may have to ask for it. */
export class DamageWatch {
  #files = 0;
  #rows = 0;

  /** In words, one for each new damage. The first look takes rows found earlier for known: their run has told them. */
  news({ damagedFiles, lanes }: JournalState, isFirst = false): string[] {
    const rows = LANES.reduce((sum, lane) => sum + lanes[lane].quarantined, 0);
    const files = damagedFiles.slice(this.#files).map((file) => `moved aside: ${file.split('/').at(-1)}`);
    const words = rows > this.#rows && !isFirst ? [`${rows - this.#rows} rows set aside`] : [];
    this.#files = damagedFiles.length;
    this.#rows = rows;
    return [...files, ...words];
  }
}
