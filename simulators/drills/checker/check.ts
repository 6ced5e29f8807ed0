import { type Matched, matchLedger } from './match.ts';
import type { LedgerRow, Outage, Request, Run, Stimulus } from './records.ts';

/** What the checker found. Every list names the culprits; all empty is a good run. */
export interface Verdict {
  /** Stimuli that had to arrive. */
  readonly stimuli: number;
  /** Those of them that stand in the ledger. */
  readonly ledger: number;
  /** Those of them that the municipal platform took; heartbeats are not owed to it. */
  readonly municipal: number;
  readonly lost: readonly string[];
  /** Numbers missing in a lane: the trace that a lost row leaves, also one that no stimulus had to make. */
  readonly gaps: readonly string[];
  readonly duplicated: readonly string[];
  readonly outOfOrder: readonly string[];
  /** Events that no stimulus explains. */
  readonly phantoms: readonly string[];
  /** Rows whose evidence contradicts them. */
  readonly falsified: readonly string[];
  /** Alarms from first byte to ledger, outside outages; null where there was none. */
  readonly alarmLatencyMs: { readonly p50: number | null; readonly p99: number | null };
  /** The same through an outage: from the return of the link to the first alarm, for each outage. */
  readonly recoveryMs: readonly number[];
}

/** Never pushed: what the gateway says of itself, and signs of life. */
const NOT_PUSHED = ['gateway', 'heartbeat'];

