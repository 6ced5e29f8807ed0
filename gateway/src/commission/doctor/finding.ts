/** ✓ right; ! works, or cannot be told from here, and somebody should look; ✗ wrong: the gateway will not do its work. */
export type Health = 'right' | 'doubtful' | 'wrong';

/** One thing the doctor looked at. */
export interface Finding {
  /** What it is about: `line panel-line`, `clock`, `data`. */
  readonly about: string;
  readonly health: Health;
  readonly en: string;
  readonly zh: string;
  /** What a person can do; always there unless all is right. */
  readonly remedy?: string;
}

export function right(about: string, en: string, zh: string): Finding {
  return { about, health: 'right', en, zh };
}

export function doubtful(about: string, en: string, zh: string, remedy: string): Finding {
  return { about, health: 'doubtful', en, zh, remedy };
}

export function wrong(about: string, en: string, zh: string, remedy: string): Finding {
  return { about, health: 'wrong', en, zh, remedy };
}

/** Code of an error of the system or of TLS, or its message where it has none. */
export function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message ?? error);
}
