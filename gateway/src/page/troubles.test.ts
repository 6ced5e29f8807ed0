import { describe, expect, it } from 'vitest';
import { FAILURES } from '../failures.ts';
import { REMEDIES_ZH } from './remedies.ts';

describe('the help of the page', () => {
  it('has a Chinese remedy for everything that can stop a wire, the journal or an uplink', () => {
    const shown = Object.keys(FAILURES).filter(
      (code) => /^(?:wire|uplink|journal|orders|registrations|secret|driver)-/.test(code) && code !== 'journal-closed',
    );
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.filter((code) => !(code in REMEDIES_ZH))).toEqual([]);
    expect(Object.values(REMEDIES_ZH).filter((remedy) => !/\p{Script=Han}/u.test(remedy))).toEqual([]);
  });
});
