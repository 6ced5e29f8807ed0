import { describe, expect, it } from 'vitest';
import { settings } from './settings-table.ts';

const schema = {
  type: 'object',
  required: ['id', 'port', 'wires'],
  properties: {
    id: { type: 'string', says: 'must be a name' },
    port: { type: 'integer', minimum: 0, maximum: 65535, default: 0 },
    limit: { type: 'number', minimum: 0 },
    everyS: { type: 'integer', minimum: 1, maximum: 20, released: { maximum: 40 }, says: 'must be 1 to 20' },
    level: { enum: ['error', 'info'], default: 'info' },
    wires: {
      type: 'array',
      items: {
        anyOf: [
          { type: 'object', required: ['kind', 'path'], properties: { kind: { const: 'serial' }, path: { type: 'string' } } },
          { type: 'object', required: ['kind'], properties: { kind: { const: 'udp' }, fast: { type: 'boolean' } } },
        ],
      },
    },
  },
};

describe('the table of settings', () => {
  it('names every setting by its path, with what it may be and its default', () => {
    expect(settings(schema).map(({ path, value, standard }) => `${path}: ${value}: ${standard}`)).toEqual([
      'id: a name: ',
      'port: whole number, 0 to 65535: `0`',
      'limit: number, at least 0: optional',
      'everyS: 1 to 20 (stored by an earlier version, up to 40: runs as 20): optional',
      'level: one of `error`, `info`: `"info"`',
      'wires[] (serial).kind: `serial`: ',
      'wires[] (serial).path: text: ',
      'wires[] (udp).kind: `udp`: ',
      'wires[] (udp).fast: `true` or `false`: optional',
    ]);
  });

  it('shows many words that may hold the same as one row', () => {
    const words = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`w${index}`, { type: 'boolean' }]));
    expect(settings({ properties: { means: { properties: words } } })).toEqual([
      { path: 'means.<word>', value: '`true` or `false`', standard: 'optional' },
    ]);
  });

  it('counts long lists of words instead of printing them', () => {
    const words = Array.from({ length: 40 }, (_, index) => `w${index}`);
    const [row] = settings({ properties: { word: { enum: words } } });
    expect(row?.value).toMatch(/^one of 40 words: `w0`, .* …$/);
  });
});
