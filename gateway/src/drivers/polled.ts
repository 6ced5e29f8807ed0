import type { Links, PolledFamily } from '@fengsui/protocol';
import type { Heard, Wire } from '../line.ts';
import type { Driver, Surroundings } from './driver.ts';
import { type Answer, type ModbusForm, ModbusLine } from './modbus.ts';
import { CONFIRM_AFTER_MS, type PolledUnit, SLOWEST_ANSWER_MS } from './polled-unit.ts';
import { type ReadBlock, Registers } from './registers.ts';

/** A Modbus line, its units, and what outlives a driver of it. */
export interface PolledLine extends Surroundings {
  readonly wire: Pick<Wire, 'bytes' | 'write' | 'expect'>;
  readonly form: ModbusForm;
  readonly units: readonly PolledUnit[];
  readonly links: Links;
}

/** Rest after a time-out, in answer times: longer than a slow slave takes, and what comes meanwhile is thrown away. */
const REST_TIMEOUTS = 3;

/** Between two requests on a two-wire line the transceivers turn round; slow buses want 20 to 50 ms. */
const TURNAROUND_MS = 20;

/**
 * Polls the units of one line, one question at a time. RTU replies carry neither address nor number, so a late one would fit
 * the next question of the same shape with a plausible value. Therefore after every time-out the line rests and drains, and
 * the unit is next asked for something of another length: only when that is answered (slaves answer in order) are values
 * believed again. Modbus TCP numbers its transactions and needs none of this.
 */
export async function* drivePolled(line: PolledLine): Driver {
  const { clock, counters, links, signal, units } = line;
  // A wire that is back is news: nobody waits for his turn of before.
  for (const unit of units) unit.nextPollMs = Math.min(unit.nextPollMs, clock.monotonicMs());
  await using modbus = new ModbusLine(line.wire, line.form, clock, signal, counters);
  while (true) {
    const unit = units.reduce((first, other) => (other.nextPollMs < first.nextPollMs ? other : first));
    if ((await modbus.rest(Math.max(0, unit.nextPollMs - clock.monotonicMs()))) === 'end') return;
    unit.schedule(clock.monotonicMs());
    counters.polls += 1;
    const round = await poll(line, modbus, unit);
    if (round === 'end') return;
    // An answer without news is handed on, too: what the first look showed may be judged only now.
    const heard = round === 'missed' ? missed(line, unit) : found(line, unit, round);
    if (heard.length > 0) {
      yield heard;
      links.settle(heard);
    }
    if (round !== 'missed') rememberRound(line, unit);
  }
}

/**
 * What it may take beyond a unit's silence until it is told as lost: units are lost by questions in vain, and one bus asks one after
 * the other. The longest is a round in which nobody answers, with the rest before each is asked its own questions again.
 */
export function slowestLossMs(families: readonly PolledFamily[]): number {
  const roundMs = families.reduce((sum, { answerTimeoutMs }) => sum + (1 + REST_TIMEOUTS) * answerTimeoutMs, 0);
  return Math.max(...families.map(({ lostAfterMisses }) => lostAfterMisses)) * (roundMs + SLOWEST_ANSWER_MS);
}

function rememberRound({ clock, counters }: PolledLine, unit: PolledUnit): void {
  const { doubts } = unit;
  unit.remember();
  if (doubts === 0) return;
  for (let count = 0; count < doubts; count++) counters.count('doubted', clock.wallMs());
  unit.nextPollMs = Math.min(unit.nextPollMs, clock.monotonicMs() + CONFIRM_AFTER_MS);
}

interface Round {
  readonly registers: Registers;
  /** The replies, for evidence where a state changed. */
  readonly packets: readonly Uint8Array[];
}

