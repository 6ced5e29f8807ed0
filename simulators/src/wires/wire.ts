/** One host at the other end of a wire. */
export interface Peer {
  /** Gives bytes to this host; false when it is gone and the bytes are lost. */
  write(bytes: Uint8Array): boolean;
}

/** The device's end of a wire. What leaves when nobody listens is lost, as on a real line. */
export interface SimulatedWire extends AsyncDisposable {
  /** What the host opens: a path, or host:port. Known once the wire is open. */
  readonly address: string;
  /** Whether a host listens now. A datagram wire cannot know: always true. */
  readonly attached: boolean;
  /** Gives bytes to every host that listens; false when there is none. */
  write(bytes: Uint8Array): boolean;
  /** Names who takes the bytes that hosts send. One listener, named before the wire opens. */
  listen(listener: (bytes: Uint8Array, from: Peer) => void): void;
  open(): Promise<void>;
  /** The wire is gone for the host, until `open` is called again. */
  unplug(): Promise<void>;
}

/** Where a wire goes, as `--wire` says it. */
export type WirePlan =
  | { readonly kind: 'pty'; readonly link: string | null; readonly baudRate: number }
  | { readonly kind: 'tcp' | 'tcp-connect' | 'udp'; readonly host: string; readonly port: number };

/** Reads `pty`, `pty:/path/of/link`, `tcp:host:port` (listens), `tcp-connect:host:port`, `udp:host:port`; null when it is none of these. */
export function parseWire(text: string, baudRate: number): WirePlan | null {
  if (text === 'pty') return { kind: 'pty', link: null, baudRate };
  if (text.startsWith('pty:/')) return { kind: 'pty', link: text.slice(4), baudRate };
  const read = /^(tcp|tcp-connect|udp):(.+):(\d{1,5})$/.exec(text);
  if (!read || Number(read[3]) > 65535) return null;
  return { kind: read[1] as 'tcp' | 'tcp-connect' | 'udp', host: read[2]!.replace(/^\[(.*)\]$/, '$1'), port: Number(read[3]) };
}
