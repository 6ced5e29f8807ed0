export * from './codes.ts';
export { DIALECTS, type Dialect, heartbeatOf, STANDARD, suggestDialects } from './dialects.ts';
export { instantOf, parseTimeTag, showText, showTimeTag, timeTagOf } from './fields.ts';
export * from './frame.ts';
export * from './units.ts';
export * from './view.ts';
