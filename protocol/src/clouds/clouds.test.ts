import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Stimulus } from '../family.ts';
import { encrypted, NODE_CRYPTOGRAPHY, signed } from './cryptography.fixture.ts';
import { CLOUDS, PUSH_REFUSALS, PushDesk, type PushReading, type PushSaid, type PushSecrets, Seen } from './index.ts';
import { parsed } from './onenet-seal.ts';
import { rawMember } from './raw-member.ts';
import { tellsItsTime } from './stamps.ts';

const SECRETS: PushSecrets = { path: 'a-secret-of-the-path', token: 'tokenOfTheIntake' };
const TARGET = '/push/a-secret-of-the-path';
const IMEI = '860000000000017';
const HEARD_MS = Date.UTC(2026, 9, 1, 4);
const FIRE: Stimulus = { what: 'fire', address: {}, deviceTime: '2026-10-01T03:59:58' };
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

function deskOf(cloud: string, secrets = SECRETS): PushDesk {
  return new PushDesk({
    cloud: CLOUDS.get(cloud)!,
    secrets,
    cryptography: NODE_CRYPTOGRAPHY,
    devices: [{ name: 'smoke-302', device: IMEI }],
  });
}

function post(cloud: string, body: Uint8Array, secrets = SECRETS): PushReading {
  return deskOf(cloud, secrets).read('POST', TARGET, body, HEARD_MS);
}

function saidIn(reading: PushReading): readonly PushSaid[] {
  if (!('said' in reading)) throw new Error(JSON.stringify(reading));
  return reading.said;
}
const whats = (reading: PushReading) => saidIn(reading).flatMap(({ heard }) => heard.observations.map(({ what }) => what));

/** A push of a cloud that says something of the device, signed where the cloud signs. */
function pushOf(cloud: string, counter = 7, stimulus = FIRE): Uint8Array {
  const payload = CLOUDS.get(cloud)!.family.play.say(stimulus, IMEI, counter)!;
  const body = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
  const nonce = 'k3Jf9aQz';
  if (cloud === 'onenet-old') return bytes({ ...body, nonce, msg_signature: signed(SECRETS.token!, nonce, JSON.stringify(body['msg'])) });
  if (cloud === 'onenet') return bytes({ ...body, nonce, signature: signed(SECRETS.token!, nonce, String(body['msg'])) });
  return payload;
}

describe.each([...CLOUDS.keys()])('a push of %s', (cloud) => {
  it('is heard as what the device said, by the name of the site', () => {
    const [said, ...more] = saidIn(post(cloud, pushOf(cloud)));
    expect(more).toEqual([]);
    expect(said).toMatchObject({ unread: null, isStranger: false, heard: { device: 'smoke-302', heardMs: HEARD_MS } });
    expect(said!.heard.observations[0]).toMatchObject({ what: 'fire' });
    expect(said!.heard.family).toBe(`push-${cloud}/1`);
  });

  it('has the same key and the same event ids as its copy, and others than the next message', () => {
    const one = saidIn(post(cloud, pushOf(cloud)))[0]!;
    const copy = saidIn(post(cloud, pushOf(cloud)))[0]!;
    const next = saidIn(post(cloud, pushOf(cloud, 8, { ...FIRE, deviceTime: '2026-10-01T04:00:30' })))[0]!;
    expect(one.key).not.toBeNull();
    expect(copy.key).toBe(one.key);
    expect(next.key).not.toBe(one.key);
    const ids = [0, 1, 2].map((ordinal) => one.heard.eventIdOf!(ordinal));
    expect(ids).toEqual([0, 1, 2].map((ordinal) => copy.heard.eventIdOf!(ordinal)));
    expect(new Set([...ids, next.heard.eventIdOf!(0)]).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['POST', '/push/another-secret', 'wrong-path'],
    ['POST', '/push/', 'wrong-path'],
    ['POST', '/', 'wrong-path'],
    ['POST', `${TARGET}/`, 'wrong-path'],
    ['POST', '/push/__proto__', 'wrong-path'],
    ['DELETE', TARGET, 'wrong-method'],
  ] as const)('by %s %s is refused before its body is read', (method, target, refused) => {
    const answer = { status: PUSH_REFUSALS[refused].status, text: '' };
    expect(deskOf(cloud).refuses(method, target)).toEqual({ refused, answer });
    expect(deskOf(cloud).read(method, target, pushOf(cloud), HEARD_MS)).toEqual({ refused, answer });
  });

  it('never throws and never vanishes, whatever the body is', () => {
    const noisy = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(bytes),
      fc.nat({ max: 400 }).map((length) => pushOf(cloud).slice(0, length)),
      fc.tuple(fc.nat(300), fc.nat(255)).map(([at, byte]) => pushOf(cloud).with(Math.min(at, pushOf(cloud).length - 1), byte)),
    );
    fc.assert(
      fc.property(noisy, (body) => {
        const reading = post(cloud, body);
        return 'refused' in reading || saidIn(reading).length > 0;
      }),
    );
  });
});

