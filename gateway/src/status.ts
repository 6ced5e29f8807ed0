import { type Clock, LANES, toHex } from '@fengsui/protocol';
import type { DownlinkNumbers } from './downlink/downlink.ts';
import type { ProcessNumbers } from './health.ts';
import type { JournalState } from './journal/journal.ts';
import type { LineNumbers } from './line-numbers.ts';
import type { BuiltLine } from './lines.ts';
import type { Metric } from './metrics.ts';
import type { KnownUplink } from './uplinks.ts';

export interface StatusSources {
  readonly id: string;
  readonly profile: string;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  readonly startedMs: number;
  readonly journal: { state(): Promise<JournalState> };
  readonly uplinks: readonly KnownUplink[];
  readonly lines: ReadonlyArray<{ readonly line: BuiltLine; readonly numbers: LineNumbers }>;
  readonly process: ProcessNumbers;
  readonly orders: DownlinkNumbers;
  /** A duty check that waits for an answer. */
  readonly duty: { readonly id: string; readonly sinceMs: number; readonly untilMs: number } | null;
}

/** Everything the gateway knows of itself, as JSON. Times are milliseconds since 1970-01-01 UTC unless they end in `AgeMs`. */
export async function statusOf(sources: StatusSources) {
  const { id, profile, clock, clockSynchronised, startedMs, journal, uplinks, lines, process, orders, duty } = sources;
  const nowMs = Math.round(clock.wallMs());
  const state = await journal.state();
  const lanes = Object.fromEntries(
    LANES.map((lane) => {
      const { oldestMs, ...numbers } = state.lanes[lane];
      return [lane, { ...numbers, oldestMs, oldestAgeMs: oldestMs === null ? null : Math.max(0, nowMs - oldestMs) }];
    }),
  );
  return {
    gateway: { id, profile, boot: state.boot, nowMs, startedMs, clockSynchronised: clockSynchronised() },
    lines: lines.map(lineStatus),
    journal: { ...state, lanes },
    uplinks: uplinks.map(({ name, kind, numbers }) => ({ name, kind, ...numbers })),
    orders,
    duty,
    process: process.numbers(),
  };
}

function lineStatus({ line, numbers }: StatusSources['lines'][number]) {
  const { configuration, counters, links, downlinks } = line;
  const { state, sinceMs, at, opened, failures, crashes, lastFailure, doubt, events, bytesIn, bytesOut, dropped, heardMs } = numbers;
  const standings = links.standings();
  return {
    name: line.name,
    wire: configuration.wire,
    ...{ state, sinceMs, at, opened, failures, crashes, lastFailure, doubt, events, bytesIn, bytesOut, dropped },
    packets: counters.packets,
    answers: counters.answers,
    polls: counters.polls,
    unheard: Object.fromEntries(counters.unheard),
    noise: counters.noise.map(({ atMs, why, bytes }) => ({ atMs, why, hex: toHex(bytes) })),
    devices: configuration.devices.map(({ name, family }) => ({
      name,
      family,
      link: standings.get(name) ?? 'unknown',
      heardMs: heardMs.get(name) ?? null,
    })),
    /** What waits for devices that sleep, and what became of the rest. */
    downlinks: {
      ...downlinks.numbers,
      waiting: [...downlinks.waiting()].flatMap(([device, all]) =>
        all.map(({ id, path, tries, expiresAtMs }) => ({ device, id, path, tries, expiresAtMs })),
      ),
    },
    /** Devices that nobody configured and that spoke all the same. */
    strangers: [...heardMs].filter(([name]) => !standings.has(name)).map(([name, ms]) => ({ name, heardMs: ms })),
  };
}

type Status = Awaited<ReturnType<typeof statusOf>>;

/** What of it fits an answer to an order. */
export function summaryOf({ gateway, lines, journal, uplinks }: Status) {
  const lanes = Object.entries(journal.lanes).map(([lane, { waiting, rejected, oldestAgeMs }]) => [
    lane,
    { waiting, rejected, oldestAgeMs },
  ]);
  return {
    gateway,
    lanes: Object.fromEntries(lanes),
    uplinks: uplinks.map(({ name, state, sinceMs, lastReceiptMs }) => ({ name, state, sinceMs, lastReceiptMs })),
    lines: lines.map(({ name, state, lastFailure, devices }) => ({
      name,
      state,
      lastFailure: lastFailure?.slice(0, 200) ?? null,
      devices: Object.fromEntries(devices.map((device) => [device.name, device.link])),
    })),
  };
}

