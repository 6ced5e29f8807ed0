import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { check, isGood, type Verdict } from './check.ts';
import type { LedgerEvent, LedgerRow, Request, Run, Stimulus } from './records.ts';

// Doctored runs: whatever goes wrong between a device and the city, this checker must say so.

const START_MS = Date.UTC(2026, 9, 7, 4, 0, 0);
const IMEI = '860000000000017';

function jbf(command: number, loop: number, point: number, second: number): string {
  const data = [command, 1, loop, point, 0, 26, 10, 7, 12, 0, second];
  const sum = data.reduce((total, byte) => total + byte, 0) & 0xff;
  return Buffer.from([0x82, ...[...data, sum].flatMap((byte) => [0x30 + (byte >> 4), 0x30 + (byte & 15)]), 0x83]).toString('hex');
}

function huaqiang(index: number, alarmBits: number, second: number): string {
  const bytes = Buffer.alloc(52);
  bytes.write('PU');
  bytes.writeUInt16BE(48, 2);
  bytes[5] = index;
  bytes[7] = 8;
  bytes.writeUInt32BE(Date.UTC(2026, 9, 7, 12, 0, second) / 1000 - 1_536_508_800, 13);
  Buffer.from(`${IMEI}0`.replace(/(.)(.)/g, '$2$1'), 'hex').copy(bytes, 17);
  bytes[27] = alarmBits;
  return bytes.toString('hex');
}

/** The outer frame of GB/T 26875.3 around the packet. */
function frameOf(packetHex = ''): Uint8Array {
  const bytes = Buffer.concat([Buffer.from('4040'.padEnd(54, '0'), 'hex'), Buffer.from(packetHex, 'hex'), Buffer.alloc(3)]);
  bytes[bytes.length - 3] = bytes.subarray(2, -3).reduce((sum, byte) => (sum + byte) & 0xff, 0);
  bytes.writeUInt16BE(0x2323, bytes.length - 2);
  return bytes;
}

/** Five things said: three by a panel, one by an NB detector, and three values of a hydrant, the last below its limit. */
function goodRun(): { -readonly [N in keyof Run]: Run[N] extends readonly (infer T)[] ? T[] : never } {
  const stimuli: Stimulus[] = [];
  const rows: LedgerRow[] = [];
  const requests: Request[] = [];
  const numbers: Record<string, number> = { alarm: 0, ordinary: 0 };
  const land = (lane: 'alarm' | 'ordinary', atMs: number, event: LedgerEvent) => {
    const position = rows.length + 1;
    const eventId = position.toString(16).padStart(32, '0');
    const number = ++numbers[lane]!;
    const frame = frameOf(event.packetHex);
    rows.push({ position, gateway: 'gw-1', epoch: 1, lane, number, ordinal: position, committedMs: atMs + 40, eventId, frame, event });
    requests.push({ atMs: atMs + 60, id: eventId, body: `{"eventId":"${eventId}"}`, answer: 200, mode: 'normal' });
  };
  const say = (device: string, family: string, what: string, more: Partial<Stimulus>): number => {
    const sequence = stimuli.filter((stimulus) => stimulus.device === device).length + 1;
    const atMs = START_MS + stimuli.length * 1000;
    stimuli.push({
      ...{ sid: `${device}-${sequence}`, device, family, sequence, atMs, what, address: {}, expect: 'must', acknowledgedMs: null },
      ...more,
    });
    return atMs;
  };
  const panel = (what: string, command: number, kind: string, edge: string, point: number, second: number) => {
    const time = `2026-10-07T12:00:${String(second).padStart(2, '0')}`;
    const atMs = say('panel-1', 'jbf-193k', what, { address: { loop: 1, point }, deviceTime: time });
    const packetHex = jbf(command, 1, point, second);
    land(kind === 'fire' ? 'alarm' : 'ordinary', atMs, { kind, edge, source: 'panel-1', packetHex, receivedMs: atMs + 10 });
  };
  const hydrant = (value: number) => {
    const atMs = say('hydrant-7', 'pressure-transmitter', 'reading', { value, address: { register: 'pressure' } });
    const reply = Buffer.from([3, 3, 4, 0, 0, value >> 8, value & 255, 0, 0]).toString('hex');
    const event = { source: 'hydrant-7', measured: { quantity: 'pressure-kpa', value }, receivedMs: atMs + 10, packetHex: reply };
    if (value < 140) land('alarm', atMs, { ...event, kind: 'low', edge: 'began' });
    else land('ordinary', atMs, { ...event, kind: 'reading', edge: 'momentary' });
  };
  panel('fire', 0x80, 'fire', 'began', 2, 1);
  panel('fire', 0x80, 'fire', 'began', 3, 2);
  panel('fault', 0x81, 'fault', 'began', 9, 3);
  const atMs = say('smoke-302', 'nb-huaqiang', 'fire', { address: { device: IMEI }, counter: 7, deviceTime: '2026-10-07T12:00:04' });
  const nb = { source: 'smoke-302', packetHex: huaqiang(7, 1, 4), receivedMs: atMs + 10 };
  land('alarm', atMs, { ...nb, kind: 'fire', edge: 'began' });
  const { packetHex: _, ...along } = nb; // the packet travels with the first event it makes
  land('ordinary', atMs, { ...along, kind: 'reading', edge: 'momentary', measured: { quantity: 'temperature', value: 20 } });
  for (const value of [300, 250, 120]) hydrant(value);
  return { stimuli, rows, quarantined: [], requests, outages: [] };
}

