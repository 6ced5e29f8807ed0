import type { Family } from '../family.ts';
import { P9108_PRINTER } from './9108-printer.ts';
import { ARC_DETECTOR } from './arc-detector.ts';
import { ASJ_RESIDUAL } from './asj-residual.ts';
import { CT11 } from './ct11.ts';
import { EI2000 } from './ei2000.ts';
import { FC18R_PRINTER } from './fc18r-printer.ts';
import { FS5101W } from './fs5101w.ts';
import { FT8003 } from './ft8003.ts';
import { GAS_SFJK200 } from './gas-sfjk200.ts';
import { gb26875, gb26875Site } from './gb26875.ts';
import { GS524N } from './gs524n.ts';
import { GST_AA_BUS } from './gst-aa-bus.ts';
import { GST_CRT200 } from './gst-crt200.ts';
import { GST_CRT500 } from './gst-crt500.ts';
import { GST_HW200 } from './gst-hw200.ts';
import { GST_MODBUS } from './gst-modbus.ts';
import { GST100_PRINTER } from './gst100-printer.ts';
import { GT603 } from './gt603.ts';
import { JB3208 } from './jb3208.ts';
import { JBF_193K } from './jbf-193k.ts';
import { JBF_NATIVE } from './jbf-native.ts';
import { LD128E } from './ld128e.ts';
import { LD128EN_PRINTER } from './ld128en-printer.ts';
import { LWM2M } from './lwm2m.ts';
import { MODBUS_BASIC } from './modbus-basic.ts';
import { N3030_PRINTER } from './n3030-printer.ts';
import { NB_HUAQIANG } from './nb-huaqiang.ts';
import { NB_LIAN } from './nb-lian.ts';
import { NB_MEOKON } from './nb-meokon.ts';
import { NB_SITERWELL } from './nb-siterwell.ts';
import { NB_WANLIN } from './nb-wanlin.ts';
import { OXX20 } from './oxx20.ts';
import { PRESSURE_TRANSMITTER } from './pressure-transmitter.ts';
import { PTW3300_PRINTER } from './ptw3300-printer.ts';
import { PUSH_CTWING } from './push-ctwing.ts';
import { PUSH_IOTDA } from './push-iotda.ts';
import { PUSH_OCEANCONNECT } from './push-oceanconnect.ts';
import { PUSH_ONENET } from './push-onenet.ts';
import { PUSH_ONENET_OLD } from './push-onenet-old.ts';
import { SIMPLEX_4100 } from './simplex-4100.ts';
import { SJ9102BA } from './sj9102ba.ts';
import { TC5120_PRINTER } from './tc5120-printer.ts';
import { TX3004_PRINTER } from './tx3004-printer.ts';
import { TX3016A } from './tx3016a.ts';
import { TX3607 } from './tx3607.ts';
import { V3818 } from './v3818.ts';

const ALL: readonly Family[] = [
  gb26875,
  gb26875Site,
  // tier 1: real sample packets
  GST_MODBUS,
  GST_AA_BUS,
  GST_CRT500,
  JBF_193K,
  JBF_NATIVE,
  JB3208,
  FS5101W,
  LD128E,
  SIMPLEX_4100,
  OXX20,
  V3818,
  ARC_DETECTOR,
  GAS_SFJK200,
  MODBUS_BASIC,
  NB_HUAQIANG,
  NB_WANLIN,
  NB_LIAN,
  PUSH_CTWING,
  PUSH_OCEANCONNECT,
  // tier 2: documented, no real sample
  PRESSURE_TRANSMITTER,
  ASJ_RESIDUAL,
  GST_CRT200,
  EI2000,
  PUSH_ONENET,
  PUSH_ONENET_OLD,
  PUSH_IOTDA,
  // tier 3: experimental
  CT11,
  FC18R_PRINTER,
  GST100_PRINTER,
  GST_HW200,
  SJ9102BA,
  GT603,
  FT8003,
  TX3016A,
  TX3607,
  TX3004_PRINTER,
  P9108_PRINTER,
  TC5120_PRINTER,
  LD128EN_PRINTER,
  N3030_PRINTER,
  PTW3300_PRINTER,
  NB_MEOKON,
  NB_SITERWELL,
  LWM2M,
  GS524N,
];

/** A family without a real sample behind it is an attempt: whoever uses it has to test every kind of alarm. */
export function isExperimental({ tier }: Pick<Family, 'tier'>): boolean {
  return tier !== 1;
}

/** THE REGISTER: every device family we know, by name. */
export const FAMILIES: ReadonlyMap<string, Family> = new Map(ALL.map((family) => [family.name, family]));
