/** How the platform behaves. `taken` says whether the event has its effect although the sender may not learn so. */
export interface ModeRow {
  readonly taken: boolean;
  /** Status and body of the answer; null: none ever comes. */
  readonly answer: { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> } | null;
  /** Waits so long before it answers; the control request may set another. */
  readonly delayMs?: number;
  /** Breaks the connection instead of answering. */
  readonly breaks?: true;
  readonly en: string;
}

const TAKEN = { status: 200, body: { code: 0, message: '成功' } } as const;

export const MODES = {
  normal: { taken: true, answer: TAKEN, en: 'answers at once' },
  slow: { taken: true, answer: TAKEN, delayMs: 3000, en: 'answers late' },
  fail: { taken: false, answer: { status: 500, body: { code: 500, message: '系统内部错误' } }, en: 'answers 500 and takes nothing' },
  hang: { taken: true, answer: null, en: 'takes the event and never answers' },
  busy: {
    taken: false,
    answer: { status: 429, body: { code: 429, message: '请求过于频繁' }, headers: { 'retry-after': '2' } },
    en: 'answers 429 with Retry-After and takes nothing',
  },
  refuse: { taken: false, answer: { status: 200, body: { code: 1001, message: '参数错误' } }, en: 'answers 200 whose body says error' },
  reset: { taken: true, answer: null, breaks: true, en: 'takes the event, then breaks the connection' },
  redirect: {
    taken: false,
    answer: { status: 307, body: '', headers: { location: 'http://127.0.0.1:1/events' } },
    en: 'redirects to an address of the sender itself',
  },
} as const satisfies Record<string, ModeRow>;
export type Mode = keyof typeof MODES;
export const MODE_NAMES = Object.keys(MODES) as readonly Mode[];
