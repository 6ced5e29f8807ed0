import { expect, test } from 'vitest';
import { checkConfiguration } from './config.ts';

function problems(uplink: string): readonly string[] {
  const read = checkConfiguration(
    `gateway: { id: gw-1, address: 3000001, centre: 20 }\ndata: ./data\nprofile: db36-t1297-2020\nuplinks: [ { name: city, kind: gb26875, ${uplink} } ]\n`,
    '/srv',
  );
  return 'problems' in read ? read.problems : [];
}

test('an uplink to a city centre leaves the machine in clear text only where somebody says so', () => {
  expect(problems('host: 127.0.0.1, port: 5600')).toEqual([]);
  expect(problems('host: centre.example.org, port: 5600, unencrypted: true, transport: udp')).toEqual([]);
  expect(problems('host: centre.example.org, port: 5600')).toEqual([
    'uplinks[0].unencrypted: must be true, GB/T 26875.3 without tls goes in clear text (only over a private line)',
  ]);
});

test('what does not go together is said, each with its remedy', () => {
  expect(problems('host: 127.0.0.1, port: 5600, transport: udp, unencrypted: true, tls: { certificate: gone.pem }')).toEqual([
    'uplinks[0].tls: must be absent, it needs transport tcp',
    'uplinks[0].unencrypted: must be false where tls is set',
    'uplinks[0].tls: certificate and key go together',
    expect.stringMatching(/^uplinks\[0\]\.tls\.certificate: cannot be read, ENOENT \(\/srv\/gone\.pem\)$/),
  ]);
  expect(problems('host: 127.0.0.1, port: 5600, reconnectMinMs: 5000, reconnectMaxMs: 100')).toEqual([
    'uplinks[0].reconnectMaxMs: must not be below reconnectMinMs',
  ]);
  expect(problems('host: 127.0.0.1, port: 5600, heartbeatS: 30')).toEqual([
    'uplinks[0].heartbeatS: with replyTimeoutMs and resends a dead link would be noticed after 70 s, must be at most 60',
  ]);
  expect(problems('host: 127.0.0.1, port: 5600, dialect: for-faith').join()).toContain('did you mean "four-faith"?');
});
