import type { Metric } from './metrics.ts';
import type { Status } from './status.ts';

type Samples = Metric['samples'];

/** One metric: its name is a promise to whoever drew a graph with it. */
export interface MetricRow extends Omit<Metric, 'samples'> {
  readonly samples: (status: Status) => Samples;
}

type Lane = Status['journal']['lanes'][string];
type Line = Status['lines'][number];
type Device = Line['devices'][number];

const one = (value: number): Samples => [{ value }];
const known = (value: number | null): Samples => (value === null ? [] : one(value));
const flag = (is: boolean) => one(is ? 1 : 0);
const ofLanes = (value: (lane: Lane) => number) => (status: Status) =>
  Object.entries(status.journal.lanes).map(([lane, numbers]) => ({ labels: { lane }, value: value(numbers) }));
const ofLines = (value: (line: Line) => number) => (status: Status) =>
  status.lines.map((line) => ({ labels: { line: line.name }, value: value(line) }));
const ofDevices = (value: (device: Device, status: Status) => number | null) => (status: Status) =>
  status.lines.flatMap((line) =>
    line.devices.flatMap((device) => {
      const number = value(device, status);
      return number === null ? [] : [{ labels: { line: line.name, device: device.name }, value: number }];
    }),
  );
const ofUplinks = (value: (uplink: Status['uplinks'][number], status: Status) => number | null) => (status: Status) =>
  status.uplinks.flatMap((uplink) => {
    const number = value(uplink, status);
    return number === null ? [] : [{ labels: { uplink: uplink.name }, value: number }];
  });
const byWord = (label: string, words: Readonly<Record<string, number>>): Samples =>
  Object.entries(words).map(([word, value]) => ({ labels: { [label]: word }, value }));
const ageS = ({ gateway }: Status, ms: number) => Math.max(0, gateway.nowMs - ms) / 1000;

const row = (type: Metric['type']) => (name: string, help: string, samples: MetricRow['samples']) => ({
  name: `fengsui_gateway_${name}`,
  type,
  help,
  samples,
});
const gauge = row('gauge');
const counter = row('counter');

