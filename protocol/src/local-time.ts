/** A time as people of a site read it, with its zone (ISO 8601): `2026-11-29T09:10:33.120+08:00`. What is no time is written as its number. */
export function localTime(ms: number, zoneMinutes: number): string {
  const shifted = new Date(ms + zoneMinutes * 60_000);
  if (Number.isNaN(shifted.getTime())) return String(ms);
  const size = Math.abs(zoneMinutes);
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  return `${shifted.toISOString().slice(0, -1)}${zoneMinutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
}
