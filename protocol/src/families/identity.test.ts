import { describe, expect, it } from 'vitest';
import { hex } from '../codec/hex.ts';
import { parseTimeTag } from '../gb26875/fields.ts';
import { encodeFrame } from '../gb26875/frame.ts';
import { FAMILIES, isExperimental } from './register.ts';
import { datedIdentity } from './saying.ts';

const family = (name: string) => {
  const found = FAMILIES.get(name)!;
  if (found.shape !== 'talks') throw new Error(name);
  return found;
};
const control = { serial: 1, mainVersion: 1, userVersion: 1, source: 1, destination: 2, command: 2 };

describe('the identity of a packet', () => {
  it('of a transmission device is its bytes, where its header has a time', () => {
    const { identity } = family('gb26875');
    const frame = encodeFrame({ ...control, time: parseTimeTag('2027-03-05T14:30:09') }, new Uint8Array(0));
    expect(identity!(frame)).toEqual({ key: expect.stringMatching(/^4040/), deviceTime: '2027-03-05T14:30:09' });
    expect(identity!(encodeFrame({ ...control, time: 0 }, new Uint8Array(0)))).toBeNull();
    expect(identity!(hex('40400725518012ff04882323'))).toBeNull();
  });

  it('is there only where a packet dates what it says to the second', () => {
    const dated = (deviceTime: string | null) =>
      datedIdentity(() => ({ fields: {}, observations: [{ what: 'fire', address: {}, deviceTime }] }));
    expect(dated('2027-03-05T14:30:09')(hex('0102'))).toEqual({ key: '0102', deviceTime: '2027-03-05T14:30:09' });
    for (const none of ['2027-03-05T14:30', null]) expect(dated(none)(hex('0102'))).toBeNull();
  });

  it('of every family that has one is the same for a copy, and never thrown at odd bytes', () => {
    for (const { shape, ...one } of FAMILIES.values()) {
      if (shape !== 'talks' || !('identity' in one)) continue;
      const { identity, play } = one as Partial<ReturnType<typeof family>>;
      const packet = play!.say({ what: 'fire', address: { controller: 1, loop: 1, point: 1 }, deviceTime: '2027-03-05T14:30:09' });
      if (packet) expect(identity!(packet)).toEqual(identity!(Uint8Array.from(packet)));
    }
  });
});

it('a family without a real sample is experimental', () => {
  expect([isExperimental({ tier: 1 }), isExperimental({ tier: 2 }), isExperimental({ tier: 3 })]).toEqual([false, true, true]);
});

it('a panel of JB-3208 that is asked for a list sends what waits, or an empty one', () => {
  const { play } = family('jb3208');
  const list = family('jb3208').emits.find(({ en }) => en.startsWith('please send the list'))!;
  const asked = hex(list.bytes.replaceAll('??', '01').replaceAll(' ', '').replaceAll('*', ''));
  const waiting = play.say({ what: 'fire', address: { controller: 1, loop: 1, point: 1 }, deviceTime: '2027-03-05T14:30:09' });
  expect(play.answer!(asked, waiting, '2027-03-05T14:30:09')).toBe(waiting);
  expect(play.answer!(asked, null, '2027-03-05T14:30:09')).toBeInstanceOf(Uint8Array);
});
