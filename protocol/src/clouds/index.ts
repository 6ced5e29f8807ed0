import type { Cloud } from './cloud.ts';
import { CTWING } from './ctwing.ts';
import { IOTDA, OCEANCONNECT } from './huawei.ts';
import { ONENET, ONENET_OLD } from './onenet.ts';

export { type Cloud, type Cryptography, PUSH_REFUSALS, type PushRefusal, type PushSecrets } from './cloud.ts';
export * from './desk.ts';
export * from './door.ts';
export * from './round.ts';
export { Seen } from './seen.ts';

const ALL: readonly Cloud[] = [CTWING, ONENET_OLD, ONENET, OCEANCONNECT, IOTDA];

/** Every operator's cloud we take pushes from, by name. */
export const CLOUDS: ReadonlyMap<string, Cloud> = new Map(ALL.map((cloud) => [cloud.name, cloud]));
