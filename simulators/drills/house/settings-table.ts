/** The part of JSON schema our configurations use. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  /** The widest bounds that any version permitted, where those of today are narrower. */
  readonly released?: { readonly minimum?: number; readonly maximum?: number };
  readonly minItems?: number;
  /** What must be true of it, in words: `must be …`. */
  readonly says?: string;
}

export interface Setting {
  /** `lines[].wire.baudRate`. */
  readonly path: string;
  /** What it may be, in words. */
  readonly value: string;
  /** Its default, `optional`, or nothing where it has to be given. */
  readonly standard: string;
}

/** As many choices as fit a cell; more are counted. */
const CHOICES_SHOWN_MAX = 12;

function choices(values: readonly unknown[]): string {
  const shown = values.slice(0, CHOICES_SHOWN_MAX).map((value) => `\`${value}\``);
  return values.length > CHOICES_SHOWN_MAX ? `one of ${values.length} words: ${shown.join(', ')} …` : `one of ${shown.join(', ')}`;
}

function range({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  return maximum === undefined ? '' : `, at most ${maximum}`;
}

/** What a stored configuration may have beyond the bounds. */
function releasedWords({ minimum, maximum, released = {} }: Schema): string {
  const least = released.minimum === undefined ? '' : ` (stored by an earlier version, ${released.minimum} and more: runs as ${minimum})`;
  const most = released.maximum === undefined ? '' : ` (stored by an earlier version, up to ${released.maximum}: runs as ${maximum})`;
  return least + most;
}

function valueWords(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return choices(schema.enum);
  if (schema.says) return schema.says.replace(/^must be /, '') + releasedWords(schema);
  if (schema.type === 'integer') return `whole number${range(schema)}`;
  if (schema.type === 'number') return `number${range(schema)}`;
  if (schema.type === 'boolean') return '`true` or `false`';
  return schema.type === 'string' ? 'text' : (schema.type ?? 'anything');
}

/** The variant of a union is told by its constant: `wire (serial).baudRate`. */
function variantName(variant: Schema): string {
  const told = Object.values(variant.properties ?? {}).find((property) => property.const !== undefined);
  return told ? ` (${told.const})` : '';
}

/** Many words that may all hold the same: the observation words of a point. */
function isDictionary({ properties = {} }: Schema): boolean {
  const values = Object.values(properties);
  return values.length > CHOICES_SHOWN_MAX && new Set(values.map((value) => JSON.stringify(value))).size === 1;
}

function leaves(schema: Schema, path: string, needed: boolean): readonly Setting[] {
  if (schema.anyOf) return schema.anyOf.flatMap((variant) => leaves(variant, `${path}${variantName(variant)}`, needed));
  if (schema.items) return leaves(schema.items, `${path}[]`, true);
  if (schema.properties) {
    const prefix = path === '' ? '' : `${path}.`;
    const rows = Object.entries(schema.properties).flatMap(([name, inner]) =>
      leaves(inner, `${prefix}${name}`, (schema.required ?? []).includes(name)),
    );
    return isDictionary(schema) ? [{ ...rows[0]!, path: `${prefix}<word>` }] : rows;
  }
  const standard = schema.default !== undefined ? `\`${JSON.stringify(schema.default)}\`` : needed ? '' : 'optional';
  return [{ path, value: valueWords(schema), standard }];
}

/** Every setting of a configuration's schema, in order. */
export function settings(schema: Schema): readonly Setting[] {
  return leaves(schema, '', true);
}
