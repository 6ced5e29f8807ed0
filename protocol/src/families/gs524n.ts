import { sum8 } from '../codec/checksums.ts';
import { i8, u8 } from '../codec/fields.ts';
import { field, layout } from '../codec/layout.ts';
import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import type { Observation } from '../observation.ts';
import { batteryOf, NB_SILENCE_MS } from './json-payload.ts';
import { codeOf, orNull, type Sayings, says, spoken, unknownCode } from './saying.ts';

const PAYLOAD = layout({
  version: field(u8, 'version and protocol', '版本与协议'),
  event: field(u8, 'type and event', '类型与事件'),
  battery: field(u8, 'battery %', '电量'),
  concentration: field(u8, 'concentration %', '浓度'),
  temperature: field(i8, 'temperature °C', '温度'),
  check: field(u8, 'check: the six bytes sum to 0', '校验:六字节和为 0'),
});

const EVENTS: Sayings = {
  1: says('fire', 'alarm', '报警'),
  2: says('silence', 'silenced', '消音'),
  4: says('battery-low', 'low battery', '低电量'),
  5: says('fault', 'fault', '故障'),
  7: says('restored', 'normal', '正常'),
  10: says('removed', 'removed', '拆除'),
  11: says('reinstalled', 'installed', '安装'),
  14: says('test', 'test', '测试'),
  15: says('test', 'test over', '测试结束', 'test-over'),
};

function decode(payload: Uint8Array): Published | null {
  if (payload.length !== PAYLOAD.size || sum8(payload) !== 0) return null;
  const { version, event, battery, concentration, temperature } = PAYLOAD.decode(payload);
  const saying = EVENTS[event & 0x0f];
  const said = spoken(saying);
  const about = { address: {}, componentType: 42, ...batteryOf(battery) };
  const reading: Observation = { what: 'reading', ...about, value: temperature, quantity: 'temperature' };
  return {
    device: null,
    counter: null,
    fields: {
      ...{ direction: 'device-to-network', version: version >> 4, protocol: version & 0x0f, type: event >> 4, eventNibble: event & 0x0f },
      ...{ eventName: saying?.en ?? null, batteryPercent: battery, concentrationPercent: concentration, temperatureC: temperature },
    },
    observations: said ? [{ ...said, ...about }, reading] : [reading, ...unknownCode(String(event & 0x0f))],
    remarks: saying ? [] : ['unknown event: kept raw'],
  };
}

function say({ what, detail, value, battery }: Stimulus): Uint8Array | null {
  const event = codeOf(EVENTS, { what, detail });
  if (event === null) return null;
  const payload = PAYLOAD.encode({
    version: 0x22,
    event: 0x10 | event,
    battery: battery?.percent ?? 100,
    concentration: 0,
    temperature: Math.round(value ?? 20),
    check: 0,
  });
  payload[5] = -sum8(payload) & 0xff;
  return payload;
}

/** Milesight GS524N smoke detector: LoRaWAN, the payload alone. */
export const GS524N: PublishingFamily = {
  shape: 'publishes',
  name: 'gs524n',
  version: 1,
  title: { en: 'Milesight GS524N smoke (LoRaWAN payload)', zh: '星纵 GS524N 烟感(LoRaWAN 载荷)' },
  tier: 3,
  basis: 'document, one payload recomputed',
  notes: [
    {
      en: 'LoRaWAN, not NB-IoT: the payload arrives from a network server, which knows the device.',
      zh: 'LoRaWAN 而非 NB-IoT:载荷来自网络服务器,设备身份由其给出。',
    },
  ],
  carrier: 'http',
  decode,
  describe: (payload) => (payload.length === PAYLOAD.size ? PAYLOAD.describe(payload) : []),
  silenceMs: NB_SILENCE_MS,
  play: { say: (stimulus) => orNull(() => say(stimulus)) },
};
