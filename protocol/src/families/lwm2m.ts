import { toHex } from '../codec/hex.ts';
import { numberIn, pathIn, type Resource, readResources, textIn } from '../codec/lwm2m.ts';
import type { Battery, Radio } from '../event.ts';
import type { Published, PublishingFamily, Stimulus } from '../family.ts';
import type { Observation } from '../observation.ts';
import { FROM_DEVICE, isoTime, NB_SILENCE_MS } from './json-payload.ts';
import { CONNECTIVITY, CONTACTS, DEVICE, ERRORS, HUMIDITY, OBJECTS, SENSOR, SMOKE, UNITS } from './lwm2m-objects.ts';

/** Low battery by its status (3/0/20, OMA-TS-LightweightM2M E.4). */
const BATTERY_STATUS_LOW = 4;
/** 4/0/0 of an NB-IoT bearer. */
const BEARER_NB = 7;

/** The resources of one object instance, by their number. */
class Instance {
  readonly object: number;
  readonly instance: number;
  readonly #resources: readonly Resource[];

  constructor(object: number, instance: number, resources: readonly Resource[]) {
    this.object = object;
    this.instance = instance;
    this.#resources = resources;
  }

  all(resource: number): readonly Resource[] {
    return this.#resources.filter(({ path }) => path[2] === resource);
  }

  number(resource: number, type: 'integer' | 'float' = 'integer'): number | undefined {
    const [first] = this.all(resource);
    return first ? (numberIn(first.value, type) ?? undefined) : undefined;
  }

  text(resource: number): string | null {
    const [first] = this.all(resource);
    return first ? textIn(first.value) : null;
  }
}

function instancesOf(resources: readonly Resource[]): Instance[] {
  const groups = Map.groupBy(resources, ({ path }) => `${path[0]}/${path[1]}`);
  return [...groups.values()].map((group) => new Instance(group[0]!.path[0]!, group[0]!.path[1]!, group));
}

const within = (value: number | undefined, least: number, most: number) => value !== undefined && value >= least && value <= most;

function batteryIn(device: Instance): Battery {
  const [percent, millivolts] = [device.number(DEVICE.batteryPercent), device.number(DEVICE.voltage)];
  const status = device.number(DEVICE.batteryStatus);
  return {
    ...(within(percent, 0, 100) ? { percent: percent! } : {}),
    ...(within(millivolts, 1, 60_000) ? { millivolts: millivolts! } : {}),
    ...(status === undefined || status > BATTERY_STATUS_LOW ? {} : { low: status === BATTERY_STATUS_LOW }),
  };
}

/** Values no radio can have are left out: some modules send a magnitude, some a filler. */
function radioIn(connectivity: Instance): Radio {
  const [signal, snr, cell] = [CONNECTIVITY.signal, CONNECTIVITY.snr, CONNECTIVITY.cell].map((number) => connectivity.number(number));
  const rsrp = signal === undefined ? undefined : -Math.abs(signal);
  const coverage = connectivity.number(CONNECTIVITY.coverage);
  return {
    ...(connectivity.number(CONNECTIVITY.bearer) === BEARER_NB ? { technology: 'nb-iot' } : {}),
    ...(within(rsrp, -140, -44) ? { rsrp: rsrp! } : {}),
    ...(within(snr, -30, 40) ? { snr: snr! } : {}),
    ...(within(cell, 0, 0xffffffff) ? { cellId: cell! } : {}),
    ...(within(coverage, 0, 4) ? { coverageLevel: coverage! } : {}),
  };
}

/** What objects 3 and 4 say of the device itself: a sign of life with battery and radio, and its errors. */
function aboutDevice(instances: readonly Instance[]): Observation[] {
  const [device, connectivity] = [3, 4].map((number) => instances.find(({ object }) => object === number));
  if (!device && !connectivity) return [];
  const [battery, radio] = [device ? batteryIn(device) : {}, connectivity ? radioIn(connectivity) : {}];
  const codes = device?.all(DEVICE.error).map(({ value }) => numberIn(value, 'integer') ?? 0) ?? [];
  const errors = codes.flatMap((code): Observation[] => {
    if (code === 0) return [];
    return [{ address: {}, ...(ERRORS[code] ?? { what: 'fault' as const, detail: `error ${code}` }) }];
  });
  const well: Observation[] = codes.length > 0 && codes.every((code) => code === 0) ? [{ what: 'fault-restored', address: {} }] : [];
  const alive: Observation = {
    ...{ what: 'heartbeat', address: {} },
    ...(Object.keys(battery).length > 0 ? { battery } : {}),
    ...(Object.keys(radio).length > 0 ? { radio } : {}),
  };
  return [alive, ...errors, ...well];
}

/** The quantity of a value and what brings it to our unit. */
function unitOf(instance: Instance): { readonly quantity?: Observation['quantity']; readonly factor: number } {
  const said = (instance.text(SENSOR.unit) ?? '').trim().toLowerCase();
  const unit = said === '%' && instance.object !== HUMIDITY ? undefined : UNITS.get(said);
  if (unit) return unit;
  const quantity = said === '' ? OBJECTS[instance.object] : undefined;
  return quantity ? { quantity, factor: 1 } : { factor: 1 };
}