describe.each(['ctwing', 'oceanconnect', 'iotda'])('a push of %s that nobody can read', (cloud) => {
  it.each(['not json', '{}', '[]', '{"messageType":"dataReport","payload":{"APPdata":"AAECAw=="},"IMEI":"860000000000017"}'])(
    '%s is kept and told as a text',
    (body) => {
      const [said] = saidIn(post(cloud, bytes(body)));
      expect(said).toMatchObject({ unread: 'undecodable', key: null });
      expect(said!.heard).toMatchObject({ observations: [{ what: 'text', detail: 'undecodable' }], packet: bytes(body) });
    },
  );
});

describe('CTWing', () => {
  it('is read with the setting of the product that the site gives for a device, and of no other', () => {
    const devices = [
      { name: 'usual', device: '860000000000017' },
      { name: 'turned', device: '860000000000025', dialect: 'alarm-at-1' },
    ];
    const desk = new PushDesk({ cloud: CLOUDS.get('ctwing')!, secrets: SECRETS, cryptography: NODE_CRYPTOGRAPHY, devices });
    const words = devices.map(({ device: IMEI }) => {
      const body = { messageType: 'eventReport', eventType: 2, IMEI, eventContent: { smoke_state: 0 } };
      const [said] = saidIn(desk.read('POST', TARGET, bytes(JSON.stringify(body)), HEARD_MS));
      return [said!.heard.device, ...said!.heard.observations.map(({ what }) => what)];
    });
    expect(words).toEqual([
      ['usual', 'fire'],
      ['turned', 'heartbeat'],
    ]);
  });

  const report = (over: object) => {
    const body = JSON.parse(new TextDecoder().decode(pushOf('ctwing'))) as object;
    return saidIn(post('ctwing', bytes({ ...body, ...over })))[0]!;
  };

  it.each([
    { upPacketSN: '', upDataSN: '' },
    { upPacketSN: -1, upDataSN: -1 },
    { upPacketSN: undefined, upDataSN: undefined },
  ])('without numbers (%j) tells a copy by the payload and the millisecond', (none) => {
    expect(report(none).key).toBe(report(none).key);
    expect(report({ ...none, timestamp: HEARD_MS + 1 }).key).not.toBe(report({ ...none, timestamp: HEARD_MS }).key);
  });

  it('knows a copy by its numbers though the platform stamped it again', () => {
    expect(report({ timestamp: HEARD_MS + 1_500 }).key).toBe(report({ timestamp: HEARD_MS }).key);
  });

  it('takes numbers that began again for a new message', () => {
    expect(report({ timestamp: HEARD_MS + 3 * 86_400_000 }).key).not.toBe(report({ timestamp: HEARD_MS }).key);
    expect(report({ payload: { APPdata: 'AAEC' } }).key).not.toBe(report({}).key);
  });

  it('hears a device by the id of the platform where the site names that, and strangers by a name of their own', () => {
    const devices = [{ name: 'hall', device: IMEI.padStart(32, '0') }];
    const desk = new PushDesk({ cloud: CLOUDS.get('ctwing')!, secrets: SECRETS, cryptography: NODE_CRYPTOGRAPHY, devices });
    expect(saidIn(desk.read('POST', TARGET, pushOf('ctwing'), HEARD_MS))[0]).toMatchObject({
      isStranger: false,
      heard: { device: 'hall' },
    });
    const stranger = CLOUDS.get('ctwing')!.family.play.say(FIRE, '860000000000099', 1)!;
    expect(saidIn(post('ctwing', stranger))[0]).toMatchObject({ isStranger: true, heard: { device: 'unknown-860000000000099' } });
  });

  it('bounds the names of strangers and still hears every one', () => {
    const desk = deskOf('ctwing');
    const names = Array.from({ length: 300 }, (_, index) => {
      const body = bytes({ messageType: 'deviceOnlineOfflineReport', eventType: 1, deviceId: `dev\n<${index}>`, timestamp: HEARD_MS });
      return saidIn(desk.read('POST', TARGET, body, HEARD_MS))[0]!.heard.device;
    });
    expect(names[3]).toBe('unknown-dev__3_');
    expect(new Set(names).size).toBe(257);
    expect(names.at(-1)).toBe('unknown-others');
  });
});

