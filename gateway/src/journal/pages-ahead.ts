import { type FileHandle, open } from 'node:fs/promises';

export const PAGE_BYTES = 4_096;

/** Where a page stands. */
export interface PlaceOfPage {
  readonly path: string;
  readonly offset: number;
}

/** Bytes of a page; null: the disk does not give them. */
export type PageBytes = Uint8Array | null;

/**
 * Pages of files that were moved aside, read beside all else the thread does: a disk that fails may take minutes over a sector, and nobody
 * but who asked for it is to wait that long.
 */
export class PagesAhead {
  #isReading = false;
  #came: readonly PageBytes[] | null = null;
  #failure: unknown = null;

  /** Begins to read, unless that is under way. */
  begin(places: readonly PlaceOfPage[]): void {
    if (this.#isReading || this.#came) return;
    this.#isReading = true;
    void read(places)
      .then(
        (came) => {
          this.#came = came;
        },
        (error: unknown) => {
          this.#failure = error;
        },
      )
      .finally(() => {
        this.#isReading = false;
      });
  }

  /** What was begun last; null: it is not there yet. Throws why a file could not be opened: then it is to be begun again. */
  take(): readonly PageBytes[] | null {
    const [came, failure] = [this.#came, this.#failure];
    this.#came = null;
    this.#failure = null;
    if (failure !== null) throw failure;
    return came;
  }
}

async function read(places: readonly PlaceOfPage[]): Promise<PageBytes[]> {
  const handles = new Map<string, FileHandle>();
  try {
    for (const path of new Set(places.map((place) => place.path))) handles.set(path, await open(path, 'r'));
    const pages: PageBytes[] = [];
    for (const { path, offset } of places) pages.push(await pageAt(handles.get(path)!, offset));
    return pages;
  } finally {
    await Promise.all([...handles.values()].map((handle) => handle.close()));
  }
}

/** Of a page that is cut off the rest is empty. */
function pageAt(handle: FileHandle, offset: number): Promise<PageBytes> {
  const bytes = Buffer.alloc(PAGE_BYTES);
  return handle.read(bytes, 0, PAGE_BYTES, offset).then(
    () => bytes,
    () => null,
  );
}
