import { Failure, type SiteEvent, toHex } from '@fengsui/protocol';
import { partsOf } from '@fengsui/protocol/normalizer';
import type { GatewayConfiguration } from './config.ts';
import type { PointState, SiteState } from './downlink/site-state.ts';
import { meetingKey } from './downlink/unheard.ts';
import type { BuiltLine } from './lines.ts';
import { OPEN_AGAIN_MS } from './page/limits.ts';
import type { InstallerPage, LiveBytes, PageNeeds, Point } from './page/page.ts';
import { readPinFile } from './page/pin-file.ts';
import { TestAlarm } from './page/test-alarm.ts';
import type { Taps } from './taps.ts';
import type { RowName, Trail } from './trail.ts';

export interface InstallerPageOptions extends Pick<PageNeeds, 'clock' | 'log' | 'status' | 'answerDuty' | 'logLines' | 'seenUnwatched'> {
  readonly configuration: GatewayConfiguration;
  readonly site: SiteState;
  readonly taps: Taps;
  readonly lines: readonly BuiltLine[];
  readonly trail: Trail;
  /** Makes an event about the gateway itself durable, apart from what the site says. */
  readonly say: (event: Pick<SiteEvent, 'edge'> & Partial<SiteEvent>) => Promise<RowName>;
  readonly signal: AbortSignal;
}

/** The installer's page of a running gateway, or the wait for it. */
export interface PageHolder {
  /** Where it is; null while it is not open. */
  readonly url: string | null;
  close(): Promise<void>;
}

/**
 * Opens the page, and goes on trying where it cannot be opened: a PIN that is not set yet, a port that is taken, keep no alarm
 * from its way. Its server is loaded only where it can open: a gateway without a page has no memory to give for one.
 */
export async function holdPage(options: InstallerPageOptions): Promise<PageHolder> {
  const { configuration, clock, log, signal } = options;
  const { page } = configuration;
  if (!page?.pinFile) return { url: null, close: async () => {} };
  const { say, trail } = options;
  const alarm = new TestAlarm({ clock, append: (event) => say({ ...event }), follow: trail.follow.bind(trail) });
  const needs: PageNeeds = { ...options, page: { ...page, pinFile: page.pinFile }, alarm, ...sourcesOf(options) };
  let open: InstallerPage | null = null;
  let told = '';
  const attempt = async () => {
    try {
      await readPinFile(needs.page.pinFile);
      const { openPage } = await import('./page/page.ts');
      open = await openPage(needs);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.message !== told) log.warn({ code: error.code }, error.message);
      told = error.message;
    }
  };
  await attempt();
  const opened = (async () => {
    while (!open && !signal.aborted) {
      await clock.sleep(OPEN_AGAIN_MS, signal).catch(() => {});
      if (!signal.aborted) await attempt();
    }
  })();
  return {
    get url() {
      return open?.url ?? null;
    },
    async close() {
      await alarm.end();
      await opened;
      await open?.close();
    },
  };
}

function sourcesOf(options: InstallerPageOptions): Pick<PageNeeds, 'points' | 'noise' | 'rejected' | 'watch' | 'findings' | 'tellLocked'> {
  const { configuration, site, taps, lines, trail, clock, say } = options;
  const countersOf = (name: string) => lines.find((line) => line.name === name)?.counters;
  const configured = configuredPoints(configuration);
  const { gateway, uplinks } = configuration;
  const devices = new Set(configuration.lines.flatMap((line) => line.devices.map(({ name }) => name)));
  // What comes in pieces is shown as its driver cuts it; what comes whole, as it comes.
  const streams = new Set(configuration.lines.filter(({ wire }) => wire.kind !== 'udp' && wire.kind !== 'http').map(({ name }) => name));
  // What the gateway says of itself and its links is no point of the site.
  const ours = new Set([gateway.id, ...uplinks.map(({ name }) => name), ...configuration.lines.map(({ name }) => name)]);
  return {
    points: async () => {
      await site.recalled;
      const heard = site.points().filter(({ source }) => !ours.has(source));
      return pointsOf(configured, devices, heard);
    },
    noise: (line) => (countersOf(line)?.noise ?? []).map(({ atMs, why, bytes }) => ({ atMs, why, hex: toHex(bytes) })),
    rejected: () => trail.rejected,
    watch: (line, watcher: LiveBytes) => {
      const counters = countersOf(line);
      const isStream = streams.has(line);
      const unwatch = taps.watch(line, isStream ? { heard: () => {}, wrote: watcher.wrote } : watcher);
      if (!counters || !unwatch) return null;
      const looking = { packet: isStream ? watcher.packet : () => {}, counted: watcher.counted };
      counters.watchers.add(looking);
      return () => {
        unwatch();
        counters.watchers.delete(looking);
      };
    },
    findings: () => findingsOf(configuration, clock.wallMs()),
    tellLocked: (text) => say({ note: 'page-locked', edge: 'momentary', text }),
  };
}

type Configured = ReadonlyMap<string, Point>;

function configuredPoints({ lines }: GatewayConfiguration): Configured {
  const devices = lines.flatMap((line) => line.devices);
  const points = devices.flatMap((device) => {
    const parts = partsOf(device);
    return device.points.map(({ place, address, register }, index): Point => {
      const named = register === undefined ? {} : { register };
      const silent = { states: [], measured: null, heardMs: null, text: null, said: null };
      return {
        source: device.name,
        part: parts[index]!,
        place: place ?? null,
        address: address ?? null,
        ...named,
        ...silent,
        isConfigured: true,
      };
    });
  });
  return new Map(points.map((point) => [meetingKey(point), point]));
}

/** Every point that spoke, a configured device as a whole among them, and behind them those that are configured and never did. */
function pointsOf(configured: Configured, devices: ReadonlySet<string>, heard: readonly PointState[]): Point[] {
  const silent = new Map(configured);
  const spoke = heard.map((state): Point => {
    const key = meetingKey(state);
    const known = configured.get(key);
    silent.delete(key);
    const named = known?.register === undefined ? {} : { register: known.register };
    return {
      ...state,
      heardMs: state.receivedMs,
      place: state.place ?? known?.place ?? null,
      address: state.address ?? known?.address ?? null,
      ...named,
      isConfigured: known !== undefined || (state.part.component === undefined && devices.has(state.source)),
    };
  });
  return [...spoke, ...silent.values()];
}

/** What of the doctor can be asked beside a running gateway: nothing that opens a wire or an uplink, or keeps the disk busy. */
async function findingsOf({ gateway, uplinks }: GatewayConfiguration, nowMs: number) {
  const { clockFindings } = await import('./commission/doctor/clock-health.ts');
  const { certificateFindings } = await import('./commission/doctor/certificates.ts');
  const certificates = uplinks.flatMap((uplink) => {
    if (uplink.kind !== 'mqtt') return [];
    const { name, ca, certificate, key } = uplink;
    const files = Object.entries({ ca, certificate, key }).filter(([, path]) => path !== undefined);
    return certificateFindings(name, Object.fromEntries(files), gateway.id, nowMs);
  });
  return [...clockFindings(nowMs, gateway.clockSynchronisedFile), ...certificates];
}
