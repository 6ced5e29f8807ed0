import { type Cut, cutAll, type Decoded, type Family, type RegisterRequest, toHex } from '@fengsui/protocol';
import { modbusCut } from '@fengsui/protocol/modbus';

/** One packet or piece of noise as `gateway decode --json` prints it. */
export type View = Readonly<Record<string, unknown>>;

function packetView(family: Family, bytes: Uint8Array, { fields, observations, remarks }: Decoded): View {
  const said = remarks && remarks.length > 0 ? { remarks } : {};
  return { kind: 'packet', family: family.name, fields, observations, ...said, hex: toHex(bytes) };
}

function noiseView({ bytes, why }: Extract<Cut, { kind: 'noise' }>): View {
  return { kind: 'noise', hex: toHex(bytes), why };
}

function published(family: Extract<Family, { shape: 'publishes' }>, bytes: Uint8Array): View[] {
  const read = family.decode(bytes);
  if (!read) return [{ kind: 'noise', hex: toHex(bytes), why: 'no-start' }];
  const { device, counter } = read;
  return [
    packetView(family, bytes, {
      ...read,
      fields: { ...(device === null ? {} : { device }), ...(counter === null ? {} : { counter }), ...read.fields },
    }),
  ];
}

/** What a family makes of captured bytes, in stream order. `request`: the registers a Modbus reply answers. */
export function familyViews(family: Family, bytes: Uint8Array, request: RegisterRequest | null): View[] {
  if (family.shape === 'publishes') return published(family, bytes);
  const cuts = cutAll(family.shape === 'talks' ? family.cut : modbusCut, bytes);
  return cuts.map((cut) => {
    if (cut.kind === 'noise') return noiseView(cut);
    return packetView(family, cut.bytes, family.shape === 'talks' ? family.decode(cut.bytes) : family.decode(cut.bytes, request));
  });
}