describe.each(['onenet-old', 'onenet'])('the signature of %s', (cloud) => {
  const greeting = (query: Record<string, string>) =>
    deskOf(cloud).read('GET', `${TARGET}?${new URLSearchParams(query)}`, new Uint8Array(), HEARD_MS);

  it('is proven by the trial of the address, whose text is given back', () => {
    const msg = 'abc+/=<ü>';
    const signature = signed(SECRETS.token!, 'k3Jf9aQz', msg);
    expect(greeting({ msg, nonce: 'k3Jf9aQz', signature })).toEqual({ greeted: { status: 200, text: msg } });
  });

  it('counts the same where a form decoder took + for a blank or the padding is gone', () => {
    const [msg, nonce] = [...Array(500).keys()]
      .map((number) => [`m${number}`, 'k3Jf9aQz'] as const)
      .find(([text, once]) => signed(SECRETS.token!, once, text).includes('+'))!;
    const signature = signed(SECRETS.token!, nonce, msg).replaceAll('+', ' ').replace(/=+$/, '');
    expect(greeting({ msg, nonce, signature })).toHaveProperty('greeted');
  });

  it.each([
    [{ msg: 'm', nonce: 'n', signature: signed('another token', 'n', 'm') }, 'wrong-signature'],
    [{ msg: 'other', nonce: 'n', signature: signed(SECRETS.token!, 'n', 'm') }, 'wrong-signature'],
    [{ msg: 'm', nonce: 'n' }, 'unsigned'],
    [{}, 'unsigned'],
  ])('%j at the trial is %s', (query, refused) => {
    expect(greeting(query as Record<string, string>)).toMatchObject({ refused, answer: { status: 403, text: '' } });
  });

  it('is wanted of every push', () => {
    const body = JSON.parse(new TextDecoder().decode(pushOf(cloud))) as Record<string, unknown>;
    const name = cloud === 'onenet' ? 'signature' : 'msg_signature';
    expect(post(cloud, bytes({ ...body, [name]: signed('another', 'k3Jf9aQz', JSON.stringify(body['msg'])) }))).toMatchObject({
      refused: 'wrong-signature',
    });
    expect(post(cloud, bytes({ ...body, nonce: 'other' }))).toMatchObject({ refused: 'wrong-signature' });
    expect(post(cloud, bytes({ ...body, [name]: undefined }))).toMatchObject({ refused: 'unsigned' });
    expect(post(cloud, bytes('not json'))).toMatchObject({ refused: 'unsigned' });
  });
});

describe('OneNET, older platform', () => {
  const NONCE = 'OkCUjq(9';
  const smoke = () => JSON.parse(new TextDecoder().decode(pushOf('onenet-old'))).msg as Record<string, unknown>;
  const push = (text: string) => bytes(`{"msg": ${text} ,"nonce":"${NONCE}","msg_signature":"${signed(SECRETS.token!, NONCE, text)}"}`);

  it('signs the text of the message as it was sent, blanks and escapes and all', () => {
    const text = JSON.stringify(smoke(), null, 2).replaceAll('/', '\\/');
    expect(whats(post('onenet-old', push(text)))).toContain('fire');
  });

  it('hears each of several devices in one push under its own name', () => {
    const other = { ...smoke(), imei: '860000000000018', type: 2, status: 0, value: undefined };
    const said = saidIn(post('onenet-old', push(JSON.stringify([smoke(), other]))));
    expect(said.map(({ heard }) => [heard.device, heard.observations[0]!.what])).toEqual([
      ['smoke-302', 'fire'],
      ['unknown-860000000000018', 'link'],
    ]);
    expect(said[0]!.key).not.toBe(said[1]!.key);
  });

  it('opens what is encrypted with the key of the console, and keeps it sealed with another or none', () => {
    const key = Buffer.alloc(32, 5);
    const inner = bytes(smoke());
    const head = Buffer.alloc(20, 0x41);
    head.writeUInt32BE(inner.length, 16);
    const sealed = encrypted(key, key.subarray(0, 16), Buffer.concat([head, inner]));
    const body = bytes({ enc_msg: sealed, nonce: NONCE, msg_signature: signed(SECRETS.token!, NONCE, sealed) });
    const console = (bytesOfKey: Buffer) => ({ ...SECRETS, key: bytesOfKey.toString('base64').slice(0, 43) });
    expect(whats(post('onenet-old', body, console(key)))).toContain('fire');
    for (const secrets of [SECRETS, console(Buffer.alloc(32, 6)), { ...SECRETS, key: 'no key' }]) {
      const [said] = saidIn(post('onenet-old', body, secrets));
      expect(said).toMatchObject({ unread: 'sealed', heard: { observations: [{ what: 'text', detail: 'sealed' }], packet: body } });
    }
  });
});

