import { FAMILIES } from '@fengsui/protocol/families';
import { expect, test } from 'vitest';
import type { GatewayConfiguration } from './config.ts';
import { warnOfExperiments } from './experiments.ts';

test('the log names every device of a family without real samples, and no other', () => {
  const devices = [...FAMILIES.values()].map(({ name }) => ({ name: `a ${name}`, family: name }));
  const said: object[] = [];
  const configuration = { lines: [{ name: 'line-1', devices }] } as unknown as Pick<GatewayConfiguration, 'lines'>;
  warnOfExperiments(configuration, { warn: (fields, message) => said.push({ ...fields, message }) });
  const experimental = [...FAMILIES.values()].filter(({ tier }) => tier > 1);
  expect(said).toHaveLength(experimental.length);
  for (const { name, tier } of experimental)
    expect(said).toContainEqual({
      line: 'line-1',
      device: `a ${name}`,
      family: name,
      tier,
      message: expect.stringContaining('experimental 实验'),
    });
});
