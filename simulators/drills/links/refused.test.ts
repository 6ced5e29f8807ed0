import { Carrier } from '@fengsui/gateway/src/uplink/carrier.ts';
import type { runUplink } from '@fengsui/gateway/src/uplink/uplink.ts';
import { expect, test } from 'vitest';
import { perform } from '../itself/experiment.ts';
import { experiment, keepOut } from './refused.ts';
import { REFUSING_CASES } from './refusing-cases.ts';

test('a gateway that is not let in says why in words that tell what to do, and is back after the cure with every alarm once', async () => {
  const { complaints } = await perform(experiment, 1, false);
  expect(complaints).toEqual([]);
}, 600_000);

/** M5: a refusal ends it, as the MQTT library's own reconnecting does by default. */
const givesUp: typeof runUplink = async (options) => {
  const carrier = new Carrier(options);
  for (let code = ''; code !== 'uplink-refused' && code !== 'uplink-unready'; ) {
    const failure = await carrier.round();
    ({ code } = failure);
    Object.assign(options.numbers, { lastFailure: failure.message, lastFailureCode: code });
    options.outage.lost(failure.message);
  }
};

test.each([0, 1])(
  'an uplink that a refusal ends for good is found out (CONNACK case %#)',
  async (index) => {
    const short = { standsMs: 200, reconnectMaxMs: 300, patienceMs: 5_000 };
    const { findings, backAfterS } = await keepOut(REFUSING_CASES[index]!, { ...short, run: givesUp });
    expect(backAfterS).toBeNull();
    expect(findings.complaints).toEqual([expect.stringContaining('not back within')]);
  },
  300_000,
);
