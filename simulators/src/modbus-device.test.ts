import type { PolledFamily } from '@fengsui/protocol';
import { FAMILIES } from '@fengsui/protocol/families';
import ModbusRTU from 'modbus-serial';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Rig, rigOf } from './rig.fixture.ts';

const TRANSMITTER = FAMILIES.get('pressure-transmitter') as PolledFamily;
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function started(wire: string): Promise<Rig> {
  const rig = rigOf({ family: TRANSMITTER, wire, unit: 3 });
  await rig.device.start();
  open.push(rig.device);
  return rig;
}

/** Nothing waits for this long that is answered. */
const PATIENT_MS = 30_000;

/** A master that is not ours. */
async function masterOf(rig: Rig): Promise<InstanceType<typeof ModbusRTU.default>> {
  const master = new ModbusRTU.default();
  if (rig.device.address.startsWith('/')) await master.connectRTUBuffered(rig.device.address, { baudRate: 9600 });
  else {
    const [host, port] = rig.device.address.split(':');
    await master.connectTCP(host!, { port: Number(port) });
  }
  master.setID(3);
  master.setTimeout(PATIENT_MS);
  open.push({ [Symbol.asyncDispose]: () => new Promise<void>((resolve) => master.close(() => resolve())) });
  return master;
}

const expected = (rig: Rig) => rig.truth().map(({ value, expect: how }) => [value, how]);

for (const wire of ['tcp:127.0.0.1:0', 'pty']) {
  test(`serves over ${wire.split(':')[0]} the values it was set to, and writes each that was read once`, async () => {
    const rig = await started(wire);
    await rig.device.perform({ kind: 'registers', registers: [[3, 1]] });
    await rig.device.perform({ kind: 'set', values: { pressure: 350.5 } });
    const master = await masterOf(rig);
    expect((await master.readHoldingRegisters(3, 2)).data).toEqual([1, 3505]);
    expect((await master.readHoldingRegisters(2, 5)).data).toEqual([0, 1, 3505, 0, 0]);
    await rig.device.perform({ kind: 'set', values: { pressure: 120 } });
    await rig.device.perform({ kind: 'set', values: { pressure: -2 } });
    expect((await master.readHoldingRegisters(4, 1)).data).toEqual([0x10000 - 20]);
    expect(rig.truth()).toMatchObject([
      { what: 'reading', address: { register: 'pressure', unit: 3 }, value: 350.5, expect: 'must' },
      { what: 'reading', address: { register: 'pressure', unit: 3 }, value: -2, expect: 'must' },
    ]);
  });
}

describe('what a slave must refuse', () => {
  test('a write, a read too long, another unit', async () => {
    const rig = await started('tcp:127.0.0.1:0');
    const master = await masterOf(rig);
    await expect(master.writeRegister(4, 1)).rejects.toThrow(/Illegal function/);
    await expect(master.readHoldingRegisters(65_500, 100)).rejects.toThrow(/Illegal data address/);
    master.setID(4);
    master.setTimeout(100);
    await expect(master.readHoldingRegisters(4, 1)).rejects.toThrow(/Timed out/);
    expect(rig.truth()).toEqual([]);
  });

  test('a value or a point it does not have', async () => {
    const rig = await started('tcp:127.0.0.1:0');
    await expect(rig.device.perform({ kind: 'set', values: { depth: 3 } })).rejects.toThrow(/set.depth: .* has pressure/);
    await expect(rig.device.perform({ kind: 'set', values: { pressure: 40_000 } })).rejects.toThrow(/does not fit into i16/);
  });
});

describe('wrong answers', () => {
  test('never make a value certain that the master could not read', async () => {
    const rig = await started('tcp:127.0.0.1:0');
    await rig.device.perform({ kind: 'set', values: { pressure: 7 } });
    const master = await masterOf(rig);
    master.setTimeout(150);
    for (const how of ['short', 'wrong-unit', 'bad-checksum', 'exception', 'silent'] as const) {
      await rig.device.perform({ kind: 'misanswer', how, times: 1, delayMs: 0 });
      await expect(master.readHoldingRegisters(4, 1), how).rejects.toBeDefined();
      await vi.waitFor(() => expect(rig.narrated().at(-1)).toBe(`answers wrong: ${how}`), { timeout: PATIENT_MS });
    }
    expect(rig.truth()).toEqual([]);
    master.setTimeout(PATIENT_MS);
    expect((await master.readHoldingRegisters(4, 1)).data).toEqual([7]);
    expect(expected(rig)).toEqual([[7, 'must']]);
  });

  test('a late answer is doubtful until the value is read in time', async () => {
    const rig = await started('pty');
    await rig.device.perform({ kind: 'set', values: { pressure: 9 } });
    await rig.device.perform({ kind: 'misanswer', how: 'late', times: 1, delayMs: 400 });
    const master = await masterOf(rig);
    master.setTimeout(200);
    await expect(master.readHoldingRegisters(4, 1)).rejects.toThrow(/Timed out/);
    await vi.waitFor(() => expect(expected(rig)).toEqual([[9, 'may']]), { timeout: PATIENT_MS });
    master.setTimeout(PATIENT_MS);
    expect((await master.readHoldingRegisters(4, 1)).data).toEqual([9]);
    await vi.waitFor(() => expect(expected(rig)).toEqual([[9, 'must']]), { timeout: PATIENT_MS });
  });

  test('noise between answers costs the master one read at most', async () => {
    const rig = await started('pty');
    await rig.device.perform({ kind: 'set', values: { pressure: 11 } });
    const master = await masterOf(rig);
    master.setTimeout(300);
    await rig.device.perform({ kind: 'noise', hex: 'ff 00 13' });
    await master.readHoldingRegisters(4, 1).catch(() => {});
    master.setTimeout(PATIENT_MS);
    expect((await master.readHoldingRegisters(4, 1)).data).toEqual([11]);
    expect(rig.truth().map(({ what }) => what)).toEqual(['noise', 'reading']);
  });
});
