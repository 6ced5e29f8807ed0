import type { Family } from '../family.ts';
import { ARC_DETECTOR } from './arc-detector.ts';
import { CT11 } from './ct11.ts';
import { FC18R_PRINTER } from './fc18r-printer.ts';
import { FS5101W } from './fs5101w.ts';
import { GAS_SFJK200 } from './gas-sfjk200.ts';
import { GS524N } from './gs524n.ts';
import { GST_AA_BUS } from './gst-aa-bus.ts';
import { GST_CRT500 } from './gst-crt500.ts';
import { GST_MODBUS } from './gst-modbus.ts';
import { GST100_PRINTER } from './gst100-printer.ts';
import { JB3208 } from './jb3208.ts';
import { JBF_193K } from './jbf-193k.ts';
import { JBF_NATIVE } from './jbf-native.ts';
import { LD128E } from './ld128e.ts';
import { MODBUS_BASIC } from './modbus-basic.ts';
import { NB_HUAQIANG } from './nb-huaqiang.ts';
import { NB_LIAN } from './nb-lian.ts';
import { NB_MEOKON } from './nb-meokon.ts';
import { NB_SITERWELL } from './nb-siterwell.ts';
import { NB_WANLIN } from './nb-wanlin.ts';
import { OXX20 } from './oxx20.ts';
import { PRESSURE_TRANSMITTER } from './pressure-transmitter.ts';
import { PUSH_CTWING } from './push-ctwing.ts';
import { PUSH_IOTDA } from './push-iotda.ts';
import { PUSH_OCEANCONNECT } from './push-oceanconnect.ts';
import { PUSH_ONENET, PUSH_ONENET_OLD } from './push-onenet.ts';
import { SIMPLEX_4100 } from './simplex-4100.ts';
import { V3818 } from './v3818.ts';

const ALL: readonly Family[] = [
  JBF_193K,
  MODBUS_BASIC,
  PRESSURE_TRANSMITTER,
  NB_HUAQIANG,
  GST_AA_BUS,
  GST_MODBUS,
  ARC_DETECTOR,
  GAS_SFJK200,
  GST_CRT500,
  JBF_NATIVE,
  JB3208,
  FS5101W,
  LD128E,
  OXX20,
  SIMPLEX_4100,
  V3818,
  NB_LIAN,
  NB_WANLIN,
  NB_MEOKON,
  NB_SITERWELL,
  PUSH_CTWING,
  PUSH_OCEANCONNECT,
  PUSH_IOTDA,
  PUSH_ONENET_OLD,
  PUSH_ONENET,
  CT11,
  FC18R_PRINTER,
  GS524N,
  GST100_PRINTER,
];

/** THE REGISTER: every device family we know, by name. */
export const FAMILIES: ReadonlyMap<string, Family> = new Map(ALL.map((family) => [family.name, family]));
