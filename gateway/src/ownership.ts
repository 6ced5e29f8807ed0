import { lchownSync, lstatSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { env } from 'node:process';

/** Write permission of group and others. */
const OTHERS_WRITE = 0o022;

/** Whose something is. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The user the gateway of this box runs as, as its starter knows it: `uid:gid`. null where there is none: whoever starts it is it. */
function userOfBox(): Owner | null {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(env['FENGSUI_OWNER'] ?? '') ?? [];
  return uid === undefined || uid === '0' ? null : { uid: Number(uid), gid: Number(gid) };
}

function standing(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

/**
 * Whose the files in the gateway's data folder have to be, where root works on them: the owner of the folder, or the box's own user
 * where it is root's or not there yet. null: those of whoever works.
 */
export function rightfulOwner(data: string): Owner | null {
  if (process.geteuid?.() !== 0) return null;
  const folder = standing(data);
  return !folder || folder.uid === 0 ? userOfBox() : { uid: folder.uid, gid: folder.gid };
}

/** Whether nobody but root can have written what this file says, or put another in its place. */
function isRootsWord(file: string): boolean {
  const parts = [lstatSync(file, { throwIfNoEntry: false }), standing(dirname(resolve(file)))];
  return parts.every((part) => part?.uid === 0 && !part.isSymbolicLink() && (part.mode & OTHERS_WRITE) === 0);
}

/**
 * Becomes the rightful owner for good, where root has started this: what is made from now on is the gateway's own to read and to replace,
 * and no link that its user planted leads further than that user can go. Makes the data folder first where root must, unless it was named by a
 * file that others may write (`namedBy`): whoever chooses a folder that root makes and gives away has the whole machine. False: nothing changed.
 * Throws a TypeError where the system does not let it.
 */
export function becomeOwner(data: string, namedBy: string | null): boolean {
  const owner = rightfulOwner(data);
  if (!owner) return false;
  if (!standing(data)) {
    if (namedBy !== null && !isRootsWord(namedBy)) throw new TypeError(missing(data, namedBy, owner));
    mkdirSync(dirname(data), { recursive: true }); // the way there stays root's, and open to the owner
    mkdirSync(data, { mode: 0o750 });
    lchownSync(data, owner.uid, owner.gid);
  }
  try {
    takeGroups(owner);
    process.setgid!(owner.gid);
    process.setuid!(owner.uid);
  } catch (error) {
    throw new TypeError(
      `${data} belongs to user ${owner.uid}, whom this could not become (${(error as Error).message}): run it as that user 请以该用户运行`,
    );
  }
  return true;
}

function missing(data: string, namedBy: string, { uid, gid }: Owner): string {
  const make = `install -d -o ${uid} -g ${gid} -m 0750 ${data}`;
  return `${data} is not there, and ${namedBy}, which names it, is not root's alone to write: look whether it says what you want, then: ${make} 数据目录不存在,请核对后创建`;
}

/** The groups of a user the system knows (serial ports belong to one of them); of any other only its own. */
function takeGroups({ uid, gid }: Owner): void {
  try {
    (process as NodeJS.Process & { initgroups(user: number, group: number): void }).initgroups(uid, gid);
  } catch {
    process.setgroups!([gid]);
  }
}

/** Whether root may run the gateway as the rightful owner: only on a box, whose user is known to reach wires and keys. */
export function isOwnersPlace(data: string): boolean {
  const user = userOfBox();
  return user !== null && rightfulOwner(data)?.uid === user.uid;
}

/** On a box: the data folder is there and belongs to somebody else than the gateway's user, who will not be able to write. */
export function isOutOfReach(data: string): boolean {
  const [user, folder] = [userOfBox(), standing(data)];
  return user !== null && folder !== null && folder.uid !== user.uid;
}

/** How that is mended. */
export function reachRemedy(data: string): string {
  return `chown -R ${env['FENGSUI_OWNER']} ${data}`;
}
