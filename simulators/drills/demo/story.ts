import { HYDRANT_RTU, HYDRANT_TCP, PANEL } from './site.ts';

/** One moment of the story. Steps go out together, then the story waits. */
export interface Scene {
  readonly zh: string;
  readonly en: string;
  /** What a device is told, by name; `link` is the way from the gateway to the collector. */
  readonly steps: ReadonlyArray<readonly [who: string, step: object]>;
  /** Wait until everything said so far has arrived, or for a time (which `--once` shortens). */
  readonly until: 'arrived' | { readonly ms: number; readonly onceMs: number };
}

const say = (what: string, address: object = {}, more: object = {}) => ({ say: { what, address, ...more } });
const point = (loop: number, number: number) => ({ controller: 1, loop, point: number });
const pressure = (kPa: number) => ({ set: { pressure: kPa } });
/** Together the time of the outage: ten seconds, less in a hurry. */
const READINGS_FIRST = { ms: 2500, onceMs: 1500 } as const;
const THEN_FIRES = { ms: 7500, onceMs: 2500 } as const;

/** The day of the demonstration. */
export const STORY: readonly Scene[] = [
  {
    zh: '平静:NB 烟感心跳(电量、信号),消火栓水压正常',
    en: 'quiet: heartbeats with battery and signal, hydrants under pressure',
    steps: [
      ['smoke-302', say('heartbeat', {}, { battery: { percent: 96, millivolts: 3580 }, radio: { rsrp: -87 } })],
      ['smoke-501', say('heartbeat', {}, { battery: { percent: 91, millivolts: 3540 }, radio: { rsrp: -98 } })],
    ],
    until: 'arrived',
  },
  { zh: '302 室烟感报警', en: 'the smoke detector of room 302 says fire', steps: [['smoke-302', say('fire')]], until: 'arrived' },
  {
    zh: '主机线路上有干扰;另一处火警',
    en: 'noise on the panel line; fire at another point',
    steps: [
      [PANEL, { noise: { bytes: 17 } }],
      [PANEL, say('fire', point(1, 2))],
    ],
    until: 'arrived',
  },
  { zh: '7 号消火栓水压下降', en: 'pressure falls at hydrant 7', steps: [[HYDRANT_RTU, pressure(196)]], until: 'arrived' },
  { zh: '低于 0.14 MPa', en: 'below 0.14 MPa', steps: [[HYDRANT_RTU, pressure(122)]], until: 'arrived' },
  {
    zh: '主机报故障,一点被屏蔽',
    en: 'the panel reports a fault, and a point is shielded',
    steps: [
      [PANEL, say('fault', point(2, 7))],
      [PANEL, say('shield', point(1, 9))],
    ],
    until: 'arrived',
  },
  {
    zh: '上行链路中断!读数照常变化',
    en: 'the uplink is cut! readings go on',
    steps: [
      ['link', { mode: 'cut' }],
      [HYDRANT_TCP, pressure(409)],
    ],
    until: READINGS_FIRST,
  },
  {
    zh: '中断期间又有两处火警,都已存入网关日志',
    en: 'two more fires during the outage, safe in the journal of the gateway',
    steps: [
      [HYDRANT_TCP, pressure(403)],
      [PANEL, say('fire', point(1, 5))],
      ['smoke-501', say('fire')],
    ],
    until: THEN_FIRES,
  },
  {
    zh: '链路恢复:火警先到,读数随后',
    en: 'the link is back: fires first, readings after',
    steps: [['link', { mode: 'pass' }]],
    until: 'arrived',
  },
  {
    zh: '逐项恢复',
    en: 'one thing after the other is restored',
    steps: [
      ['smoke-302', say('restored')],
      ['smoke-501', say('restored')],
      [HYDRANT_RTU, pressure(348)],
      [PANEL, say('fault-restored', point(2, 7))],
      [PANEL, say('unshield', point(1, 9))],
    ],
    until: 'arrived',
  },
  { zh: '值班员在主机上复位', en: 'the operator resets the panel', steps: [[PANEL, say('reset', { controller: 1 })]], until: 'arrived' },
];

/** A quiet hour: small movements, so that the page stays alive. */
export function quietScene(turn: number): Scene {
  const wander = (base: number) => base + ((turn * 7) % 5) - 2;
  return {
    zh: '一切平静',
    en: 'all quiet',
    steps: [
      [HYDRANT_RTU, pressure(wander(348))],
      [HYDRANT_TCP, pressure(wander(403))],
      ...(turn % 4 === 0 ? [['smoke-302', say('heartbeat', {}, { battery: { percent: 96 }, radio: { rsrp: -88 } })] as const] : []),
    ],
    until: { ms: 15_000, onceMs: 15_000 },
  };
}
