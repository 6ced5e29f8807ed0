import { parseArgs } from 'node:util';
import { check, isGood, type Verdict } from './check.ts';
import { readLedger, readOutages, readRequests, readTruth } from './records.ts';

// node checker/main.ts --truth a.jsonl --truth b.jsonl --ledger ledger.sqlite --municipal municipal.jsonl [--link link.jsonl]
// One JSON object on standard output; culprits on standard error; exit 0 only for a good run.

const { values } = parseArgs({
  options: {
    truth: { type: 'string', multiple: true, default: [] },
    ledger: { type: 'string' },
    municipal: { type: 'string' },
    link: { type: 'string', multiple: true, default: [] },
  },
});
if (values.truth.length === 0 || !values.ledger || !values.municipal) {
  process.stderr.write('checker: --truth (one or more), --ledger and --municipal are needed\n');
  process.exit(2);
}

function report(verdict: Verdict): void {
  const { alarmLatencyMs, recoveryMs, ...found } = verdict;
  for (const list of ['lost', 'gaps', 'duplicated', 'outOfOrder', 'phantoms', 'falsified'] as const)
    for (const culprit of found[list]) process.stderr.write(`checker: ${list}: ${culprit}\n`);
  for (const ms of recoveryMs) process.stderr.write(`checker: first alarm ${ms} ms after the link came back\n`);
  const { stimuli, ledger, municipal } = found;
  const { lost, duplicated, outOfOrder } = {
    lost: found.lost.length,
    duplicated: found.duplicated.length,
    outOfOrder: found.outOfOrder.length,
  };
  process.stdout.write(`${JSON.stringify({ stimuli, ledger, municipal, lost, duplicated, outOfOrder, alarmLatencyMs })}\n`);
}

const verdict = check({
  stimuli: readTruth(values.truth),
  ...readLedger(values.ledger),
  requests: readRequests(values.municipal),
  outages: values.link.flatMap(readOutages),
});
report(verdict);
process.exit(isGood(verdict) ? 0 : 1);