type Doctored = ReturnType<typeof goodRun>;
function verdictOf(doctor: (run: Doctored) => void): Verdict {
  const run = goodRun();
  doctor(run);
  const verdict = check(run);
  expect(isGood(verdict), 'a doctored run must not pass').toBe(false);
  return verdict;
}
const rowOf = (run: Doctored, position: number) => run.rows.findIndex((row) => row.position === position);
function change(run: Doctored, position: number, more: Partial<LedgerRow>): void {
  run.rows[rowOf(run, position)] = { ...run.rows[rowOf(run, position)]!, ...more };
}

test('a good run is good, and its numbers are those of the stimuli', () => {
  const verdict = check(goodRun());
  expect(isGood(verdict)).toBe(true);
  expect(verdict).toMatchObject({
    stimuli: 7,
    ledger: 7,
    municipal: 7,
    lost: [],
    duplicated: [],
    outOfOrder: [],
    phantoms: [],
    falsified: [],
  });
  expect(verdict.alarmLatencyMs).toEqual({ p50: 40, p99: 40 });
});

test('a run in which nothing was said proves nothing', () => {
  expect(isGood(check({ stimuli: [], rows: [], quarantined: [], requests: [], outages: [] }))).toBe(false);
});

describe('what is lost is found', () => {
  test('a row missing from the ledger: the stimulus and the number', () => {
    const verdict = verdictOf((run) => run.rows.splice(rowOf(run, 2), 1));
    expect(verdict.lost).toEqual([expect.stringContaining('panel-1-2 (fire')]);
    expect(verdict.gaps).toEqual(['number 2 of gw-1/1/alarm is missing in the ledger']);
    expect([verdict.stimuli, verdict.ledger]).toEqual([7, 6]);
  });

  test('the last row of all, which leaves no gap in the numbers', () => {
    const verdict = verdictOf((run) => run.rows.splice(rowOf(run, 7), 1));
    expect(verdict.lost).toContainEqual(expect.stringContaining('hydrant-7-2'));
  });

  test('a value that was read and is not there', () => {
    const verdict = verdictOf((run) =>
      change(run, 7, { event: { ...run.rows[6]!.event, measured: { quantity: 'pressure-kpa', value: 300 } } }),
    );
    expect(verdict.lost).toEqual([expect.stringContaining('hydrant-7-2 (reading')]);
  });

  test('an event that never reached the municipal platform, or was only ever refused', () => {
    expect(verdictOf((run) => run.requests.splice(3, 1)).lost).toEqual(['row 4 (fire) never reached the municipal platform']);
    const refused = verdictOf((run) => (run.requests[3] = { ...run.requests[3]!, answer: 500, mode: 'fail' }));
    expect([refused.lost.length, refused.municipal]).toEqual([1, 6]);
  });

  test('what may be missing is not missed, and what was put aside leaves no gap', () => {
    const run = goodRun();
    run.stimuli[1] = { ...run.stimuli[1]!, expect: 'may' };
    run.rows.splice(rowOf(run, 2), 1);
    run.requests.splice(1, 1);
    expect(isGood(check(run))).toBe(false);
    expect(isGood(check({ ...run, quarantined: ['gw-1/1/alarm/2'] }))).toBe(true);
  });
});

