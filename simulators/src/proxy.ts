import { appendFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { failure } from './failures.ts';
import { LINK_MODES, type LinkQuality } from './link.ts';
import { problemsOf, WrongInput } from './problems.ts';
import { complain, sayReady, stayUntilStopped } from './process.ts';
import { seeded } from './random.ts';
import { TcpLink } from './tcp-link.ts';
import { UdpLink } from './udp-link.ts';

export interface ProxyFlags {
  readonly to: string;
  readonly listen: string;
  readonly udp?: true;
  readonly log?: string;
  readonly seed: string;
  readonly delay: number;
  readonly jitter: number;
  readonly loss: number;
  readonly duplicate: number;
  readonly rate?: number;
  readonly live?: true;
  readonly withParent?: true;
}

const optional = Type.Optional;
const Change = Type.Object(
  {
    mode: optional(Type.Enum([...LINK_MODES])),
    delayMs: optional(Type.Number({ minimum: 0 })),
    jitterMs: optional(Type.Number({ minimum: 0 })),
    loss: optional(Type.Number({ minimum: 0, maximum: 1 })),
    duplicate: optional(Type.Number({ minimum: 0, maximum: 1 })),
    bytesPerSecond: optional(Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()])),
  },
  { additionalProperties: false },
);

function endOf(flag: string, text: string): { host: string; port: number } {
  const read = /^(.+):(\d{1,5})$/.exec(text);
  if (!read || Number(read[2]) > 65535) throw new WrongInput([`${flag}: must be host:port (got "${text}")`]);
  return { host: read[1]!.replace(/^\[(.*)\]$/, '$1'), port: Number(read[2]) };
}

/** One line for each change of the link: the drill's own record of what it broke, and when. */
function record(path: string | undefined, change: Readonly<Record<string, unknown>>): void {
  if (!path) return;
  try {
    appendFileSync(path, `${JSON.stringify({ atMs: Date.now(), ...change })}\n`);
  } catch (error) {
    throw failure('SIM_FILE_UNUSABLE', `log ${path}`, error);
  }
}

export async function runProxy(flags: ProxyFlags): Promise<void> {
  const quality: LinkQuality = {
    delayMs: flags.delay,
    jitterMs: flags.jitter,
    loss: flags.loss,
    duplicate: flags.duplicate,
    bytesPerSecond: flags.rate ?? null,
  };
  const options = { listen: endOf('--listen', flags.listen), to: endOf('--to', flags.to), random: seeded(flags.seed), quality };
  const link = flags.udp ? new UdpLink(options) : new TcpLink(options);
  const { host, port } = await link.start();
  sayReady('proxy', { address: `${host}:${port}`, to: flags.to });
  const live = async (value: unknown): Promise<void> => {
    const problems = problemsOf(Change, value);
    if (problems.length > 0) throw new WrongInput(problems);
    const { mode, ...better } = value as Static<typeof Change>;
    record(flags.log, value as Record<string, unknown>);
    complain(`link: ${JSON.stringify(value)}`);
    if (mode) link.setMode(mode);
    link.setQuality(better as Partial<LinkQuality>);
  };
  await stayUntilStopped(link, { withParent: flags.withParent ?? false, live: flags.live ? live : null });
}
