import { describe, expect, it } from 'vitest';
import { forbiddenNames } from './names.ts';

describe('names that say nobody decided', () => {
  it.each([
    'gateway/src/utils/hex.ts',
    'gateway/src/util.ts',
    'collector/src/ledger/ledger-helper.ts',
    'collector/src/outlets/alarmHandler.ts',
    'protocol/src/common/index.ts',
    'simulators/src/wire.manager.ts',
    'docs/misc.md',
    'gateway/src/services/a.ts',
  ])('%s is refused', (path) => {
    expect(forbiddenNames([path])).toHaveLength(1);
  });

  it.each([
    'gateway/src/journal/journal.ts',
    'gateway/package/fengsui-gateway.service',
    'docs/utility-power.md',
    'collector/src/people/roles.ts',
  ])('%s is fine', (path) => {
    expect(forbiddenNames([path])).toEqual([]);
  });
});