/** The same for Prometheus. */
export function metricsOf(status: Status): Metric[] {
  const lanes = Object.entries(status.journal.lanes).map(([lane, numbers]) => ({ labels: { lane }, numbers }));
  const ofLanes = (value: (numbers: (typeof lanes)[number]['numbers']) => number) =>
    lanes.map(({ labels, numbers }) => ({ labels, value: value(numbers) }));
  const ofLines = (value: (line: Status['lines'][number]) => number) =>
    status.lines.map((line) => ({ labels: { line: line.name }, value: value(line) }));
  const devices = status.lines.flatMap((line) =>
    line.devices.map((device) => ({ labels: { line: line.name, device: device.name }, device })),
  );
  const age = (ms: number) => Math.max(0, status.gateway.nowMs - ms) / 1000;
  const { process, journal } = status;
  const { space } = journal;
  const unheard = status.lines.flatMap((line) =>
    Object.entries(line.unheard).map(([why, value]) => ({ labels: { line: line.name, why }, value })),
  );
  return [
    gauge(
      'journal_waiting_rows',
      'Rows without a receipt.',
      ofLanes(({ waiting }) => waiting),
    ),
    gauge(
      'journal_oldest_seconds',
      'Age of the oldest row without a receipt.',
      ofLanes(({ oldestAgeMs }) => (oldestAgeMs ?? 0) / 1000),
    ),
    gauge(
      'journal_rejected_rows',
      'Rows the collector rejected.',
      ofLanes(({ rejected }) => rejected),
    ),
    gauge(
      'journal_quarantined_rows',
      'Rows found damaged.',
      ofLanes(({ quarantined }) => quarantined),
    ),
    counter(
      'journal_rows_total',
      'Rows given a number in this epoch.',
      ofLanes(({ newest }) => newest),
    ),
    gauge(
      'journal_bytes',
      'Size of the file and its log.',
      ofLanes(({ bytes }) => bytes),
    ),
    gauge(
      'journal_used_bytes',
      'What of the file holds rows.',
      ofLanes(({ usedBytes }) => usedBytes),
    ),
    counter(
      'journal_thinned_rows_total',
      'Rows that waited and were given up for want of room.',
      ofLanes(({ thinned }) => thinned),
    ),
    counter('journal_disk_failures_total', 'Failures to read or write since the start.', [{ value: journal.diskFailures }]),
    gauge('journal_disk_full', '1 while the volume is full and readings are given up.', [{ value: space.isFull ? 1 : 0 }]),
    gauge('journal_disk_used_ratio', 'Share of the volume in use.', [{ value: space.usedShare }]),
    gauge('journal_ballast_bytes', 'Reserve for alarms on the volume.', [{ value: space.ballastBytes }]),
    gauge('journal_damaged_files', 'Files moved aside since the start.', [{ value: journal.damagedFiles.length }]),
    ...uplinkMetrics(status),
    gauge(
      'line_open',
      '1 while the wire is open.',
      ofLines(({ state }) => (state === 'open' ? 1 : 0)),
    ),
    gauge(
      'line_isolated',
      '1 while the driver is given up.',
      ofLines(({ state }) => (state === 'isolated' ? 1 : 0)),
    ),
    counter(
      'line_bytes_in_total',
      'Bytes received.',
      ofLines(({ bytesIn }) => bytesIn),
    ),
    counter(
      'line_bytes_out_total',
      'Bytes sent.',
      ofLines(({ bytesOut }) => bytesOut),
    ),
    counter(
      'line_packets_total',
      'Packets received.',
      ofLines(({ packets }) => packets),
    ),
    counter(
      'line_events_total',
      'Events made durable.',
      ofLines(({ events }) => events),
    ),
    counter(
      'line_failures_total',
      'Runs ended by the surroundings.',
      ofLines(({ failures }) => failures),
    ),
    counter(
      'line_crashes_total',
      'Runs ended by an error of the program.',
      ofLines(({ crashes }) => crashes),
    ),
    counter(
      'line_dropped_total',
      'Datagrams dropped on this machine.',
      ofLines(({ dropped }) => dropped),
    ),
    counter('line_unheard_total', 'Pieces that became no event, by reason.', unheard),
    gauge(
      'device_lost',
      '1 while the device is lost.',
      devices.map(({ labels, device }) => ({ labels, value: device.link === 'lost' ? 1 : 0 })),
    ),
    gauge(
      'device_silence_seconds',
      'Time since the device was heard.',
      devices.flatMap(({ labels, device }) => (device.heardMs === null ? [] : [{ labels, value: age(device.heardMs) }])),
    ),
    counter('orders_taken_total', 'Orders put on the record.', [{ value: status.orders.taken }]),
    counter(
      'orders_ended_total',
      'Orders that are over, by how they ended.',
      Object.entries(status.orders.ended).map(([state, value]) => ({ labels: { state }, value })),
    ),
    gauge('duty_check_waiting', '1 while a duty check waits for an answer.', [{ value: status.duty === null ? 0 : 1 }]),
    gauge('clock_synchronised', '1 while the wall clock is known to be right.', [{ value: status.gateway.clockSynchronised ? 1 : 0 }]),
    gauge('process_resident_bytes', 'Resident memory.', [{ value: process.residentBytes }]),
    gauge('process_heap_bytes', 'Heap in use.', [{ value: process.heapBytes }]),
    counter('process_cpu_seconds_total', 'Processor time.', [{ value: process.cpuSeconds }]),
    gauge('loop_delay_p99_seconds', 'Delay of the event loop, 99th percentile.', [{ value: process.loopDelayP99Ms / 1000 }]),
  ];
}

