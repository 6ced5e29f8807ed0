import type { Observation } from '../observation.ts';

/** `NnnnLnnDnnn` or `NnnnLnnMnnn` on the printer lines of Notifier panels: node, loop, detector or module. */
const PLACE = /N(\d{3})L(\d{2})([DM])(\d{3})/;

export function notifierPlace(text: string): { address: Observation['address']; fields: Record<string, unknown> } {
  const found = PLACE.exec(text);
  if (!found) return { address: {}, fields: {} };
  const [place, node, loop, kind, point] = found as unknown as [string, string, string, string, string];
  return {
    address: { controller: Number(node), loop: Number(loop), point: Number(point) },
    fields: { place, kind: kind === 'D' ? 'detector' : 'module' },
  };
}

/** The same, written; null where a number has too many digits. */
export function notifierDigits({ controller = 1, loop = 1, point = 1 }: Observation['address']): string | null {
  const place = `N${String(controller).padStart(3, '0')}L${String(loop).padStart(2, '0')}D${String(point).padStart(3, '0')}`;
  return place.length === 11 ? place : null;
}
