/** A time in the zone of the collector as people read it: `2026-03-01 14:00:05 UTC+8`. */
export function writtenTime(ms: number, zoneMinutes: number): string {
  const [hours, minutes] = [Math.trunc(Math.abs(zoneMinutes) / 60), Math.abs(zoneMinutes) % 60];
  const zone = `UTC${zoneMinutes < 0 ? '-' : '+'}${hours}${minutes > 0 ? `:${String(minutes).padStart(2, '0')}` : ''}`;
  return `${new Date(ms + zoneMinutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')} ${zone}`;
}