describe('OneNET, new platform', () => {
  const NONCE = 'k3Jf9aQz';
  const msg = () => JSON.parse(new TextDecoder().decode(pushOf('onenet'))).msg as string;
  const push = (text: string, over: object = {}) =>
    bytes({ msg: text, nonce: NONCE, signature: signed(SECRETS.token!, NONCE, text), time: HEARD_MS, id: 'x1', ...over });

  it('knows a repeat by what is inside, though the envelope was made anew', () => {
    const [one] = saidIn(post('onenet', push(msg())));
    const again = bytes({
      msg: msg(),
      nonce: 'other',
      signature: signed(SECRETS.token!, 'other', msg()),
      time: HEARD_MS + 5_000,
      id: 'x2',
    });
    expect(saidIn(post('onenet', again))[0]!.key).toBe(one!.key);
  });

  it('opens what is encrypted with the 16 characters of the key', () => {
    const key = 'sixteen-letters!';
    const sealed = encrypted(bytes(key), bytes(key), bytes(msg()));
    expect(whats(post('onenet', push(sealed), { ...SECRETS, key }))).toContain('fire');
    expect(saidIn(post('onenet', push(sealed), { ...SECRETS, key: 'another 16 chars' }))[0]).toMatchObject({ unread: 'sealed' });
    expect(saidIn(post('onenet', push(sealed)))[0]).toMatchObject({ unread: 'sealed' });
  });
});

describe('a message without a time', () => {
  it('is heard again when it comes again: two equal ones may be two alarms', () => {
    const body = bytes({ notifyType: 'deviceInfoChanged', deviceId: IMEI, status: 'OFFLINE' });
    const [said] = saidIn(post('oceanconnect', body));
    expect(said!.key).toBeNull();
    expect(said!.heard.eventIdOf).toBeUndefined();
  });

  it.each([
    [{ at: 1_700_000_000_000 }, true],
    [{ data: { params: { smoke: { value: 1, time: '1700000000000' } } } }, true],
    [{ services: [{ eventTime: '20200515T023353Z' }] }, true],
    [{ time: 3, at: 'noon', sometime: 1_700_000_000_000 }, false],
    [null, false],
  ])('%j tells its time: %s', (value, tells) => {
    expect(tellsItsTime(value)).toBe(tells);
  });
});

test('what is no JSON inside a seal is nothing', () => {
  expect([parsed('{"a":1}'), parsed('{')]).toEqual([{ a: 1 }, null]);
});

describe('the text of a member', () => {
  it('ends with the text where the object was cut off behind it', () => {
    expect(rawMember('{"a": [1, "]\\""', 'a')).toBe('[1, "]\\""');
    expect(rawMember('{"a": "b', 'c')).toBeNull();
    expect(rawMember('{nothing', 'a')).toBeNull();
  });

  it('is what JSON.parse reads as that member, for every object', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true });
    fc.assert(
      fc.property(object, fc.constantFrom(0, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        for (const name of Object.keys(value)) expect(JSON.parse(rawMember(text, name)!)).toEqual(JSON.parse(JSON.stringify(value[name])));
        expect(rawMember(text, `${Object.keys(value).join('')}?`)).toBeNull();
      }),
    );
  });
});

describe('what was seen', () => {
  it('is known again, forgets the oldest, and never knows what has no key', () => {
    const seen = new Seen();
    for (let number = 0; number < 50_001; number++) seen.remember(String(number));
    expect([seen.has('0'), seen.has('1'), seen.has('50000'), seen.has(null)]).toEqual([false, true, true, false]);
    seen.remember(null);
    expect(seen.has(null)).toBe(false);
  });
});
