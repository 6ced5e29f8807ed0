// Breaks the journal on purpose while it is loaded, in every thread: `node --import ./mutant.ts`, with the name in FF_MUTANT. A drill
// that stays green over a mutant proves nothing.
import { registerHooks } from 'node:module';
import { env } from 'node:process';

interface Mutant {
  readonly file: string;
  /** What stands there, and what is to stand there; each must be found. */
  readonly edits: ReadonlyArray<readonly [from: string, to: string]>;
}

const MUTANTS: Readonly<Record<string, Mutant>> = {
  /** Commits survive a kill, and a power cut takes the last of them along. */
  'synchronous-normal': {
    file: '/journal/database.ts',
    edits: [
      ['synchronous = FULL', 'synchronous = NORMAL'],
      ['synchronous !== 2', 'synchronous !== 1'],
    ],
  },
  /** Rows go out by the wall clock of their hearing, which may have been put back in between. */
  'wall-clock-order': {
    file: '/journal/statements.ts',
    edits: [['ORDER BY owed.position`', 'ORDER BY rows.wall_ms`']],
  },
  /** What was refused by a full volume is answered as if it were durable. */
  'full-is-swallowed': {
    file: '/journal/work.ts',
    edits: [
      [
        'const failure = refusal ?? unwritten.map(({ lane }) => failed.get(lane)).find((told) => told !== undefined);',
        'const failure = refusal;',
      ],
    ],
  },
};

const mutant = MUTANTS[env['FF_MUTANT'] ?? ''];
if (!mutant) throw new TypeError(`FF_MUTANT must be one of ${Object.keys(MUTANTS).join(', ')}`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(mutant.file) || !loaded.source) return loaded;
    let source = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString('utf8');
    for (const [from, to] of mutant.edits) {
      if (!source.includes(from)) throw new Error(`${mutant.file} has no "${from}": bring the mutant up to date`);
      source = source.replaceAll(from, to);
    }
    return { ...loaded, source };
  },
});
