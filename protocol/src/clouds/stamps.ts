import { isObject, numberOf, stringOf } from '../families/json-payload.ts';

const TIMES = /^(at|time|timestamp|ts|event_?time)$/i;
const DEEP_MAX = 6;

/** A time a cloud writes: milliseconds since 1970, or `20200515T023353Z`. */
function isTime(value: unknown): boolean {
  const number = numberOf(value);
  return number !== null ? number > 1e11 : /^\d{4}-?\d\d-?\d\dT\d\d:?\d\d:?\d\d/.test(stringOf(value) ?? '');
}

/** Whether a message says when it was: then an equal one is a copy. Without a time, two equal messages may be two alarms. */
export function tellsItsTime(value: unknown, deep = 0): boolean {
  if (deep > DEEP_MAX) return false;
  if (Array.isArray(value)) return value.some((item) => tellsItsTime(item, deep + 1));
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, inner]) => (TIMES.test(name) && isTime(inner)) || tellsItsTime(inner, deep + 1));
}
