import { type OrderParameters, type OrderState, READ_UNITS, type ReadObject, type ReadUnit } from '@fengsui/protocol';
import { encodeText, encodeUnit, UNIT_TYPES, type Unit } from '@fengsui/protocol/gb26875';

/** Answers a question that changes nothing. */
export type Look = (what: OrderParameters<'read'>) => Promise<{ readonly state: OrderState; readonly result: unknown }>;

type Objects = ReadonlyArray<Readonly<Record<string, unknown>>>;

/** Bytes a text has room for: 31 of a description, 255 behind a length byte (§8.2.1). */
const TEXT_BYTES: ReadonlyMap<number, number> = new Map([
  [2, 31],
  [7, 31],
  [6, 255],
  [26, 255],
]);

/** What of a question's objects asks for something: the reserved byte of some asks for nothing (Fig. 39–44). */
function askedIn(type: number, objects: Objects): ReadObject[] {
  const { object } = UNIT_TYPES.get(type)!;
  return objects.map((value) => {
    const { systemType, systemAddress, componentAddress, recordCount, startTime } = object.view(value) as ReadObject;
    const given = Object.entries({ systemType, systemAddress, componentAddress, recordCount, startTime });
    return Object.fromEntries(given.filter(([, one]) => one !== undefined && one !== null));
  });
}

/** Objects in their written form as bytes. A place has more words than a description has room for: cut at a character. */
function bytesOf(type: number, objects: Objects): Uint8Array {
  const { object } = UNIT_TYPES.get(type)!;
  const values = objects.map((written) => {
    const { text, ...rest } = written;
    const value = object.parse(rest) as Record<string, unknown>;
    return text === undefined ? value : { ...value, text: encodeText(String(text), TEXT_BYTES.get(type) ?? 0) };
  });
  return encodeUnit({ type, count: values.length, objects: values });
}

/** The unit that answers a request (gb26875 notes, 5.4), without objects where there is nothing; null: the request is denied. */
export async function answerTo({ type, objects }: Extract<Unit, { objects: unknown }>, look: Look): Promise<Uint8Array | null> {
  if (!READ_UNITS.has(type as ReadUnit)) return null;
  const { state, result } = await look({ what: 'unit', unit: type as ReadUnit, objects: askedIn(type, objects) });
  if (state !== 'done') return null;
  const { unit, objects: found } = result as { readonly unit: number; readonly objects: Objects };
  return bytesOf(unit, found);
}
