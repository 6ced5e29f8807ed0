import type { TableRow } from './table.ts';

/** What a column of a point table can hold. */
export const FIELDS = {
  controller: [
    '控制器',
    '控制器号',
    '控制器编号',
    '控制器地址',
    '机号',
    '机器号',
    '主机',
    '主机号',
    '主机编号',
    'controller',
    'panel',
    'node',
  ],
  loop: ['回路', '回路号', '回路编号', '回路地址', '总线', '总线号', 'loop', 'line'],
  point: [
    ...[
      '地址',
      '地址号',
      '地址码',
      '地址编码',
      '点位',
      '点位号',
      '点号',
      '编号',
      '编码',
      '设备地址',
      '部件地址',
      '器件地址',
      '节点号',
      '一次码',
    ],
    ...['point', 'address', 'addr', 'device address', 'device'],
  ],
  code: ['二次码', '二次编码', '用户编码', '用户码', '设备编码', '设备编号', '部件编码', 'user code', 'usercode', 'code'],
  register: ['寄存器', '寄存器名', '寄存器名称', '测点', 'register'],
  zone: ['区', '区号', '分区', '分区号', '防火分区', '探测区', '报警区', 'zone', 'area'],
  channel: ['通道', '通道号', 'channel'],
  type: [
    '类型',
    '设备类型',
    '部件类型',
    '器件类型',
    '设备种类',
    '设备名称',
    '部件名称',
    '器件名称',
    '名称',
    'type',
    'device type',
    'detector type',
    'kind',
  ],
  building: ['楼栋', '楼号', '楼', '栋', '栋号', '建筑', '建筑物', 'building', 'block'],
  floor: ['楼层', '层', '层号', '所在楼层', 'floor', 'level', 'storey'],
  room: ['房间', '房间号', '房号', 'room'],
  place: [
    ...[
      '位置',
      '描述',
      '安装位置',
      '位置描述',
      '位置信息',
      '设备位置',
      '设备描述',
      '部位',
      '地点',
      '场所',
      '注释',
      '汉字注释',
      '汉字描述',
      '说明',
      '文本',
    ],
    ...['location', 'description', 'place', 'text', 'label'],
  ],
  shield: ['屏蔽', '是否屏蔽', '屏蔽状态', '隔离', '隔离状态', 'shield', 'shielded', 'disabled', 'isolated'],
} as const satisfies Record<string, readonly string[]>;
export type Field = keyof typeof FIELDS;

const BY_NAME = new Map<string, Field>(
  (Object.entries(FIELDS) as Array<[Field, readonly string[]]>).flatMap(([field, names]) =>
    names.map((name) => [plain(name), field] as const),
  ),
);

/** A header without what makers decorate it with: blanks, units and notes in brackets, `No.`, full stops, stars. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/[(（【[].*?[)）】\]]/g, '')
    .replace(/\b(no|nr|number|id)\b\.?/g, '')
    .replace(/[\s*:：#.、_-]+/g, '');
}

export interface Column {
  readonly field: Field;
  /** 0 based. */
  readonly index: number;
  /** As the file calls it. */
  readonly name: string;
}

export interface Header {
  /** Row of the header in the file. */
  readonly row: number;
  readonly columns: readonly Column[];
  /** Columns that are not read. */
  readonly ignored: readonly string[];
}

/** Field by column name, as `--mapping` says it; `null` leaves a column out. */
export type Mapping = ReadonlyMap<string, Field | null>;

/** Rows above the header: titles, dates, the name of the building. */
const HEADER_WITHIN_ROWS = 20;

/** `point=设备编码,place=备注,-=类型`. Throws TypeError. */
export function parseMapping(text: string): Mapping {
  return new Map(
    text.split(',').map((pair) => {
      const [field, ...name] = pair.split('=');
      const known = field === '-' || Object.hasOwn(FIELDS, field!.trim());
      if (!known || name.join('=').trim() === '')
        throw new TypeError(`--mapping: must be field=column, fields ${Object.keys(FIELDS).join(', ')} or - to leave out (got ${pair})`);
      return [plain(name.join('=')), field === '-' ? null : (field!.trim() as Field)];
    }),
  );
}

function fieldOf(name: string, mapping: Mapping): Field | null {
  const key = plain(name);
  if (key === '') return null;
  return mapping.has(key) ? mapping.get(key)! : (BY_NAME.get(key) ?? null);
}

const TELLS_ADDRESS: ReadonlySet<Field> = new Set(['point', 'code', 'register']);

function recognised({ cells }: TableRow, mapping: Mapping): Field[] {
  return cells.flatMap((cell) => fieldOf(cell, mapping) ?? []);
}

/** How many columns of the best row are known; 0 where none tells an address. */
export function headerScore(rows: readonly TableRow[], mapping: Mapping): number {
  const scores = rows.slice(0, HEADER_WITHIN_ROWS).map((row) => {
    const fields = new Set(recognised(row, mapping));
    return [...fields].some((field) => TELLS_ADDRESS.has(field)) ? fields.size : 0;
  });
  return Math.max(0, ...scores);
}

/** Finds the header row and what its columns mean. A list of problems where it cannot be told. */
export function findHeader(rows: readonly TableRow[], mapping: Mapping): Header | { readonly problems: readonly string[] } {
  const candidates = rows.slice(0, HEADER_WITHIN_ROWS);
  const best = headerScore(candidates, mapping);
  const header = candidates.find((row) => best > 0 && headerScore([row], mapping) === best);
  if (!header) {
    const seen = candidates.find(({ cells }) => cells.filter((cell) => cell !== '').length > 1)?.cells.filter((cell) => cell !== '') ?? [];
    return {
      problems: [
        `no header with a column of addresses (地址, 点位, 二次码 …) in the first ${HEADER_WITHIN_ROWS} rows; seen: ${seen.slice(0, 12).join(', ') || 'nothing'}; name columns with --mapping / 找不到表头`,
      ],
    };
  }
  const named = header.cells.map((name, index) => ({ name, index, field: fieldOf(name, mapping) })).filter(({ name }) => name !== '');
  const columns = named.filter((column): column is Column => column.field !== null);
  const twice = columns.filter(({ field }, at) => columns.findIndex((other) => other.field === field) < at);
  if (twice.length > 0)
    return {
      problems: twice.map(({ field, name }) => {
        const first = columns.find((column) => column.field === field)!.name;
        return `row ${header.number}: columns ${first} and ${name} both mean ${field}; leave one out with --mapping "-=${name}" / 两列含义相同`;
      }),
    };
  return { row: header.number, columns, ignored: named.filter(({ field }) => field === null).map(({ name }) => name) };
}