function uplinkMetrics({ gateway, uplinks }: Status): Metric[] {
  const ofUplinks = (value: (uplink: Status['uplinks'][number]) => number | null) =>
    uplinks.flatMap((uplink) => {
      const found = value(uplink);
      return found === null ? [] : [{ labels: { uplink: uplink.name }, value: found }];
    });
  const ignored = uplinks.flatMap(({ name, receiptsIgnored }) =>
    Object.entries(receiptsIgnored).map(([why, value]) => ({ labels: { uplink: name, why }, value })),
  );
  const sinceReceipt = ofUplinks(({ lastReceiptMs }) => lastReceiptMs && Math.max(0, gateway.nowMs - lastReceiptMs) / 1000);
  const up = ofUplinks(({ state }) => (state === 'up' ? 1 : 0));
  const sent = ofUplinks(({ rowsSent }) => rowsSent);
  const accepted = ofUplinks(({ rowsAccepted }) => rowsAccepted);
  const rejected = ofUplinks(({ rowsRejected }) => rowsRejected);
  const overdue = ofUplinks(({ rowsOverdue }) => rowsOverdue);
  const attempts = ofUplinks((uplink) => uplink.attempts);
  const connections = ofUplinks((uplink) => uplink.connections);
  return [
    gauge('uplink_up', '1 while the far side is connected.', up),
    counter('uplink_attempts_total', 'Attempts to connect.', attempts),
    counter('uplink_connections_total', 'Connections made.', connections),
    counter('uplink_rows_sent_total', 'Rows sent, repeats included.', sent),
    counter('uplink_rows_accepted_total', 'Rows confirmed by a receipt.', accepted),
    counter('uplink_rows_rejected_total', 'Rows rejected by a receipt.', rejected),
    counter('uplink_rows_overdue_total', 'Rows whose receipt did not come in time.', overdue),
    counter('uplink_receipts_ignored_total', 'Receipts that were not believed.', ignored),
    gauge('uplink_receipt_age_seconds', 'Time since the last receipt.', sinceReceipt),
  ];
}

const metric = (type: Metric['type']) => (name: string, help: string, samples: Metric['samples']) => ({
  name: `fengsui_gateway_${name}`,
  type,
  help,
  samples,
});
const gauge = metric('gauge');
const counter = metric('counter');
