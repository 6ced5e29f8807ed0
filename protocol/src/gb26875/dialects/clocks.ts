import { field, layout } from '../../codec/layout.ts';
import { bcdTimeTag, timeTag, yearFirstTimeTag } from '../fields.ts';
import { CONTROL } from '../frame.ts';
import { UNIT_TYPES, type UnitType } from '../units.ts';
import type { Dialect } from './dialect.ts';

type Clock = typeof timeTag;

/** The same table with its time tags written by another clock. */
function withClock<L extends { readonly fields: typeof CONTROL.fields }>(body: L, clock: Clock): L {
  const fields = body.fields.map(([name, { kind, words }]) => [name, field(kind === timeTag ? clock : kind, words.en, words.zh)] as const);
  return layout(Object.fromEntries(fields)) as unknown as L;
}

function clockwork(clock: Clock): Pick<Dialect, 'clock' | 'control' | 'types'> {
  const types = [...UNIT_TYPES].map(([type, row]): [number, UnitType] => [type, { ...row, object: withClock(row.object, clock) }]);
  return { clock, control: withClock(CONTROL, clock), types: new Map(types) };
}

/** Plain binary, second first, as the standard has it. */
export const PLAIN_CLOCK: Pick<Dialect, 'clock' | 'control' | 'types'> = { clock: timeTag, control: CONTROL, types: UNIT_TYPES };
/** Each byte of a time tag holds two decimal digits. */
export const BCD_CLOCK = clockwork(bcdTimeTag);
/** The six bytes of a time tag stand the other way round. */
export const YEAR_FIRST_CLOCK = clockwork(yearFirstTimeTag);