describe('what is doubled is found', () => {
  test('the same packet under another number and another id', () => {
    const verdict = verdictOf((run) => {
      const row = { ...run.rows[1]!, position: 99, ordinal: 99, number: 99, eventId: 'f'.repeat(32) };
      run.rows.push(row);
      run.requests.push({ ...run.requests[1]!, id: row.eventId });
    });
    expect(verdict.duplicated).toEqual([expect.stringContaining('panel-1-2 stands there already')]);
  });

  test('the same event id twice', () => {
    const verdict = verdictOf((run) => change(run, 2, { eventId: run.rows[0]!.eventId }));
    expect(verdict.duplicated).toContainEqual(expect.stringContaining('its event id stands there already'));
  });

  test('a value reported twice although it was read once', () => {
    const verdict = verdictOf((run) => {
      const row = run.rows[rowOf(run, 7)]!;
      run.rows.splice(rowOf(run, 8), 0, { ...row, position: 7.5, ordinal: 7.5, number: 99, eventId: 'e'.repeat(32) });
    });
    expect(verdict.duplicated).toContainEqual(expect.stringContaining('250 stands there already'));
  });

  test('a limit that begins twice', () => {
    const verdict = verdictOf((run) => {
      const row = run.rows.at(-1)!;
      run.rows.push({ ...row, position: 99, ordinal: 99, number: 99, eventId: 'd'.repeat(32) });
    });
    expect(verdict.duplicated).toContainEqual(expect.stringContaining('it began already'));
  });

  test('a push repeated after a good answer, or with other bytes', () => {
    const again = verdictOf((run) => run.requests.push({ ...run.requests[0]!, atMs: START_MS + 90_000 }));
    expect(again.duplicated).toEqual([expect.stringContaining('was pushed again after a good answer')]);
    const other = verdictOf((run) => run.requests.unshift({ ...run.requests[0]!, body: '{}', answer: 500, mode: 'fail' }));
    expect(other.duplicated).toEqual([expect.stringContaining('was pushed with different bodies')]);
  });

  test('a push repeated because the answer was hidden is no double', () => {
    const run = goodRun();
    run.requests.unshift({ ...run.requests[0]!, answer: null, mode: 'hang' });
    expect(isGood(check(run))).toBe(true);
  });
});

describe('what is out of order is found', () => {
  test('two things of one device heard the wrong way round', () => {
    const verdict = verdictOf((run) => {
      const [one, other] = [run.rows[0]!, run.rows[1]!];
      change(run, 1, { event: other.event, frame: other.frame });
      change(run, 2, { event: one.event, frame: one.frame });
    });
    expect(verdict.outOfOrder).toEqual(['row 2: panel-1-1 stands behind panel-1-2']);
  });

  test('a lane whose rows were written the wrong way round', () => {
    const verdict = verdictOf((run) => {
      run.rows.splice(0, 2, { ...run.rows[1]!, position: 1 }, { ...run.rows[0]!, position: 2 });
    });
    expect(verdict.outOfOrder.length).toBeGreaterThan(0);
  });

  /** What is wrong with the order of an ordinary lane whose rows arrive like this. */
  const arriving = (numbers: readonly number[]) => {
    const row = goodRun().rows[0]!;
    const rows = numbers.map((number, index) => ({ ...row, lane: 'ordinary' as const, number, ordinal: number, position: index + 1 }));
    return check({ ...goodRun(), rows }).outOfOrder.filter((found) => found.includes('of gw'));
  };

  test('a row that stands behind a later one of its lane, unless it is of a long backlog beside what is new', () => {
    expect(arriving([1, 2, 3, 5, 4])).toHaveLength(1);
    expect(arriving([1, 2, 500, 3, 4])).toHaveLength(2);
    expect(arriving([1, 2, 5_001, 3, 4, 5_002, 5])).toEqual([]);
    expect(arriving([1, 2, 5_001, 4, 3, 5_003])).toHaveLength(1);
    expect(arriving([1, 2, 5_001, 3, 9_001, 5_002])).toEqual([]);
    expect(arriving([1, 9_001, 5_001, 3])).toHaveLength(1);
  });

  test('a push that overtook another', () => {
    const verdict = verdictOf((run) => run.requests.splice(0, 2, run.requests[1]!, run.requests[0]!));
    expect(verdict.outOfOrder).toEqual([expect.stringContaining('of row 1 was pushed behind row 2')]);
  });
});

