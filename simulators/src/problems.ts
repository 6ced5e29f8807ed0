import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';

// Every problem at once: the library stops at eight by default.
Settings.Set({ maxErrors: 1000 });

/** Input that is not what it should be: every problem at once, each with its path. The caller's mistake, hence exit 2. */
export class WrongInput extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'WrongInput';
    this.problems = problems;
  }
}

interface SchemaProblem {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Record<string, unknown>;
  readonly message: string;
}

/** `/steps/0/say` as people write it: `steps[0].say`. */
function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

function valueAt(root: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], root);
}

function said({ keyword, instancePath, params, message }: SchemaProblem, root: unknown): string[] {
  const path = pathOf(instancePath);
  if (keyword === 'boolean') return []; // says the same as additionalProperties, less clearly
  if (keyword === 'additionalProperties')
    return (params['additionalProperties'] as string[]).map((name) => `${path ? `${path}.` : ''}${name}: no such key`);
  if (keyword === 'required')
    return (params['requiredProperties'] as string[]).map((name) => `${path ? `${path}.` : ''}${name}: is missing`);
  const got = `(got ${JSON.stringify(valueAt(root, instancePath))})`;
  if (keyword === 'enum') return [`${path}: must be one of ${(params['allowedValues'] as unknown[]).join(', ')} ${got}`];
  return [`${path || 'the file'}: ${message} ${got}`];
}

/** Every way in which `value` misses the schema, in plain words; empty when it fits. */
export function problemsOf(schema: TSchema, value: unknown): string[] {
  const errors = Compile(schema).Errors(value) as unknown as SchemaProblem[];
  return [...new Set(errors.flatMap((error) => said(error, value)))];
}