function isSmoke(instance: Instance): boolean {
  return instance.object === SMOKE || /smoke|烟/i.test(instance.text(SENSOR.application) ?? '');
}

/** A sensor object of the 3200 and 3300 series: its value, and its state where it has one. */
function measured(instance: Instance): Observation[] {
  const { object, instance: number } = instance;
  const about = { address: { point: object, channel: number } };
  const { quantity, factor } = unitOf(instance);
  const values = instance.all(SENSOR.value).flatMap((resource): Observation[] => {
    const raw = numberIn(resource.value, 'float');
    if (raw === null) return [];
    const time = resource.unixSeconds === undefined ? {} : { deviceTime: isoTime(Math.round(resource.unixSeconds) * 1000) };
    return [{ what: 'reading', ...about, value: Number((raw * factor).toPrecision(7)), ...(quantity ? { quantity } : {}), ...time }];
  });
  const [state] = instance.all(SENSOR.state).flatMap(({ value }) => booleanIn(value) ?? []);
  if (state === undefined) return values;
  if (isSmoke(instance)) return [...values, { what: state ? 'fire' : 'restored', ...about, componentType: 42 }];
  return CONTACTS.has(object) ? [...values, { what: 'reading', ...about, value: Number(state), quantity: 'contact' }] : values;
}

function booleanIn(value: Resource['value']): boolean | null {
  if (typeof value === 'string') return /^(1|true)$/i.test(value) ? true : /^(0|false)$/i.test(value) ? false : null;
  const number = numberIn(value, 'integer');
  return number === null ? null : number !== 0;
}

const isSensor = ({ object }: Instance) => object >= 3200 && object < 3400;

function shown({ path, value, unixSeconds }: Resource) {
  const text = value instanceof Uint8Array ? toHex(value) : value;
  return { path: `/${path.join('/')}`, [value instanceof Uint8Array ? 'hex' : 'value']: text, ...(unixSeconds ? { unixSeconds } : {}) };
}

function decode(bytes: Uint8Array): Published | null {
  const { path, format, payload } = pathIn(bytes);
  const resources = readResources(path, format, payload)?.filter(({ value }) => typeof value !== 'number' || Number.isFinite(value));
  if (!resources) return null;
  const instances = instancesOf(resources);
  const ofDevice = (instance: Instance) => instance.object === 3 || instance.object === 4;
  const others = instances.filter((instance) => !ofDevice(instance));
  const sensed = others.map((instance) => (isSensor(instance) ? measured(instance) : []));
  const unsaid = others.filter((_, index) => sensed[index]!.length === 0);
  const remarks = unsaid.map(({ object }) => `object ${object} says nothing we know: kept raw`);
  return {
    device: null,
    counter: null,
    fields: { ...FROM_DEVICE, path: `/${path.join('/')}`, format, resources: resources.map(shown) },
    observations: [...aboutDevice(instances), ...sensed.flat()],
    ...(remarks.length > 0 ? { remarks } : {}),
  };
}

/** SenML in JSON, as a device sends it by itself (`/dp`). */
function say({ what, value, battery, radio }: Stimulus): Uint8Array | null {
  const record = (name: string, field: object) => ({ n: name, ...field });
  const device = [record('/3/0/9', { v: battery?.percent ?? 100 }), record('/4/0/2', { v: Math.round(radio?.rsrp ?? -89) })];
  const records = {
    heartbeat: device,
    fire: [record('/3318/0/5500', { vb: true }), ...device],
    restored: [record('/3318/0/5500', { vb: false }), ...device],
    'battery-low': [record('/3/0/11/0', { v: 1 })],
    fault: [record('/3/0/11/0', { v: 8 })],
    'fault-restored': [record('/3/0/11/0', { v: 0 })],
    reading: value === undefined ? null : [record('/3303/0/5700', { v: value })],
  }[what as string];
  if (!records || (value !== undefined && what !== 'reading')) return null;
  return new TextEncoder().encode(JSON.stringify(records));
}

/** Devices that speak LwM2M with the objects of its register: device, connectivity, sensors. */
export const LWM2M: PublishingFamily = {
  shape: 'publishes',
  name: 'lwm2m',
  version: 1,
  title: { en: 'LwM2M sensors (objects 3, 4, 3200 and 3300 series)', zh: 'LwM2M 传感器(对象 3、4、3200/3300 系列)' },
  tier: 2,
  basis: 'OMA-TS-LightweightM2M 1.0 and 1.2, its example of the device object; RFC 8428',
  notes: [
    {
      en: 'The object of a smoke detector is the choice of its maker: 3318, or any whose application type says smoke. Test the detector before relying on it.',
      zh: '烟感对象由厂家自定:3318 或应用类型写明烟感者。投用前须实测。',
    },
    {
      en: 'Point table: point is the object, channel its instance ({ point: 3323, channel: 0 }). Where a device does not send its unit the site names quantity and scale.',
      zh: '点表:point 为对象号,channel 为实例号。设备不报单位时由现场指定 quantity 与 scale。',
    },
  ],
  carrier: 'coap',
  decode,
  silenceMs: NB_SILENCE_MS,
  play: { say },
};
