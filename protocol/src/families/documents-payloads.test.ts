import { describe, expect, it } from 'vitest';
import { hex } from '../codec/hex.ts';
import { FAMILIES } from './register.ts';

/** What is known of the payloads beyond the sample bodies. */

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const letters = (text: string) => new TextEncoder().encode(text);
const IMEI = '860000000000017';

const PAYLOADS: ReadonlyArray<
  readonly [family: string, says: string, payload: Uint8Array, observations: readonly object[], fields?: object]
> = [
  [
    'nb-wanlin',
    'an NB306 alarm that is over',
    json({ devId: '1', devState: 0, cmdValue: 'f', electricQuantity: 90 }),
    [{ what: 'restored' }],
  ],
  ['nb-wanlin', 'an NB306 removed from its base', json({ devId: '1', devState: 3, cmdValue: '10' }), [{ what: 'removed' }]],
  ['nb-wanlin', 'an unknown NB306 state', json({ devId: '1', devState: 9 }), [{ what: 'text', detail: 'unknown-code', text: '9' }]],
  ['nb-wanlin', 'a gas code that lost its noughts', json({ dcode: '361', event: 6 }), [{ what: 'fault', componentType: 10 }]],
  [
    'nb-wanlin',
    'parts of a transmitter',
    json({ dcode: '868', event: '000C', loop: '001', address: '012', content: '部件' }),
    [{ what: 'text' }],
  ],
  [
    'nb-wanlin',
    'an unknown event of an electrical monitor',
    json({ type: '0302', chipcode: '7', event: 4711 }),
    [{ what: 'text', text: '4711' }],
  ],
  [
    'nb-wanlin',
    'an NB301 with a low battery',
    letters(`N311V31I${IMEI}H89X02T28U9S18`),
    [{ what: 'battery-low', battery: { percent: 9 } }, { what: 'reading' }],
    { alarms: ['battery-low'] },
  ],
  [
    'nb-wanlin',
    'an NB3011 that went offline',
    json({ deviceCode: `311${IMEI}`, deviceType: '311', time: 1604538938, detail: { event: 'offline' } }),
    [{ what: 'link', detail: 'lost' }],
  ],
  [
    'nb-wanlin',
    'a level that is high',
    letters(`NB9003901${IMEI}04010002000250NC`),
    [{ what: 'reading', value: 2.5 }, { what: 'high' }],
    { alarms: ['level-high'], unit: null },
  ],
  [
    'nb-wanlin',
    'a pressure restored',
    letters(`NB9001901${IMEI}13001000400020NC`),
    [
      { what: 'reading', value: 0.2 },
      { what: 'restored', detail: 'low' },
    ],
  ],
  [
    'nb-wanlin',
    'a meter with a low battery',
    letters(`NB9001901${IMEI}02001000400020NC`),
    [{ what: 'reading' }, { what: 'battery-low' }],
    { alarms: ['battery-low'] },
  ],
  ['nb-wanlin', 'a model that is unknown', letters(`NB9007901${IMEI}02001000400020NC`), []],
  ['nb-wanlin', 'a power cut', json({ type: '0302', chipcode: '7', event: '1360', eventdate: 1589944430 }), [{ what: 'power-fault' }]],
  [
    'nb-wanlin',
    'a gas alarm',
    json({ dcode: '361', event: '0003', state: 2, content: '报警' }),
    [{ what: 'supervisory', componentType: 10, text: '报警' }],
    { valve: 'shut', alarms: ['gas'] },
  ],
  [
    'nb-wanlin',
    'a transmitter alarm',
    json({ dcode: '868', event: '0003', loop: '001', address: '012', content: '烟感报警' }),
    [{ what: 'fire', address: { loop: 1, point: 12 } }],
  ],
  [
    'nb-wanlin',
    'an SOS of the transmitter',
    json({ dcode: '868', event: '0003', loop: '000', address: '000', content: '主机SOS' }),
    [{ what: 'supervisory', detail: 'sos', address: {} }],
    { alarms: ['sos'] },
  ],
  [
    'nb-wanlin',
    'a transmitter heartbeat',
    json({ dcode: '868', event: '0001', loop: '000', address: '000' }),
    [{ what: 'heartbeat', address: {} }],
  ],
  [
    'nb-wanlin',
    'letters inside an object',
    json({ Data: `N311V31I${IMEI}H89X01T28U99S18` }),
    [{ what: 'fire' }, { what: 'reading', value: 28 }],
  ],
  ['nb-wanlin', 'an object of another maker', json({ hello: 1 }), []],
  ['nb-wanlin', 'bytes that are no text', Uint8Array.of(0xff, 0xfe), []],
  [
    'nb-lian',
    'a smoke alarm',
    json({ Alarm_Status: 1, IMEI, Battery_Level: 80, RSRP: 200 }),
    [{ what: 'fire', battery: { percent: 80 } }],
    { rsrpDbm: null },
  ],
  ['nb-lian', 'an unknown smoke status', json({ Alarm_Status: 77 }), [{ what: 'text', detail: 'unknown-code', text: '77' }]],
  [
    'nb-lian',
    'a normal gas reading with an error',
    json({ payload: { gas_sensor_state: 0, gas_value: 3, error_code: 5 } }),
    [
      { what: 'reading', value: 3 },
      { what: 'fault', detail: 'error 5' },
    ],
  ],
  ['nb-lian', 'an unknown gas state', json({ gas_sensor_state: 9 }), [{ what: 'text', text: '9' }]],
  ['nb-lian', 'a gas detector that is well and measures nothing', json({ gas_sensor_state: 0, battery_value: 9 }), [{ what: 'heartbeat' }]],
  [
    'nb-lian',
    'the signal of a gas detector',
    json({ IMEI, payload: { sinr: 12, rsrp: 95, pci: 1, ecl: 0, cell_id: 77, heartbeat_time: 1440 } }),
    [{ what: 'heartbeat', radio: { rsrp: -95, snr: 12, coverageLevel: 0, cellId: 77 } }],
    { rsrpDbm: -95, heartbeatMinutes: 1440 },
  ],
  [
    'nb-lian',
    'a leakage of the generic dialect',
    json({ type: 2, alarmType: 201 }),
    [{ what: 'supervisory', detail: 'residual-current-high' }],
  ],
  ['nb-lian', 'an online word of the generic dialect', json({ type: 3, alarmType: 0 }), [{ what: 'link', detail: 'restored' }]],
  ['nb-lian', 'a data word of the generic dialect', json({ type: 1, alarmType: 0 }), [{ what: 'heartbeat' }]],
  [
    'nb-siterwell',
    'a detector taken off',
    json({ smoke_state: 1, tamper_alarm: 1, error: 2, battery_value: 101 }),
    [{ what: 'heartbeat' }, { what: 'removed' }, { what: 'fault', detail: 'error 2' }],
  ],
  [
    'gs524n',
    'a silent detector',
    hex('22 19 64 00 1c 45'),
    [
      { what: 'reading', value: 28 },
      { what: 'text', text: '9' },
    ],
    { eventNibble: 9 },
  ],
  [
    'push-ctwing',
    'a device gone offline',
    json({ messageType: 'deviceOnlineOfflineReport', eventType: 0, deviceId: '1' }),
    [{ what: 'link', detail: 'lost' }],
    { online: false },
  ],
  [
    'push-ctwing',
    'a fault event of the platform',
    json({ messageType: 'eventReport', eventType: 3, deviceSn: '1', eventContent: 'x' }),
    [{ what: 'fault' }],
  ],
  ['push-ctwing', 'an information event', json({ messageType: 'eventReport', eventType: 1, deviceSn: '1', eventContent: { a: 1 } }), []],
  [
    'push-ctwing',
    'an event with a device payload',
    json({ messageType: 'eventReport', eventType: 2, eventContent: { smoke_state: 0 } }),
    [{ what: 'fire' }],
    { inner: 'nb-siterwell' },
  ],
  [
    'push-ctwing',
    'an event whose number alone tells what it is',
    json({ messageType: 'eventReport', eventType: 2, serviceId: 1003, IMEI, eventContent: { battery_value: 5 } }),
    [{ what: 'battery-low', battery: { percent: 5 } }],
    { inner: 'nb-lian' },
  ],
  [
    'push-ctwing',
    'an event whose state goes before its number',
    json({ messageType: 'eventReport', eventType: 2, serviceId: 1001, IMEI, eventContent: { gas_sensor_state: 2, gas_value: 22 } }),
    [
      { what: 'supervisory', detail: 'gas-high' },
      { what: 'reading', value: 22 },
    ],
  ],
  [
    'push-ctwing',
    'a code inside that nobody knows',
    json({ messageType: 'dataReport', payload: { serviceData: { Alarm_Status: 77 } } }),
    [{ what: 'text', text: '77' }],
    { inner: 'nb-lian' },
  ],
  ['push-ctwing', 'neither online nor offline', json({ messageType: 'deviceOnlineOfflineReport', eventType: 7 }), []],
  ['push-ctwing', 'a merged duplicate', json({ messageType: 'dataReportTupUnion' }), []],
  [
    'push-ctwing',
    'a payload of no family',
    json({ messageType: 'dataReport', payload: { APPdata: 'AAAA' }, timestamp: -1 }),
    [],
    { inner: null, time: null },
  ],
  ['push-ctwing', 'another message', json({ messageType: 'constructor' }), []],
  [
    'push-oceanconnect',
    'a device gone offline',
    json({ notifyType: 'deviceInfoChanged', deviceId: '1', deviceInfo: { status: 'OFFLINE' } }),
    [{ what: 'link', detail: 'lost' }],
  ],
  [
    'push-oceanconnect',
    'a status that says nothing of the link',
    json({ notifyType: 'deviceInfoChanged', deviceId: '1', status: 'INBOX' }),
    [],
  ],
  [
    'push-oceanconnect',
    'several services',
    json({
      notifyType: 'deviceDatasChanged',
      deviceId: '1',
      services: [{ data: { devId: '1', devState: 1 }, eventTime: 'soon' }, { data: { devId: '1', devState: 4 } }],
    }),
    [{ what: 'fire' }, { what: 'battery-low' }],
  ],
  ['push-oceanconnect', 'nothing at all', json({ notifyType: 'deviceDataChanged', deviceId: '1' }), []],
  [
    'push-onenet-old',
    'several messages at once',
    json({
      msg: [
        { type: 2, status: 1, imei: IMEI },
        { type: 7, status: 1 },
      ],
      nonce: 'a',
    }),
    [{ what: 'link', detail: 'restored' }],
  ],
  [
    'push-onenet-old',
    'resources that name their streams',
    json({
      msg: [
        { type: 1, imei: IMEI, ds_id: '3318_0_5500', value: 1, at: 1589344430000 },
        { type: 1, imei: IMEI, ds_id: '3303_0_5700', value: 21.5, at: 1589344430000 },
      ],
      nonce: 'a',
    }),
    [{ what: 'fire' }, { what: 'reading', value: 21.5, quantity: 'temperature' }],
    { inner: 'lwm2m' },
  ],
  ['push-onenet-old', 'an unknown type', json({ msg: { type: 9 }, nonce: 'a' }), []],
  ['push-onenet', 'a message that is encrypted', json({ msg: 'c2VjcmV0', signature: 's', nonce: 'a' }), []],
  ['push-onenet', 'plain data', json({ msg: { deviceName: IMEI, data: { devId: '1', devState: 1 } }, signature: 's' }), [{ what: 'fire' }]],
  [
    'push-iotda',
    'a message with raw content',
    json({ resource: 'device.message', notify_data: { header: { node_id: IMEI }, body: { content: { devId: '1', devState: 1 } } } }),
    [{ what: 'fire' }],
  ],
  ['push-iotda', 'no body', json({ resource: 'device.message', notify_data: {} }), []],
];

describe('payloads of publishing devices', () => {
  it.each(PAYLOADS.map(([name, says, payload, observations, fields]) => ({ name, says, payload, observations, fields })))(
    'of $name: $says',
    ({ name, payload, observations, fields }) => {
      const family = FAMILIES.get(name)!;
      if (family.shape !== 'publishes') throw new Error(`${name} does not publish`);
      const published = family.decode(payload);
      expect(published?.observations ?? []).toMatchObject(observations);
      expect(published?.observations ?? []).toHaveLength(observations.length);
      if (fields) expect(published?.fields).toMatchObject(fields);
    },
  );
});
