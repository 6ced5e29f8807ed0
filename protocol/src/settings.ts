import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings as LibrarySettings } from 'typebox/system';
import * as Value from 'typebox/value';
import { LineCounter, parseDocument } from 'yaml';

// The library stops after eight problems; a person wants to see all of them at once.
LibrarySettings.Set({ maxErrors: 10_000 });

export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** Every problem of a configuration, each a line `path: what is wrong`. */
export interface Problems {
  readonly problems: readonly string[];
}

/** What a text says under a schema, defaults filled in, and where it does not fit. */
export interface Settings {
  readonly value: unknown;
  readonly shape: readonly SchemaProblem[];
}

/** Reads YAML against a schema. A text that is no YAML is a list of problems with line and column; nothing throws. */
export function readSettings(source: string, schema: TSchema): Settings | Problems {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const broken = [...document.errors, ...document.warnings].map(({ message, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    return `line ${line}, column ${col}: ${message}`;
  });
  if (broken.length > 0) return { problems: broken };
  try {
    const value = Value.Default(schema, document.toJS({ maxAliasCount: 100 }) ?? {});
    return { value, shape: schemaProblems(schema, value) };
  } catch (error) {
    return { problems: [(error as Error).message] };
  }
}

/** Freezes a value and all it holds. */
export function frozen<T>(value: T): Frozen<T> {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value as Frozen<T>;
}

/** One thing wrong with a configuration. `breaks`: what stands at `path` cannot be read at all. */
export interface SchemaProblem {
  readonly path: string;
  readonly line: string;
  readonly breaks: boolean;
  /** Here: a number within the widest bounds that were ever permitted, and the bound of today that is nearest to it. */
  readonly narrowed?: { readonly pointer: string; readonly wrote: number; readonly inForce: number };
}

/** Every way in which a value does not fit a schema, as `lines[2].wire.baudRate: must be one of 1200, 2400 (got 9601)`. */
export function schemaProblems(schema: TSchema, value: unknown): SchemaProblem[] {
  const errors = Value.Errors(schema, value).filter((error) => error.keyword !== 'boolean' && isOfChosenBranch(schema, value, error));
  const problems = errors.flatMap((error) => {
    const breaks = error.keyword !== 'additionalProperties';
    const more = { breaks, ...narrowedAt(schema, value, error) };
    return sentences(schema, value, error).map(([path, wrong]) => ({ path, line: `${path || 'the file'}: ${wrong}`, ...more }));
  });
  return problems.filter(({ line }, index) => problems.findIndex((other) => other.line === line) === index);
}

/** Whether what stands at a path can be read: no problem breaks it, what holds it or what it holds. */
export type Sound = (path: string) => boolean;

export function soundness(problems: readonly SchemaProblem[]): Sound {
  const broken = problems.filter(({ breaks }) => breaks).map(({ path }) => path);
  const holds = (outer: string, inner: string) =>
    outer === '' || inner === outer || (inner.startsWith(outer) && '.['.includes(inner[outer.length]!));
  return (path) => !broken.some((other) => holds(other, path) || holds(path, other));
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `/lines/2/wire/baudRate` → `lines[2].wire.baudRate`. */
function dotted(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('')
    .replace(/^\./, '');
}

const at = (value: unknown, pointer: string): unknown => (pointer === '' ? value : Value.Pointer.Get(value, pointer));
const schemaAt = (schema: TSchema, path: string) => at(schema, path.replace(/^#/, '')) as Record<string, unknown> | undefined;
const kindOf = (branch: unknown) => (branch as { properties?: { kind?: { const?: unknown } } })?.properties?.kind?.const;

/** Of a union told apart by `kind`, only the problems of the kind that was named; the union's own problem only when none was. */
function isOfChosenBranch(schema: TSchema, value: unknown, error: TLocalizedValidationError): boolean {
  const steps = error.schemaPath.split('/');
  for (let index = steps.indexOf('anyOf'); index >= 0; index = steps.indexOf('anyOf', index + 1)) {
    const branch = schemaAt(schema, steps.slice(0, index + 2).join('/'));
    if (kindOf(branch) === undefined) continue;
    const depth = steps
      .slice(0, index)
      .filter((step, position) => steps[position - 1] === 'properties' || isItem(steps, position, step)).length;
    const named = at(
      value,
      error.instancePath
        .split('/')
        .slice(0, depth + 1)
        .join('/'),
    ) as { kind?: unknown } | undefined;
    if (named?.kind !== kindOf(branch)) return false;
  }
  if (error.keyword !== 'anyOf') return true;
  const kinds = ((schemaAt(schema, error.schemaPath)?.['anyOf'] ?? []) as unknown[]).map(kindOf);
  return !kinds.includes((at(value, error.instancePath) as { kind?: unknown } | null)?.kind);
}

function isItem(steps: readonly string[], position: number, step: string): boolean {
  return step === 'items' && steps[position - 1] !== 'properties';
}

/** The widest bounds of a number that any version permitted, where those of today are narrower: `released` in a schema. */
export interface Released {
  readonly minimum?: number;
  readonly maximum?: number;
}

function narrowedAt(schema: TSchema, value: unknown, error: TLocalizedValidationError): Pick<SchemaProblem, 'narrowed'> {
  if (error.keyword !== 'minimum' && error.keyword !== 'maximum') return {};
  const released = (schemaAt(schema, error.schemaPath)?.['released'] as Released | undefined)?.[error.keyword];
  const [wrote, inForce] = [at(value, error.instancePath) as number, Number(error.params.limit)];
  const isWithin = released !== undefined && (error.keyword === 'minimum' ? wrote >= released : wrote <= released);
  return isWithin && Number.isInteger(wrote) ? { narrowed: { pointer: error.instancePath, wrote, inForce } } : {};
}

/** Path and what is wrong there. */
function sentences(schema: TSchema, value: unknown, error: TLocalizedValidationError): Array<readonly [path: string, wrong: string]> {
  const path = dotted(error.instancePath);
  const inside = (key: string) => (path === '' ? key : `${path}.${key}`);
  const found = at(value, error.instancePath);
  const got = shown(found);
  const says = schemaAt(schema, error.schemaPath)?.['says'];
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((key) => [inside(key), 'is missing']);
    case 'additionalProperties': {
      const known = Object.keys((schemaAt(schema, error.schemaPath)?.['properties'] ?? {}) as object);
      return error.params.additionalProperties.map((key) => [inside(key), `is no key here${suggestion(key, known)}`]);
    }
    case 'anyOf': {
      const kinds = ((schemaAt(schema, error.schemaPath)?.['anyOf'] ?? []) as unknown[]).map(kindOf);
      return isMapping(found)
        ? [[inside('kind'), `must be one of ${kinds.join(', ')} (got ${shown(found['kind'])})`]]
        : [[path, `must be object (got ${got})`]];
    }
    case 'enum': {
      const known = error.params.allowedValues.map(String);
      return [[path, `must be one of ${known.join(', ')} (got ${got}${typeof found === 'string' ? suggestion(found, known) : ''})`]];
    }
    case 'type':
      return [[path, `must be ${error.params.type} (got ${got})`]];
    case 'minimum':
      return [[path, `${says ?? `must be at least ${error.params.limit}`} (got ${got})`]];
    case 'maximum':
      return [[path, `${says ?? `must be at most ${error.params.limit}`} (got ${got})`]];
    case 'minItems':
      return [[path, `must have at least ${error.params.limit} (got ${(found as unknown[]).length})`]];
    case 'maxItems':
      return [[path, `must have at most ${error.params.limit} (got ${(found as unknown[]).length})`]];
    default:
      return [[path, `${says ?? error.message} (got ${got})`]];
  }
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** `, did you mean "baudRate"?` when a known word is near. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((one, other) => one.far - other.far)[0];
  return near && near.far <= Math.max(1, Math.floor(word.length / 3)) ? `, did you mean "${near.candidate}"?` : '';
}

/** Levenshtein's distance: how many letters to change, add or drop. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= other.length; column++)
      next[column] = Math.min(row[column]! + 1, next[column - 1]! + 1, row[column - 1]! + (letter === other[column - 1] ? 0 : 1));
    row = next;
  }
  return row[other.length]!;
}