async function poll(line: PolledLine, modbus: ModbusLine, unit: PolledUnit): Promise<Round | 'missed' | 'end'> {
  const step = await fallIntoStep(line, modbus, unit);
  if (step !== 'in step') return step;
  const registers = new Registers();
  const packets: Uint8Array[] = [];
  for (const [index, block] of unit.blocks.entries()) {
    if (index > 0 && (await modbus.rest(restMs(line, unit))) === 'end') return 'end';
    const answer = await ask(line, modbus, unit, block);
    if (answer.kind === 'end') return 'end';
    if (answer.kind === 'silent') return 'missed';
    if (answer.kind === 'values') {
      registers.put(block, answer.values);
      packets.push(answer.packet);
    }
  }
  return { registers, packets };
}

function restMs({ form }: PolledLine, { device }: PolledUnit): number {
  return device.family.restMs ?? (form === 'rtu' ? TURNAROUND_MS : 0);
}

/** One question, with the rest after it where it was in vain. */
async function ask(line: PolledLine, modbus: ModbusLine, unit: PolledUnit, block: ReadBlock): Promise<Answer> {
  const { clock, counters } = line;
  const { answerTimeoutMs } = unit.device.family;
  const answer = await modbus.read(unit.device.unit, block, answerTimeoutMs);
  if (answer.kind === 'refused') counters.count('refused', clock.wallMs());
  if (answer.kind !== 'silent') return answer;
  counters.count('timeout', clock.wallMs());
  if (line.form === 'tcp') return answer;
  unit.unanswered(clock.monotonicMs());
  return (await modbus.rest(REST_TIMEOUTS * answerTimeoutMs)) === 'end' ? { kind: 'end' } : answer;
}

/** After an unanswered question: asks for a length no late reply can have. Its values are thrown away, its coming is the proof. */
async function fallIntoStep(line: PolledLine, modbus: ModbusLine, unit: PolledUnit): Promise<'in step' | 'missed' | 'end'> {
  const { clock } = line;
  if (unit.inStep(clock.monotonicMs())) return 'in step';
  const answer = await ask(line, modbus, unit, probeOf(unit.blocks));
  if (answer.kind === 'end') return 'end';
  if (answer.kind !== 'silent') {
    // A refusal is as good: it answers this question or the one before, and no own question looks like this one.
    unit.answered();
    return (await modbus.rest(restMs(line, unit))) === 'end' ? 'end' : 'in step';
  }
  // A device that stays silent to a length it does not like would never be believed again: when every answer that could
  // still be under way is out of the way, it is asked its own questions again.
  unit.nextPollMs = Math.max(unit.nextPollMs, clock.monotonicMs() + SLOWEST_ANSWER_MS);
  return 'missed';
}

/** All that a late reply can be known by. */
function shapeOf({ function: fn, count }: ReadBlock): string {
  return `${fn} ${fn <= 2 ? Math.ceil(count / 8) : 2 * count}`;
}

/** The shortest read at the place of the first block whose reply looks like none of the unit's own. */
function probeOf(blocks: readonly ReadBlock[]): ReadBlock {
  const { function: fn, register } = blocks[0]!;
  const own = new Set(blocks.map(shapeOf));
  for (let count = 1; ; count += fn <= 2 ? 8 : 1) {
    const probe = { function: fn, register: Math.min(register, 0x10000 - count), count };
    if (!own.has(shapeOf(probe))) return probe;
  }
}

function found({ clock, links, counters }: PolledLine, unit: PolledUnit, { registers, packets }: Round): Heard[] {
  unit.misses = 0;
  unit.lost = false;
  counters.packets += packets.length;
  const back = links.spoke(unit.device.name);
  const observations = unit.observe(registers);
  const changed = observations.some(({ what, isFirstLook }) => what !== 'reading' && !isFirstLook);
  return [unit.heard(back ? [back, ...observations] : observations, changed ? joined(packets) : null, clock.wallMs())];
}

function missed({ clock, links }: PolledLine, unit: PolledUnit): Heard[] {
  unit.misses += 1;
  const stale = unit.heard(unit.staleReadings(), null, clock.wallMs());
  unit.lost = unit.misses >= unit.device.family.lostAfterMisses;
  const lost = unit.lost ? links.lose(unit.device.name) : null;
  return (lost ? [stale, lost] : [stale]).filter(({ observations }) => observations.length > 0);
}

function joined(packets: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((packet) => [...packet]));
}
