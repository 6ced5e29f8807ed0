import type { Widest } from './widest-bounds.ts';

/*
 * The widest bounds that any version ever permitted of a number in a stored configuration. A row is only ever widened and never taken
 * away: a site has such a value, and its gateway has to start after the update.
 */

/** Of a device, on a line of a gateway and behind a push door of a collector. */
const DEVICE: Readonly<Record<string, Widest>> = {
  'part.systemType': [0, 255],
  'part.systemAddress': [0, 255],
  unit: [1, 247],
  silenceMs: [100, 31_622_400_000],
  pollEveryMs: [50, 86_400_000],
  'points[].address.controller': [0, 4_294_967_295],
  'points[].address.loop': [0, 4_294_967_295],
  'points[].address.point': [0, 4_294_967_295],
  'points[].address.zone': [0, 4_294_967_295],
  'points[].address.channel': [0, 4_294_967_295],
  'points[].reads.register': [0, 65_535],
  'points[].reads.decimalsRegister': [0, 65_535],
  'points[].unitCode': [0, 65_535],
  'points[].systemType': [0, 255],
  'points[].systemAddress': [0, 255],
  'points[].componentType': [0, 255],
  'points[].componentAddress': [0, 4_294_967_295],
  'points[].low.hysteresis': [0, null],
  'points[].low.delayMs': [0, 31_622_400_000],
  'points[].high.hysteresis': [0, null],
  'points[].high.delayMs': [0, 31_622_400_000],
  'points[].report.changeOf': [0, null],
  'points[].report.everyMs': [1000, 31_622_400_000],
};

const devicesAt = (place: string) => Object.fromEntries(Object.entries(DEVICE).map(([path, bounds]) => [`${place}.${path}`, bounds]));

export const GATEWAY_RELEASED: Readonly<Record<string, Widest>> = {
  'gateway.address': [0, 281_474_976_710_655],
  'gateway.centre': [0, 281_474_976_710_655],
  'gateway.zoneMinutes': [-720, 840],
  'journal.ordinaryMiB': [1, 1_048_576],
  'journal.ballastMiB': [0, 4096],
  'uplinks[] (mqtt).backup.lookEveryS': [10, 86_400],
  'uplinks[] (mqtt).keepaliveS': [1, 40],
  'uplinks[] (mqtt).reconnectMinMs': [50, 60_000],
  'uplinks[] (mqtt).reconnectMaxMs': [50, 60_000],
  'uplinks[] (mqtt).receiptTimeoutMs': [100, 60_000],
  'uplinks[] (gb26875).port': [1, 65_535],
  'uplinks[] (gb26875).address': [0, 281_474_976_710_655],
  'uplinks[] (gb26875).centre': [0, 281_474_976_710_655],
  'uplinks[] (gb26875).heartbeatS': [1, 50],
  'uplinks[] (gb26875).replyTimeoutMs': [100, 10_000],
  'uplinks[] (gb26875).resends': [0, 10],
  'uplinks[] (gb26875).reconnectMinMs': [50, 60_000],
  'uplinks[] (gb26875).reconnectMaxMs': [50, 60_000],
  'status.port': [0, 65_535],
  'page.port': [0, 65_535],
  'orders.uplinkBackWithinMs': [1000, 3_600_000],
  'power.battery.lowPercent': [1, 99],
  'lines[].wire (tcp).port': [1, 65_535],
  'lines[].wire (udp).port': [0, 65_535],
  'lines[].wire (tcp-server).port': [0, 65_535],
  'lines[].wire (tcp-server).connectionsMax': [1, 10_000],
  'lines[].wire (http).port': [0, 65_535],
  ...devicesAt('lines[].devices[]'),
};

export const COLLECTOR_RELEASED: Readonly<Record<string, Widest>> = {
  'collector.zoneMinutes': [-720, 840],
  'intake.port': [0, 65_535],
  'intake.socketsMax': [1, 1_000_000],
  'intake.socketsPerAddressMax': [1, 1_000_000],
  'http.port': [0, 65_535],
  'municipal.timeoutMs': [100, 120_000],
  'pushes[].port': [0, 65_535],
  'pushes[].address': [0, 281_474_976_710_655],
  'pushes[].centre': [0, 281_474_976_710_655],
  ...devicesAt('pushes[].devices[]'),
};
