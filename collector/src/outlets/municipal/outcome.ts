/** What a try came to. */
export type Outcome =
  | { readonly is: 'confirmed' }
  /** The far side will never take this one: it is set aside with the answer, and the next one goes. */
  | { readonly is: 'refused'; readonly status: number; readonly answer: string }
  /** Nobody knows, or not now: the same bytes go again. `answered` where the far side took the request and did not say yes. */
  | { readonly is: 'again'; readonly why: string; readonly afterMs?: number; readonly answered?: { status: number; answer: string } };

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
  /** Whether `body` is all there was. */
  readonly isWhole: boolean;
}

/**
 * 4xx that say nothing about the event: who we are (401, 403, 407), where we push (404, 405, 421), or when (408, 425, 429).
 * Every event would get them, so setting events aside would throw alarms away for a wrong token.
 */
const NOT_ABOUT_THE_EVENT: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 421, 425, 429]);

/** Nobody is made to wait longer than this for the next try, whatever the far side asks. */
const RETRY_AFTER_MAX_MS = 300_000;

/** RFC 9110 10.2.3: seconds, or a date. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}

/** A page is the word of something in between: a log-in portal, a proxy, a firewall. */
const PAGE = /^\s*</;

/** Whether the body of a 2xx takes its word back. */
function deniesItself(body: string): boolean {
  try {
    const answer: unknown = JSON.parse(body);
    const success = answer !== null && typeof answer === 'object' && 'success' in answer ? answer.success : true;
    return success === false || success === 0;
  } catch {
    return false; // no JSON says nothing beyond the status
  }
}

/** What an answer means. */
export function outcomeOf({ status, retryAfter, body, isWhole }: Answer, nowMs: number): Outcome {
  const again = (why: string): Outcome => {
    const afterMs = retryAfterMs(retryAfter, nowMs);
    return { is: 'again', why, ...(afterMs !== undefined && { afterMs }) };
  };
  if (status >= 200 && status < 300) {
    if (!isWhole) return again(`answered ${status} at such length that its end was not read`);
    if (PAGE.test(body)) return again(`answered ${status} with a page: something in between answers for the platform`);
    return deniesItself(body)
      ? { is: 'again', why: `answered ${status} without success`, answered: { status, answer: body } }
      : { is: 'confirmed' };
  }
  if (status >= 300 && status < 400) return again(`answered ${status}: redirects are not followed`);
  if (status >= 400 && status < 500 && !NOT_ABOUT_THE_EVENT.has(status)) return { is: 'refused', status, answer: body };
  return again(`answered ${status}`);
}
