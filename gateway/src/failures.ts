import { Failure, type FailureRow } from '@fengsui/protocol';

/** Every failure the gateway knows: the reference page is generated from this table. */
export const FAILURES = {
  'wire-open': {
    retry: 'later',
    en: 'the wire cannot be opened',
    zh: '线路无法打开',
    remedy:
      'Check the cable, the path or address of the wire, the permission of the gateway (group dialout), and that nothing else has it open',
  },
  'wire-lost': {
    retry: 'later',
    en: 'the wire was lost',
    zh: '线路中断',
    remedy: 'Check the cable, the converter and the power of the device',
  },
  'registrations-unreadable': {
    retry: 'never',
    en: 'the file of CoAP registrations cannot be read',
    zh: 'CoAP 注册文件无法读取',
    remedy: 'Check the permissions of the data folder',
  },
  'registrations-unwritable': {
    retry: 'later',
    en: 'the file of CoAP registrations cannot be written',
    zh: 'CoAP 注册文件无法写入',
    remedy: 'Check the space and the permissions of the data folder',
  },
} as const satisfies Record<string, FailureRow>;
export type FailureCode = keyof typeof FAILURES;

/** A failure of the table, with what it happened to and what caused it. */
export function fail(code: FailureCode, detail: string, cause?: unknown): Failure {
  return new Failure(code, FAILURES[code], detail, cause);
}