describe('what nobody said is found', () => {
  test('an event of a packet that was never sent', () => {
    const verdict = verdictOf((run) => {
      const packetHex = jbf(0x80, 1, 77, 30);
      const event = { ...run.rows[0]!.event, packetHex };
      run.rows.push({ ...run.rows[0]!, position: 99, ordinal: 99, number: 4, eventId: 'c'.repeat(32), event, frame: frameOf(packetHex) });
      run.requests.push({ ...run.requests[0]!, id: 'c'.repeat(32) });
    });
    expect(verdict.phantoms).toEqual([expect.stringContaining('no stimulus says "fire 1.1.77')]);
  });

  test('an event made of a packet that was broken on the wire', () => {
    const verdict = verdictOf((run) => (run.stimuli[0] = { ...run.stimuli[0]!, expect: 'mustNot' }));
    expect(verdict.phantoms).toHaveLength(1);
  });

  test('a label that the packet contradicts', () => {
    const verdict = verdictOf((run) => change(run, 3, { event: { ...run.rows[2]!.event, kind: 'fire' } }));
    expect(verdict.phantoms).toEqual([expect.stringContaining('its packet says fault')]);
  });

  test('a value that no device had, a device that does not exist, a push of nothing', () => {
    const value = verdictOf((run) =>
      change(run, 7, {
        event: { ...run.rows[6]!.event, measured: { quantity: 'pressure-kpa', value: 260 }, packetHex: '030304000001040000' },
      }),
    );
    expect(value.phantoms).toEqual([expect.stringContaining('the value 260 was not read then')]);
    const device = verdictOf((run) => change(run, 1, { event: { ...run.rows[0]!.event, source: 'panel-2' } }));
    expect(device.phantoms).toEqual([expect.stringContaining('no such device')]);
    const push = verdictOf((run) => run.requests.push({ ...run.requests[0]!, id: 'b'.repeat(32) }));
    expect(push.phantoms).toEqual([expect.stringContaining('is not in the ledger')]);
  });

  test('a row whose evidence does not hold', () => {
    expect(verdictOf((run) => change(run, 1, { frame: frameOf(jbf(0x80, 1, 3, 9)) })).falsified).toEqual([
      expect.stringContaining('does not carry the packet it names'),
    ]);
    const torn = verdictOf((run) => change(run, 1, { frame: run.rows[0]!.frame.map((byte, at) => (at === 30 ? byte ^ 1 : byte)) }));
    expect(torn.falsified).toEqual([expect.stringContaining('has a wrong sum')]);
    const value = verdictOf((run) =>
      change(run, 7, { event: { ...run.rows[6]!.event, packetHex: '03030400000000' }, frame: frameOf('03030400000000') }),
    );
    expect(value.falsified).toEqual([expect.stringContaining('250 does not stand in its packet')]);
  });
});

test('alarms that had to wait for the link count as recovery, not as latency', () => {
  const run = goodRun();
  run.outages = [{ fromMs: START_MS + 900, toMs: START_MS + 6000 }];
  change(run, 2, { committedMs: START_MS + 6350 });
  const verdict = check(run);
  expect(verdict.recoveryMs).toEqual([350]);
  expect(verdict.alarmLatencyMs).toEqual({ p50: 40, p99: 40 });
});

describe('as a program', () => {
  const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

  function written(run: Doctored): string[] {
    const folder = mkdtempSync(join(tmpdir(), 'fengsui-checker-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const lines = (name: string, values: readonly object[]) => {
      writeFileSync(join(folder, name), values.map((value) => `${JSON.stringify(value)}\n`).join(''));
      return join(folder, name);
    };
    const ledger = new Database(join(folder, 'ledger.sqlite'));
    ledger.exec(`CREATE TABLE ledger (position INTEGER PRIMARY KEY, gateway, epoch, lane, number, ordinal, committed_ms, event_id, frame, event);
      CREATE TABLE quarantine (gateway, epoch, lane, number)`);
    const insert = ledger.prepare('INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    for (const { position, gateway, epoch, lane, number, ordinal, committedMs, eventId, frame, event } of run.rows)
      insert.run(position, gateway, epoch, lane, number, ordinal, committedMs, eventId, frame, JSON.stringify(event));
    ledger.close();
    const truth = lines('truth.jsonl', [...run.stimuli, { ...run.stimuli[0]!, atMs: 9e15, acknowledgedMs: 1 }]);
    return ['--truth', truth, '--ledger', join(folder, 'ledger.sqlite'), '--municipal', lines('municipal.jsonl', run.requests)];
  }

  test('prints one JSON object and exits 0 for a good run', () => {
    const out = execFileSync(process.execPath, [MAIN, ...written(goodRun())], { encoding: 'utf8' });
    expect(JSON.parse(out)).toEqual({
      ...{ stimuli: 7, ledger: 7, municipal: 7, lost: 0, duplicated: 0, outOfOrder: 0 },
      alarmLatencyMs: { p50: 40, p99: 40 },
    });
  });

  test('names the culprit and exits 1 for a bad run, 2 for missing words', () => {
    const run = goodRun();
    run.rows.splice(2, 1);
    const bad = spawnSync(process.execPath, [MAIN, ...written(run)], { encoding: 'utf8' });
    expect([bad.status, JSON.parse(bad.stdout).lost]).toEqual([1, 1]);
    expect(bad.stderr).toContain('panel-1-3 (fault');
    expect(spawnSync(process.execPath, [MAIN]).status).toBe(2);
  });
});