function rank(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Numbers of a lane run from 1 without a gap; what is missing was lost between journal and ledger. */
function gaps({ rows, quarantined }: Run): string[] {
  const aside = new Set(quarantined);
  return [...Map.groupBy(rows, ({ gateway, epoch, lane }) => `${gateway}/${epoch}/${lane}`)].flatMap(([lane, members]) => {
    const numbers = new Set(members.map(({ number }) => number));
    const most = Math.max(...numbers);
    return Array.from({ length: most }, (_, index) => index + 1)
      .filter((number) => !numbers.has(number) && !aside.has(`${lane}/${number}`))
      .map((number) => `number ${number} of ${lane} is missing in the ledger`);
  });
}

/** Rows of a lane that come in their order. */
interface Strand {
  readonly first: number;
  last: LedgerRow;
}

/** Behind a backlog of more rows than this the ordinary lane comes in two strands: what is new, and the backlog beside it. */
const BACKLOG_LONG_ROWS = 1_024;

/** The strand a row goes on with, the furthest first; a new one where that is allowed; null: it is out of order. */
function strandOf(row: LedgerRow, strands: Strand[]): Strand | null {
  const [furthest, behind] = strands;
  const isNext = ({ last }: Strand) => row.number >= last.number && row.ordinal >= last.ordinal;
  const isThrough = !behind || behind.last.number + 1 >= furthest!.first;
  const jumps = !furthest || (row.lane === 'ordinary' && isThrough && row.number - furthest.last.number > BACKLOG_LONG_ROWS);
  if (!jumps || !(strands.length === 0 || isNext(furthest!))) return strands.find(isNext) ?? null;
  strands.splice(0, 2, { first: row.number, last: row }, ...strands.slice(0, 1));
  return strands[0]!;
}

/** Per device, the gateway's hearing order is the device's own; per lane, the ledger's order is the gateway's. */
function disorder(matched: readonly Matched[], rows: readonly LedgerRow[]): string[] {
  const inversions: string[] = [];
  for (const [device, members] of Map.groupBy(
    matched.filter(({ primary }) => primary),
    ({ stimulus }) => stimulus.device,
  )) {
    let last = 0;
    for (const { stimulus, row } of members) {
      if (stimulus.sequence < last) inversions.push(`row ${row.position}: ${stimulus.sid} stands behind ${device}-${last}`);
      last = Math.max(last, stimulus.sequence);
    }
  }
  for (const [lane, members] of Map.groupBy(rows, ({ gateway, epoch, lane: name }) => `${gateway}/${epoch}/${name}`)) {
    const strands: Strand[] = [];
    for (const row of members) {
      const strand = strandOf(row, strands);
      if (strand) strand.last = row;
      else inversions.push(`row ${row.position}: number ${row.number} of ${lane} stands behind ${strands[0]!.last.number}`);
    }
  }
  return inversions;
}

function inside(outages: readonly Outage[], fromMs: number, toMs: number): Outage | undefined {
  return outages.find((outage) => fromMs < outage.toMs && toMs > outage.fromMs);
}

interface Pushed {
  readonly lost: string[];
  readonly duplicated: string[];
  readonly phantoms: string[];
  readonly outOfOrder: string[];
  /** Ids that the platform took. */
  readonly ids: ReadonlySet<string>;
}

/** What went on to the municipal platform: every owed row, once in effect, the same bytes on every try, in ledger order. */
function pushed(rows: readonly LedgerRow[], requests: readonly Request[], outages: readonly Outage[]): Pushed {
  const position = new Map(rows.map((row) => [row.eventId, row.position]));
  const tries = Map.groupBy(
    requests.filter(({ id }) => id !== null),
    ({ id }) => id!,
  );
  const duplicated: string[] = [];
  for (const [id, members] of tries) {
    if (new Set(members.map(({ body }) => body)).size > 1) duplicated.push(`event ${id} was pushed with different bodies`);
    const delivered = members.findIndex(({ answer, mode }) => answer === 200 && mode === 'normal');
    const again = delivered < 0 ? [] : members.slice(delivered + 1).filter(({ atMs }) => !inside(outages, atMs, atMs + 1));
    if (again.length > 0) duplicated.push(`event ${id} was pushed again after a good answer`);
  }
  const taken = requests.filter(({ id, answer }) => id !== null && answer === 200);
  const ids = new Set(taken.map(({ id }) => id!));
  const owed = rows.filter(({ event }) => !NOT_PUSHED.includes(event.kind) && !(event.test && event.test.length > 0));
  const outOfOrder: string[] = [];
  let last = 0;
  for (const id of ids) {
    const at = position.get(id) ?? last;
    if (at < last) outOfOrder.push(`event ${id} of row ${at} was pushed behind row ${last}`);
    last = Math.max(last, at);
  }
  return {
    lost: owed
      .filter(({ eventId }) => !ids.has(eventId))
      .map((row) => `row ${row.position} (${row.event.kind}) never reached the municipal platform`),
    duplicated,
    phantoms: [...tries.keys()].filter((id) => !position.has(id)).map((id) => `event ${id} was pushed but is not in the ledger`),
    outOfOrder,
    ids,
  };
}

function latencies(matched: readonly Matched[], outages: readonly Outage[]): Pick<Verdict, 'alarmLatencyMs' | 'recoveryMs'> {
  const alarms = matched.filter(({ row, primary }) => primary && row.lane === 'alarm' && row.event.edge === 'began');
  const healthy = alarms
    .filter(({ row, stimulus }) => !inside(outages, stimulus.atMs, row.committedMs))
    .map(({ row, stimulus }) => row.committedMs - stimulus.atMs)
    .sort((one, other) => one - other);
  const recoveryMs = outages.flatMap(({ fromMs, toMs }) => {
    const waited = alarms.filter(({ row, stimulus }) => stimulus.atMs >= fromMs && stimulus.atMs < toMs && row.committedMs >= toMs);
    return waited.length === 0 ? [] : [Math.min(...waited.map(({ row }) => row.committedMs)) - toMs];
  });
  return { alarmLatencyMs: { p50: rank(healthy, 0.5), p99: rank(healthy, 0.99) }, recoveryMs };
}

function missing(owed: readonly Stimulus[], found: ReadonlySet<string>): string[] {
  return owed
    .filter(({ sid }) => !found.has(sid))
    .map(({ sid, what, address, value }) => `${sid} (${what} ${JSON.stringify(address)} ${value ?? ''}) is not in the ledger`);
}

/** Compares what the devices said with what the ledger holds and the municipal platform got. Pure: the same run, the same verdict. */
export function check(run: Run): Verdict {
  const { matched, phantoms, doubles, falsified } = matchLedger(run.stimuli, run.rows);
  const owed = run.stimuli.filter(({ expect }) => expect === 'must');
  const found = new Set(matched.filter(({ primary }) => primary).map(({ stimulus }) => stimulus.sid));
  const further = pushed(run.rows, run.requests, run.outages);
  const arrived = new Set(
    matched.filter(({ row, primary }) => primary && further.ids.has(row.eventId)).map(({ stimulus }) => stimulus.sid),
  );
  return {
    stimuli: owed.length,
    ledger: owed.filter(({ sid }) => found.has(sid)).length,
    municipal: owed.filter(({ sid }) => arrived.has(sid)).length,
    lost: [...missing(owed, found), ...further.lost],
    gaps: gaps(run),
    duplicated: [...doubles, ...further.duplicated],
    outOfOrder: [...disorder(matched, run.rows), ...further.outOfOrder],
    phantoms: [...phantoms, ...further.phantoms],
    falsified,
    ...latencies(matched, run.outages),
  };
}

/** Whether a run was good: nothing lost, doubled, out of order, invented or contradicted, and something was there to lose. */
export function isGood(verdict: Verdict): boolean {
  const { lost, gaps: numbers, duplicated, outOfOrder, phantoms, falsified, stimuli } = verdict;
  return stimuli > 0 && [lost, numbers, duplicated, outOfOrder, phantoms, falsified].every((list) => list.length === 0);
}
