import type * as files from 'node:fs/promises';

type Files = typeof files;
type Handle = Awaited<ReturnType<Files['open']>>;

/**
 * The file system of a test that goes through every step: before each step it may fail, or the process ends there, which nothing that
 * waits for the step ever notices.
 */
export class Steps {
  /** Names of the steps since `rehearse`. */
  readonly passed: string[] = [];
  /** What the process has open: the kernel closes it with the process. */
  readonly opened = new Set<Handle>();
  #plan: { readonly at: number; readonly upTo: number; readonly how: 'kill' | 'fail'; readonly meanwhile?: () => void } | null = null;
  #killed = Promise.withResolvers<'killed'>();

  /** Counts from 0 again; `how` befalls the steps from `at` on, `times` of them. `meanwhile` happens with the first. */
  rehearse(how: 'kill' | 'fail', at: number, times = 1, meanwhile?: () => void): void {
    this.passed.length = 0;
    this.#killed = Promise.withResolvers();
    this.#plan = { at, upTo: at + times, how, ...(meanwhile ? { meanwhile } : {}) };
  }

  get killed(): Promise<'killed'> {
    return this.#killed.promise;
  }

  async take(name: string): Promise<void> {
    const [plan, step] = [this.#plan, this.passed.length];
    this.passed.push(name);
    if (!plan || step < plan.at || step >= plan.upTo) return;
    if (step === plan.at) plan.meanwhile?.();
    if (plan.how === 'fail') throw Object.assign(new Error(`ENOSPC: ${name}`), { code: 'ENOSPC' });
    await Promise.all([...this.opened].map((file) => file.close()));
    this.opened.clear();
    this.#killed.resolve('killed');
    await new Promise(() => {});
  }
}

/** The real functions, each a step. What is synced is a step too, but no disk is waited for: a process that ends leaves the page cache. */
export function faulty(real: Files, steps: Steps): Partial<Files> {
  const step =
    <A extends unknown[], R>(name: string, act: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await steps.take(`${name} ${String(given[0]).split('/').at(-1)}`);
      return act(...given);
    };
  const names = ['rm', 'rename', 'mkdir', 'readFile'] as const;
  const open = step('open', async (...given: Parameters<Files['open']>) => handle(await real.open(...given), steps));
  return { ...Object.fromEntries(names.map((name) => [name, step(name, real[name] as (...given: unknown[]) => Promise<unknown>)])), open };
}

function handle(file: Handle, steps: Steps): Handle {
  steps.opened.add(file);
  const acts: Record<string, (...given: never[]) => Promise<unknown>> = {
    sync: async () => {},
    datasync: async () => {},
    writeFile: file.writeFile.bind(file),
    appendFile: file.appendFile.bind(file),
    chmod: file.chmod.bind(file),
  };
  const close = () => {
    steps.opened.delete(file);
    return file.close();
  };
  return new Proxy(file, {
    get(target, name) {
      if (name === 'close') return close;
      const act = acts[String(name)];
      if (!act) return Reflect.get(target, name);
      return async (...given: never[]) => {
        await steps.take(String(name));
        return act(...given);
      };
    },
  });
}
