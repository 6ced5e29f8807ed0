import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANES, type Lane } from '@fengsui/protocol';
import SqliteDatabase from 'better-sqlite3';
import type { Verdict } from '../checker/check.ts';
import { ROOT, runTool } from '../house/tool.ts';
import { type Experiment, Findings } from './experiment.ts';
import { Rig } from './rig.ts';

interface Ended {
  readonly code: number | null;
  readonly state: string;
  readonly result: Record<string, unknown>;
}

/** Gives an order as a person does, from the command line. */
export async function order(rig: Rig, kind: string, ...words: string[]): Promise<Ended> {
  const main = join(ROOT, 'collector/src/main.ts');
  const given = [main, 'order', 'gw-drill', kind, '--url', rig.page, ...words];
  const { code, output } = await runTool(process.execPath, ['--disable-warning=ExperimentalWarning', ...given]);
  const said = output.split('\n').find((line) => line.startsWith('{'));
  if (said === undefined) throw new Error(`order ${kind}: ${output}`);
  return { code, ...(JSON.parse(said) as Omit<Ended, 'code'>) };
}

const parameters = (value: object) => ['--parameters', JSON.stringify(value)];

const fileOf = (rig: Rig, lane: Lane) => rig.path('data', `${lane}.sqlite`);
const inodeOf = (rig: Rig, lane: Lane) => statSync(fileOf(rig, lane)).ino;

/** The lane files of the journal: which file it is, and every row in it. */
function journalOf(rig: Rig) {
  return LANES.map((lane) => {
    const database = new SqliteDatabase(fileOf(rig, lane), { readonly: true });
    try {
      const rows = database.prepare('SELECT number, event_id FROM rows ORDER BY position').all() as Array<{
        number: number;
        event_id: string;
      }>;
      return { lane, inode: inodeOf(rig, lane), rows: rows.map(({ number, event_id }) => `${number} ${event_id}`) };
    } finally {
      database.close();
    }
  });
}

async function answerAtTheBox(rig: Rig): Promise<void> {
  const url = `${rig.gateway.ready['status']}/duty-answer`;
  const say = async () => {
    const body = JSON.stringify({ operator: '王工', operatorNumber: 3 });
    return (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status;
  };
  await rig.until('somebody at the box answers', async () => (await say()) === 200);
}

/** Orders from the collector's command line: a duty check over a kill, reads, captures, configurations pushed again and again. */
export const experiment: Experiment = {
  words: { en: 'orders: a duty check over a kill, reads, configurations pushed again and again', zh: '下发命令' },
  async run(seed, isLong) {
    const findings = new Findings();
    await using rig = await Rig.start({ seed, panels: 1, more: { orders: { configurationKey: './configuration.pem' } } });
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(rig.path('configuration.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(rig.path('vouching.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await rig.startGateway();
    rig.fire(0, 5);
    findings.complaints.push(...(await rig.settled(5)));

    await dutyCheckOverAKill(rig, findings);
    const unit = await order(rig, 'read', ...parameters({ what: 'unit', unit: 62, objects: [{ systemType: 1, systemAddress: 1 }] }));
    findings.expect(unit.code === 0 && Array.isArray(unit.result['objects']), `read of a unit: ${JSON.stringify(unit)}`);
    if (isLong) await smallOrders(rig, findings);
    const times = isLong ? 500 : 2;
    await pushes(rig, times, findings);
    rig.fire(0, 5);
    // No panel knows of the answer to the duty check: the checker never has nothing to say.
    const isThere = ({ stimuli, lost }: Verdict) => stimuli >= 10 + times && lost.length === 0;
    await rig.until('every fire in the ledger', () => isThere(rig.verdict())).catch(() => {});
    const { lost, gaps, duplicated, outOfOrder, falsified } = rig.verdict();
    findings.complaints.push(...lost, ...gaps, ...duplicated, ...outOfOrder, ...falsified);
    return findings.outcome();
  },
};

/** Killed while somebody is asked: it is still asked after the start, and answered once. */
async function dutyCheckOverAKill(rig: Rig, findings: Findings): Promise<void> {
  const asked = order(rig, 'duty-check', ...parameters({ timeoutMinutes: 5 }));
  await rig.until('the duty check waits', async () => (await rig.status()).duty !== null);
  await rig.end('SIGKILL');
  await rig.startGateway();
  await rig.until('it still waits after a kill', async () => (await rig.status()).duty !== null);
  await answerAtTheBox(rig);
  const { code, state, result } = await asked;
  findings.expect(code === 0 && state === 'done' && result['operator'] === '王工', `duty check: ${state} ${JSON.stringify(result)}`);
  const answers = () => rig.ledger().rows.filter(({ event }) => event.kind === 'duty-answer').length;
  await rig.until('the answer is in the ledger', () => answers() > 0);
  findings.expect(answers() === 1, `${answers()} answers to one duty check`);
}

async function smallOrders(rig: Rig, findings: Findings): Promise<void> {
  for (const [kind, given] of [
    ['read', {}],
    ['read', { what: 'version' }],
    ['clock', {}],
    ['capture', { line: 'line-0', seconds: 2 }],
    ['restart', {}],
  ] as const) {
    const { code, state, result } = await order(rig, kind, ...parameters(given));
    findings.expect(code === 0, `${kind}: ${state} ${JSON.stringify(result)}`);
  }
}

/** Every push restarts the gateway in its process and makes the uplink anew: the journal's files and rows stay what they are. */
async function pushes(rig: Rig, times: number, findings: Findings): Promise<void> {
  const before = journalOf(rig);
  const file = rig.path('next.yaml');
  const push = (version: number, key = 'vouching.pem') =>
    order(rig, 'configuration', ...['--configuration', file, '--configuration-version', String(version), '--signing-key', rig.path(key)]);
  const current = readFileSync(rig.path('gateway.yaml'), 'utf8');
  const startMs = performance.now();
  let reconnected = 0;
  for (let version = 1; version <= times; version++) {
    writeFileSync(file, `# version ${version}\n${current}`);
    const pushed = push(version);
    rig.fire(0); // heard while the configuration changes hands, or just before or after
    const { code, state, result } = await pushed;
    findings.expect(code === 0, `version ${version}: ${state} ${JSON.stringify(result)}`);
    if (code !== 0) break;
    const { connections } = (await rig.status()).uplinks[0]!; // counted from the start that the push brought about
    reconnected += connections > 0 ? 1 : 0;
    for (const { lane, inode } of before)
      findings.expect(inodeOf(rig, lane) === inode, `version ${version} replaced the ${lane} lane's file`);
  }
  findings.measured['pushes'] = times;
  findings.measured['pushes after which the uplink connected anew'] = reconnected;
  findings.expect(reconnected === times, `the uplink connected anew after ${reconnected} of ${times} pushes`);
  findings.measured['a push, ms'] = Math.round((performance.now() - startMs) / times);
  const older = await push(times);
  findings.expect(older.state === 'refused', `an older configuration was ${older.state}`);
  writeFileSync(rig.path('foreign.pem'), generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const foreign = await push(times + 1, 'foreign.pem');
  findings.expect(foreign.state === 'refused', `a configuration signed by another key was ${foreign.state}`);
  for (const [index, { rows }] of journalOf(rig).entries()) {
    const kept = new Set(rows);
    findings.expect(
      before[index]!.rows.every((row) => kept.has(row)),
      'a push lost rows of the journal',
    );
  }
}
