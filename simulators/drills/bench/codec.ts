import { type Batch, decodeBatch, encodeBatch } from '@fengsui/protocol';
import { decodeFrame, decodeUnit, encodeFrame, encodeUnit, FRAME_CUT } from '@fengsui/protocol/gb26875';
import { measured, report } from './yardstick.ts';

const control = { serial: 300, mainVersion: 1, userVersion: 1, time: 0x1b03050e1e09, source: 3_000_001, destination: 20, command: 2 };
const component = {
  systemType: 1,
  systemAddress: 1,
  componentType: 42,
  componentAddress: 0x00020001,
  status: 3,
  text: Uint8Array.from({ length: 31 }, (_, index) => (index < 8 ? 0xb8 : 0)),
  time: 0x1b03050e1e08,
};

const unitOfOne = { type: 2, count: 1, objects: [component] };
/** The longest legal unit of type 2: 22 component states, 1,014 bytes. */
const fullUnit = { type: 2, count: 22, objects: Array.from({ length: 22 }, () => component) };

/** The yardstick: the same checks and fields, read by hand with a DataView into a plain object. */
function readByHand(bytes: Uint8Array): object | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0x4040) return null;
  const length = view.getUint16(24, true);
  if (bytes.length !== 30 + length || view.getUint16(28 + length) !== 0x2323) return null;
  let sum = 0;
  for (let at = 2; at < 27 + length; at++) sum += view.getUint8(at);
  if ((sum & 0xff) !== view.getUint8(27 + length)) return null;
  const u48 = (at: number) => view.getUint32(at, true) + view.getUint16(at + 4, true) * 0x100000000;
  const objects: object[] = [];
  const count = view.getUint8(28);
  for (let index = 0, at = 29; index < count; index++, at += 46) {
    objects.push({
      systemType: view.getUint8(at),
      systemAddress: view.getUint8(at + 1),
      componentType: view.getUint8(at + 2),
      componentAddress: view.getUint32(at + 3, true),
      status: view.getUint16(at + 7, true),
      text: bytes.subarray(at + 9, at + 40),
      time: u48(at + 40),
    });
  }
  return {
    serial: view.getUint16(2, true),
    mainVersion: view.getUint8(4),
    userVersion: view.getUint8(5),
    time: u48(6),
    source: u48(12),
    destination: u48(18),
    unitBytes: length,
    command: view.getUint8(26),
    unit: { type: view.getUint8(27), count, objects },
  };
}

function writeByHand(unit: { readonly type: number; readonly objects: ReadonlyArray<typeof component> }): Uint8Array {
  const length = 2 + 46 * unit.objects.length;
  const bytes = new Uint8Array(30 + length);
  const view = new DataView(bytes.buffer);
  const u48 = (at: number, value: number) => {
    view.setUint32(at, value % 0x100000000, true);
    view.setUint16(at + 4, Math.floor(value / 0x100000000), true);
  };
  view.setUint16(0, 0x4040);
  view.setUint16(2, control.serial, true);
  view.setUint8(4, control.mainVersion);
  view.setUint8(5, control.userVersion);
  u48(6, control.time);
  u48(12, control.source);
  u48(18, control.destination);
  view.setUint16(24, length, true);
  view.setUint8(26, control.command);
  view.setUint8(27, unit.type);
  view.setUint8(28, unit.objects.length);
  let at = 29;
  for (const object of unit.objects) {
    view.setUint8(at, object.systemType);
    view.setUint8(at + 1, object.systemAddress);
    view.setUint8(at + 2, object.componentType);
    view.setUint32(at + 3, object.componentAddress, true);
    view.setUint16(at + 7, object.status, true);
    bytes.set(object.text, at + 9);
    u48(at + 40, object.time);
    at += 46;
  }
  let sum = 0;
  for (let index = 2; index < 27 + length; index++) sum += bytes[index]!;
  view.setUint8(27 + length, sum & 0xff);
  view.setUint16(28 + length, 0x2323);
  return bytes;
}

/** What a receiver does: judge the candidate, take the frame apart, read the unit. */
function decodeOurs(bytes: Uint8Array) {
  if (FRAME_CUT.measure(bytes, 0, bytes.length) !== bytes.length) return null;
  const { control: header, unit } = decodeFrame(bytes);
  return { header, unit: decodeUnit(unit) };
}

function frames(title: string, unit: typeof unitOfOne): void {
  const bytes = encodeFrame(control, encodeUnit(unit));
  const target = new Uint8Array(bytes.length);
  const read = measured({
    'decode by hand (DataView into a plain object)': () => readByHand(bytes),
    'decode from the layout tables': () => decodeOurs(bytes),
    'memory copy of the bytes': () => target.set(bytes),
  });
  report(`decode ${title}, ${bytes.length} bytes`, read, 'decode by hand (DataView into a plain object)', 'frames/s');
  const written = measured({
    'encode by hand (DataView)': () => writeByHand(unit),
    'encode from the layout tables': () => encodeFrame(control, encodeUnit(unit)),
    'memory copy of the bytes': () => target.set(bytes),
  });
  report(`encode ${title}, ${bytes.length} bytes`, written, 'encode by hand (DataView)', 'frames/s');
}

function batches(): void {
  const frame = encodeFrame(control, encodeUnit(unitOfOne));
  const rows = Array.from({ length: 100 }, (_, index) => ({
    number: index + 1,
    order: index + 1,
    frame,
    boot: 3,
    monotonicMs: 123_456 + index,
    wallMs: 1_800_000_000_000 + index,
    clockSynchronised: true,
  }));
  const batch: Batch = { gateway: 'gw-jdz-0001', epoch: 1_800_000_000_123, lane: 'alarm', profile: 'db36-t1297-2020', rows };
  const asJson = () =>
    JSON.stringify({ ...batch, rows: rows.map((row) => ({ ...row, frame: Buffer.from(row.frame).toString('base64') })) });
  const [protobuf, json] = [encodeBatch(batch), asJson()];
  report(
    'encode a batch of 100 frames',
    measured({ 'JSON with base64 frames': asJson, protobuf: () => encodeBatch(batch) }, 100),
    'JSON with base64 frames',
    'rows/s',
  );
  report(
    'decode a batch of 100 frames',
    measured(
      {
        'JSON with base64 frames': () =>
          (JSON.parse(json) as { rows: { frame: string }[] }).rows.map((row) => Buffer.from(row.frame, 'base64')),
        protobuf: () => decodeBatch(protobuf),
      },
      100,
    ),
    'JSON with base64 frames',
    'rows/s',
  );
  process.stdout.write(`  size: protobuf ${protobuf.length} bytes, JSON ${json.length} bytes\n`);
}

export async function run(): Promise<void> {
  frames('one component state', unitOfOne);
  frames('22 component states (the fullest unit of type 2)', fullUnit);
  batches();
}
