import { describe, expect, it } from 'vitest';
import { hex } from '../codec/hex.ts';
import { FAMILIES } from './register.ts';

const IMEI = '860000000000017';

describe('nb-huaqiang', () => {
  const family = FAMILIES.get('nb-huaqiang')!;
  const VECTOR = '50550030100A2F08010003001B02FBE52C68000000000010070800000000012F6477009896825902F9AF8002FBE52C0000000000';
  const at = (offset: number, value: string) => hex(VECTOR.slice(0, 2 * offset) + value + VECTOR.slice(2 * offset + value.length));
  const read = (payload: Uint8Array) => (family.shape === 'publishes' ? family.decode(payload) : null);

  it('tells smoke, fault, battery and a failed self-test apart', () => {
    expect(read(at(27, '85'))?.observations.map(({ what }) => what)).toEqual(['fire', 'fault', 'battery-low', 'reading']);
    expect(read(at(27, '85'))?.fields['alarms']).toEqual(['smoke', 'fault', 'battery-low']);
    expect(read(at(47, '01'))?.observations[0]).toMatchObject({ what: 'fault', detail: 'self-test-failed' });
  });

  it('believes no voltage and no RSRP that cannot be', () => {
    expect(read(at(30, '03E8'))?.fields).toMatchObject({ volts: null, firmware: null });
    expect(read(at(38, '05'))?.fields).toMatchObject({ rsrpDbm: null });
  });

  it('keeps raw what is encrypted, of another device, or cut short', () => {
    expect(read(at(11, '041B'))?.remarks).toEqual(['encrypted: kept raw']);
    expect(read(at(7, '03'))?.remarks).toEqual(['no report we know: kept raw']);
    expect(read(at(25, '06C0'))?.observations).toEqual([]);
    const short = hex(VECTOR.slice(0, 78));
    short[3] = 35;
    expect(read(short)?.observations.map(({ what }) => what)).toEqual(['reading', 'heartbeat']);
    short[7] = 6;
    short[25] = 6;
    expect(read(short)?.observations.map(({ what }) => what)).toEqual(['heartbeat']);
    expect(read(at(0, '5056'))).toBeNull();
    expect(read(at(2, 'FFFF'))).toBeNull();
    expect(read(at(2, '0001'))).toBeNull();
    expect(read(at(17, 'FF'))?.device).toBeNull();
  });

  it('sees in the samples of a hydrant that a low pressure is over', () => {
    if (family.shape !== 'publishes') throw new Error('publishes');
    const low = family.play.say({ what: 'low', address: {}, value: 90, deviceTime: '2026-03-09T12:34:56' }, IMEI, 1)!;
    const two = Uint8Array.from([...low, ...low.slice(-8)]);
    two[3] = two[3]! + 8;
    two[55] = 2;
    two.set([0, 0, 1, 0], 60);
    two[27] = 0;
    expect(read(two)?.observations.map(({ what, detail, value }) => [what, detail ?? value])).toEqual([
      ['reading', 256],
      ['reading', 90],
      ['restored', 'low'],
    ]);
  });
});
