import { COMPONENT_TYPES, HYDRANT_PRESSURE } from '@fengsui/protocol/gb26875';

/**
 * What panel makers call a part, and its component type of GB/T 26875.3-2011 table 5. Read from top to bottom: the first row
 * one of whose words stands in the cell wins, so the narrow words stand above the wide ones.
 */
const ROWS: ReadonlyArray<readonly [type: number, ...words: string[]]> = [
  // combined before single
  [51, '烟温复合', '感烟感温', '烟温', '温烟', 'smoke/heat', 'smoke heat'],
  [52, '感光感温'],
  [53, '感光感烟'],
  [50, '复合', 'combined', 'multi-sensor', 'multisensor', 'multi sensor'],
  // electrical and gas before anything that says 探测器
  [17, '剩余电流', '漏电', 'residual current'],
  [18, '测温式电气', '电气火灾测温'],
  [16, '电气火灾'],
  [12, '独立式可燃', '独立式燃气'],
  [13, '线型可燃'],
  [11, '点型可燃'],
  [10, '可燃气体', '燃气', '天然气', '煤气', 'combustible', 'gas leak'],
  // smoke
  [44, '吸气式', '吸气', '极早期', '空气采样', 'aspirating', 'vesda'],
  [43, '光束', '红外对射', '线型感烟', '对射', 'beam'],
  [41, '离子'],
  [42, '光电', '点型感烟', '感烟', '烟感', 'optical smoke', 'photoelectric', 'smoke'],
  // heat
  [37, '光纤', '光栅', 'fibre', 'fiber'],
  [34, '线型感温', '缆式', '感温电缆', '感温棒', '线型温', 'linear heat'],
  [31, '点型感温', '感温', '温感', 'heat'],
  // flame
  [61, '紫外'],
  [62, '红外火焰', '红外'],
  [69, '火焰', '感光', 'flame'],
  [78, '图像', 'video'],
  [79, '感声'],
  // buttons
  [24, '消火栓按钮', '消火栓报警', '消报', '消按', '消火栓', 'hydrant'],
  [23, '手动火灾报警', '手动报警', '手报', '手动按钮', '手按', '报警按钮', 'manual call', 'call point', 'mcp', 'pull station'],
  // doors, smoke control
  [118, '防火门监控', 'door monitor'],
  [117, '卷帘', 'shutter'],
  [116, '挡烟垂壁'],
  [113, '排烟防火阀', '排烟阀'],
  [115, '排烟口', '排烟窗'],
  [114, '送风口', '送风阀', '加压送风口', '正压送风口', '正压送风阀'],
  [103, '防火阀', 'fire damper', 'damper'],
  [111, '排烟机', '排烟风机', '送风机', '正压风机', '加压风机', '补风机', '风机', 'fan'],
  [104, '空调', '新风'],
  [102, '防火门', '常开门', '常闭门', 'fire door'],
  // water
  [99, '压力开关', 'pressure switch'],
  [96, '水流指示', '水流', 'flow switch', 'flow indicator'],
  [97, '信号阀', '信号蝶阀', '信号碟阀', '信号闸阀', '蝶阀', '碟阀', 'signal valve', 'butterfly'],
  [98, '报警阀', '湿式阀', '雨淋阀', '预作用阀', 'alarm valve'],
  [106, '电磁阀', 'solenoid'],
  [105, '泡沫'],
  [95, '喷淋泵', '水幕泵', '雨淋泵', 'sprinkler pump'],
  [91, '消火栓泵', '消防泵', '稳压泵', '水泵', 'pump'],
  [92, '水箱', '水池', 'tank'],
  // panels and modules
  [81, '气体灭火', '气灭'],
  [22, '火灾显示盘', '楼层显示器', '层显', '显示盘', 'repeater', 'display'],
  [121, '声光', '警报', '讯响', '警铃', '蜂鸣', 'sounder', 'strobe', 'siren', 'bell'],
  [88, '中继'],
  [87, '输入输出', '输入/输出', '双输入双输出', 'input/output', 'i/o'],
  [86, '输出模块', '控制模块', '输出', 'output'],
  [85, '输入模块', '监视模块', '输入', 'input', 'monitor module'],
  [83, '图形显示'],
  [21, '探测回路'],
  [1, '火灾报警控制器', '控制器', '从机', 'control unit', 'panel'],
  [84, '模块', 'module'],
  [25, '火灾探测器', '探测器', 'detector'],
];

/** 消火栓泵 is no 消火栓: words that hold a narrower word of a row further down. */
const FIRST: ReadonlyArray<readonly [type: number, ...words: string[]]> = [
  [91, '消火栓泵', '消防栓泵'],
  [HYDRANT_PRESSURE, '消火栓压力', '消火栓水压', '消防栓压力', '消防栓水压', 'hydrant pressure'],
  [24, '消防栓'],
];

/** The standard's own names mean themselves. */
const BY_NAME: ReadonlyMap<string, number> = new Map([...COMPONENT_TYPES].map(([type, { zh }]) => [plain(zh), type]));

/** Blanks and brackets differ from maker to maker. */
function plain(word: string): string {
  return word
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s()]+/g, '');
}

/** The component type a cell names, or null: an unknown word is told, never guessed. */
export function componentTypeOf(word: string, own: ReadonlyMap<string, number> = new Map()): number | null {
  const given = own.get(word) ?? BY_NAME.get(plain(word));
  if (given !== undefined) return given;
  const text = word.toLowerCase();
  for (const [type, ...words] of [...FIRST, ...ROWS]) if (words.some((known) => text.includes(known))) return type;
  return null;
}
