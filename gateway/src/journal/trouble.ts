import { Failure } from '@fengsui/protocol';
import { type FailureCode, fail } from '../failures.ts';
import type { Told } from './messages.ts';

/** The disk says that a sector cannot be read: what lies there is lost as surely as if it were overwritten. */
const UNREADABLE = /^SQLITE_IOERR_(?:READ|SHORT_READ|CORRUPTFS|DATA)$/;

/** The file is no database, or contradicts itself: nothing that is written into a sound one offends against a constraint. */
const WRONG = /^SQLITE_(?:CORRUPT|NOTADB|CONSTRAINT)/;

/** What an error of SQLite or the system means to everybody else. */
export function toldOf(error: unknown): Told {
  if (error instanceof Failure) {
    const { code, message, remedy } = error;
    return { code: code as FailureCode, detail: message.slice(code.length + 2, -(remedy.length + 2)) };
  }
  const { code = '', message, syscall } = error as { code?: string; message: string; syscall?: string };
  const detail = `${code} ${message}`;
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') return { code: 'journal-full', detail };
  const isUnreadable = UNREADABLE.test(code) || (code === 'EIO' && syscall === 'read');
  if (WRONG.test(code) || isUnreadable) return { code: 'journal-damaged', detail };
  return { code: 'journal-io', detail };
}

/** Whether an error is about the handle of a lane's file: nothing else is a reason to give a handle up, least of all a want of descriptors. */
export function isOfFile(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return error instanceof Failure || code.startsWith('SQLITE_') || code === 'ENOSPC';
}

/** Another process holds the file: waiting was all that could be done. */
export function isHeldByOthers(error: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test((error as { code?: string }).code ?? '');
}

/** A file that SQLite reads without an error and that is wrong all the same. */
export function damaged(detail: string): Failure {
  return fail('journal-damaged', detail);
}
