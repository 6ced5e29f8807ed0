import { Failure, type FailureRow } from '@fengsui/protocol';

/** What can go wrong around a simulator. */
export const FAILURES = {
  SIM_PTY_UNAVAILABLE: {
    retry: 'never',
    en: 'the system gives no pseudo-terminal',
    zh: '系统无法提供伪终端',
    remedy: 'Mount devpts at /dev/pts, or use a TCP wire (--wire tcp:127.0.0.1:0).',
  },
  SIM_ADDRESS_TAKEN: {
    retry: 'later',
    en: 'the address cannot be listened on',
    zh: '无法监听该地址',
    remedy: 'Use a free port (0 lets the system choose), and an address of this machine.',
  },
  SIM_PEER_UNREACHABLE: {
    retry: 'later',
    en: 'the other end cannot be reached',
    zh: '对端不可达',
    remedy: 'Start the other end first, or check host and port.',
  },
  SIM_FILE_UNUSABLE: {
    retry: 'never',
    en: 'a file cannot be read or written',
    zh: '文件无法读写',
    remedy: 'Check that the folder exists and belongs to you, and that the disk is not full.',
  },
} as const satisfies Record<string, FailureRow>;

export function failure(code: keyof typeof FAILURES, detail: string, cause?: unknown): Failure {
  return new Failure(code, FAILURES[code], detail, cause);
}
