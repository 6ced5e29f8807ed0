import type { TSchema } from 'typebox';
import * as Value from 'typebox/value';
import { type Settings, schemaProblems } from './settings.ts';

/** A number that an earlier version permitted and this one does not, and the bound that is in force in its place. */
export interface Narrowed {
  readonly path: string;
  readonly wrote: number;
  readonly inForce: number;
  /** Where it stands, what is in force, what to write and why, for people. */
  readonly line: string;
}

/**
 * For a configuration that was good when it was stored: an update may not leave its site without alarms because a bound was narrowed.
 * Each number beyond a bound of today and within the widest that was ever permitted (`released` in the schema) is brought to that bound.
 * What lies beyond that was never good, and stays a problem. The value that is given is changed.
 */
export function broughtWithinBounds({ value, shape }: Settings, schema: TSchema): Settings & { readonly narrowed: readonly Narrowed[] } {
  const narrowed = shape.flatMap(({ path, line, narrowed }): Narrowed[] => {
    if (!narrowed) return [];
    const { pointer, wrote, inForce } = narrowed;
    Value.Pointer.Set(value, pointer, inForce);
    const [reason] = line.slice(path.length + 2).split(/ \(got \S+\)$/);
    const said = `${wrote} was permitted by an earlier version; ${inForce} is in force, write that: it ${reason}`;
    return [{ path, wrote, inForce, line: `${path}: ${said} / 旧版本允许 ${wrote},现按 ${inForce} 运行,请改写配置` }];
  });
  if (narrowed.length === 0) return { value, shape, narrowed };
  // What stands in a union got no defaults while it fitted none of its shapes.
  const whole = Value.Default(schema, value);
  return { value: whole, shape: schemaProblems(schema, whole), narrowed };
}