/** Every metric of the gateway: what `GET /metrics` answers and the reference page lists. */
export const METRICS: readonly MetricRow[] = [
  gauge(
    'journal_waiting_rows',
    'Rows that at least one uplink has not settled.',
    ofLanes(({ waiting }) => waiting),
  ),
  gauge('journal_owed_rows', 'Rows that an uplink has not settled.', ({ journal }) =>
    Object.entries(journal.lanes).flatMap(([lane, { uplinks }]) =>
      Object.entries(uplinks).map(([uplink, { waiting }]) => ({ labels: { lane, uplink }, value: waiting })),
    ),
  ),
  gauge(
    'journal_oldest_seconds',
    'Age of the oldest row without a receipt.',
    ofLanes(({ oldestAgeMs }) => (oldestAgeMs ?? 0) / 1000),
  ),
  gauge(
    'journal_rejected_rows',
    'Rows an uplink rejected.',
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
  counter('journal_uplink_thinned_rows_total', 'Rows an uplink was owed and lost for want of room.', ({ journal }) =>
    Object.entries(journal.lanes).flatMap(([lane, { uplinks }]) =>
      Object.entries(uplinks).map(([uplink, { thinned }]) => ({ labels: { lane, uplink }, value: thinned })),
    ),
  ),
  counter('journal_disk_failures_total', 'Failures to read or write since the start.', ({ journal }) => one(journal.diskFailures)),
  gauge('journal_disk_full', '1 while the volume is full and readings are given up.', ({ journal }) => flag(journal.space.isFull)),
  gauge('journal_disk_used_ratio', 'Share of the volume in use.', ({ journal }) => one(journal.space.usedShare)),
  gauge('journal_ballast_bytes', 'Reserve for alarms on the volume.', ({ journal }) => one(journal.space.ballastBytes)),
  gauge(
    'journal_lane_shut',
    '1 while the file of the lane cannot be opened: nothing goes into it, and the other goes on.',
    ofLanes(({ failure }) => (failure === null ? 0 : 1)),
  ),
  gauge('journal_damaged_files', 'Files moved aside since the start.', ({ journal }) => one(journal.damagedFiles.length)),
  gauge(
    'uplink_up',
    '1 while the far side is connected.',
    ofUplinks(({ state }) => (state === 'up' ? 1 : 0)),
  ),
  gauge('uplink_path', '1 for the path in use, or last in use.', ({ uplinks }) =>
    uplinks.flatMap(({ name, path }) => (path === null ? [] : [{ labels: { uplink: name, path }, value: 1 }])),
  ),
  counter(
    'uplink_fail_overs_total',
    'Times the backup path took over.',
    ofUplinks(({ failOvers }) => failOvers),
  ),
  counter(
    'uplink_fail_backs_total',
    'Times the primary path took over again.',
    ofUplinks(({ failBacks }) => failBacks),
  ),
  counter(
    'uplink_attempts_total',
    'Attempts to connect.',
    ofUplinks(({ attempts }) => attempts),
  ),
  counter(
    'uplink_connections_total',
    'Connections made.',
    ofUplinks(({ connections }) => connections),
  ),
  counter(
    'uplink_rows_sent_total',
    'Rows sent, repeats included.',
    ofUplinks(({ rowsSent }) => rowsSent),
  ),
  gauge(
    'uplink_unanswered_rows',
    'Rows that got no receipt though they went alone and others got theirs.',
    ofUplinks(({ rowsUnanswered }) => rowsUnanswered),
  ),
  counter(
    'uplink_rows_accepted_total',
    'Rows confirmed by a receipt.',
    ofUplinks(({ rowsAccepted }) => rowsAccepted),
  ),
  counter(
    'uplink_rows_rejected_total',
    'Rows rejected by a receipt.',
    ofUplinks(({ rowsRejected }) => rowsRejected),
  ),
  counter(
    'uplink_rows_untold_total',
    'Rows settled without a word: a protocol that has none for them, or tests.',
    ofUplinks(({ rowsUntold }) => rowsUntold),
  ),
  counter(
    'uplink_rows_overdue_total',
    'Rows whose receipt did not come in time.',
    ofUplinks(({ rowsOverdue }) => rowsOverdue),
  ),
  counter('uplink_receipts_ignored_total', 'Receipts that were not believed.', ({ uplinks }) =>
    uplinks.flatMap(({ name, receiptsIgnored }) =>
      Object.entries(receiptsIgnored).map(([why, value]) => ({ labels: { uplink: name, why }, value })),
    ),
  ),
  gauge(
    'uplink_receipt_age_seconds',
    'Time since the last receipt.',
    ofUplinks(({ lastReceiptMs }, status) => (lastReceiptMs === null ? null : ageS(status, lastReceiptMs))),
  ),
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
    'line_reopened_total',
    'Times a wire was opened anew because all its devices were silent.',
    ofLines(({ reopened }) => reopened),
  ),
  counter(
    'line_dropped_total',
    'Datagrams dropped on this machine.',
    ofLines(({ dropped }) => dropped),
  ),
  counter('line_unheard_total', 'Pieces that became no event, by reason.', ({ lines }) =>
    lines.flatMap((line) => Object.entries(line.unheard).map(([why, value]) => ({ labels: { line: line.name, why }, value }))),
  ),
  gauge(
    'device_lost',
    '1 while the device is lost.',
    ofDevices(({ link }) => (link === 'lost' ? 1 : 0)),
  ),
  gauge(
    'device_silence_seconds',
    'Time since the device was heard.',
    ofDevices(({ heardMs }, status) => (heardMs === null ? null : ageS(status, heardMs))),
  ),
  counter('orders_taken_total', 'Orders put on the record.', ({ orders }) => one(orders.taken)),
  counter('orders_ended_total', 'Orders that are over, by how they ended.', ({ orders }) => byWord('state', orders.ended)),
  gauge('duty_check_waiting', '1 while a duty check waits for an answer.', ({ duty }) => flag(duty !== null)),
  gauge('clock_synchronised', '1 while the wall clock is known to be right.', ({ gateway }) => flag(gateway.clockSynchronised)),
  gauge('trouble', '1 for each trouble that stands, by what it is and where.', ({ noticed }) =>
    noticed.map(({ what, source }) => ({ labels: { what, source }, value: 1 })),
  ),
  gauge('power_mains', '1 while the box has mains; absent where no source is configured.', ({ power }) =>
    power.mains === null ? [] : flag(power.mains),
  ),
  gauge('power_battery_ratio', 'Charge of the battery of the box, 0 to 1; absent where no source is configured.', ({ power }) =>
    known(power.batteryPercent === null ? null : power.batteryPercent / 100),
  ),
  gauge('process_resident_bytes', 'Resident memory.', ({ process }) => one(process.residentBytes)),
  gauge('process_heap_bytes', 'Heap in use.', ({ process }) => one(process.heapBytes)),
  gauge('process_heap_used_ratio', 'Heap in use, as a share of what the runtime allows.', ({ process }) => one(process.heapUsedShare)),
  gauge('process_descriptors', 'Files and sockets that are open.', ({ process }) => known(process.descriptors)),
  gauge('process_descriptors_max', 'Files and sockets that may be open.', ({ process }) => known(process.descriptorsMax)),
  gauge('machine_memory_free_ratio', 'Share of the memory of the machine that is still to be had.', ({ process }) =>
    known(process.memoryFreeShare),
  ),
  counter('process_cpu_seconds_total', 'Processor time.', ({ process }) => one(process.cpuSeconds)),
  gauge('loop_delay_p99_seconds', 'Delay of the event loop, 99th percentile.', ({ process }) => one(process.loopDelayP99Ms / 1000)),
];

/** What the gateway knows of itself, for Prometheus. */
export function metricsOf(status: Status): Metric[] {
  return METRICS.map(({ samples, ...metric }) => ({ ...metric, samples: samples(status) }));
}
