import type { Rival } from './rivals.ts';

/** With these words, and with no others, begins what is said of a suspicion. */
const SUSPICION = 'sessions of this gateway end each other again and again';

/** What people are told of sessions that end each other: what is known, and what to do. */
export function wordsOf({ isProven, addresses }: Rival): string {
  const from = addresses.join(', ');
  return isProven
    ? `several boxes use this gateway's certificate by turns, from ${from}: find the copy (a cloned disk, a copied data folder), switch it ` +
        'off, enrol it under a name of its own; where it is not yours, revoke this name 多台设备共用同一网关证书:找出克隆设备并停用,另行登记;若非己方设备,吊销此编号'
    : `${SUSPICION}, from ${from}: it may be a bad link or a second box, this version of the gateway does not tell which. Look at the link, bring ` +
        'the gateway up to date; do not revoke the name for this alone 会话频繁互相顶替:可能是链路不良,也可能另有设备;请检查链路并升级网关,勿仅凭此吊销编号';
}

/** Whether such words tell of a rival that is proven. */
export function tellsOfProof(words: string): boolean {
  return !words.startsWith(SUSPICION);
}
