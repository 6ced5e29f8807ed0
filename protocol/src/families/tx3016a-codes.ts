import type { Words } from '../words.ts';
import { type Saying, type Sayings, says } from './saying.ts';

const unit = (en: string, zh: string, componentType: number) => ({ en, zh, componentType });
/** Device types; 20–30 are subsystems, of which two are known. What a part of theirs is, where its own type does not say. */
export const DEVICE_TYPES: Readonly<Record<number, Words & { readonly componentType?: number }>> = {
  1: { en: 'panel', zh: '控制器' },
  10: unit('gas', '可燃气体', 10),
  11: unit('electrical', '电气火灾', 16),
  22: unit('gas suppression', '气体灭火', 81),
  25: { en: 'smoke control', zh: '防排烟' },
};

/** Unit types of which the meaning is known. */
export const UNIT_TYPES: Readonly<Record<number, Words & { readonly componentType?: number }>> = {
  ...Object.fromEntries([46, 47, 48, 49].map((type) => [type, unit('gas', '可燃气体', 10)])),
  ...Object.fromEntries([52, 53, 54].map((type) => [type, unit('electrical', '电气火灾', 16)])),
  59: unit('manual', '手动按钮', 23),
  67: unit('heat', '感温', 31),
  78: unit('smoke', '感烟', 42),
  117: unit('gas-suppression controller', '气体灭火控制器', 81),
  127: unit('hydrant pump', '消火栓泵', 91),
  134: unit('sprinkler pump', '喷淋泵', 95),
  138: unit('pressure switch', '压力开关', 99),
  150: unit('smoke fan', '排烟风机', 111),
  158: { en: 'tank-level controller', zh: '水箱液位控制器' },
  189: unit('exhaust fan', '排风机', 111),
  190: unit('supply fan', '送风机', 111),
  ...Object.fromEntries(
    [200, 201, 202, 203, 204].map((type) => [type, { en: 'discharge lamp or TX3042B part', zh: '放气灯或 TX3042B 部件' }]),
  ),
};

const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const faults = (from: number, to: number, make: (code: number) => Saying): Sayings =>
  Object.fromEntries(count(from, to).map((code) => [code, make(code)]));

/** States: 20–30 faults, 40–50 the restores that match them (code + 20), 128–139 line faults. */
export const STATES: Sayings = {
  1: says('fire', 'fire', '火警'),
  2: says('supervisory', 'low limit', '低限报警', 'gas-low'),
  3: says('supervisory', 'high limit', '高限报警', 'gas-high'),
  4: says('supervisory', 'over range', '超量程', 'over-range'),
  5: says('supervisory', 'residual current', '剩余电流报警', 'residual-current-high'),
  6: says('supervisory', 'temperature', '温度报警', 'temperature-high'),
  7: says('supervisory', 'arc', '电弧报警', 'arc'),
  85: says('supervisory', 'supervisory', '监管'),
  86: says('restored', 'supervisory over', '监管解除', 'supervisory'),
  12: says('prealarm', 'pre-alarm', '预警'),
  ...faults(20, 30, (code) => says('fault', `fault ${code}`, `故障 ${code}`, `fault-${code}`)),
  // Which of the three is the self-test and which the communication is not told.
  ...faults(31, 33, (code) =>
    says('text', `self-test or communication ${code}`, `自检或通信 ${code}`, `self-test-or-communication-${code}`),
  ),
  ...faults(40, 50, (code) => says('fault-restored', `fault ${code - 20} restored`, `故障 ${code - 20} 恢复`, `fault-${code - 20}`)),
  60: says('start', 'start', '启动'),
  61: says('start', 'automatic start', '自动启动', 'automatic'),
  62: says('start', 'manual start', '手动启动', 'manual'),
  63: says('start', 'discharge', '喷洒', 'discharge'),
  64: says('start', 'local start', '现场启动', 'local'),
  ...faults(70, 73, () => says('stop', 'stop', '停止')),
  80: says('feedback', 'feedback', '反馈'),
  81: says('feedback', 'discharge feedback', '喷洒反馈', 'discharge'),
  82: says('feedback-ended', 'feedback withdrawn', '反馈撤销'),
  83: says('shield', 'isolated', '隔离'),
  84: says('unshield', 'released', '隔离解除'),
  ...faults(128, 139, (code) => says('fault', `line fault ${code}`, `线路故障 ${code}`, `line-${code}`)),
};
