import { nameOf } from './identity.ts';
import { type FilePoint, handSetKeys, type Merge } from './merge.ts';

const said = (value: unknown) => (value === undefined ? 'nothing 无' : JSON.stringify(value));

/** Address and place, and which of its keys a person set. */
function named(point: FilePoint): string {
  const keys = handSetKeys(point);
  const place = point['place'] === undefined ? '' : ` ${said(point['place'])}`;
  return `${nameOf(point)}${place}${keys.length === 0 ? '' : ` · set by hand 手设: ${keys.join(', ')}`}`;
}

/** What becomes of every point, a line each, what is lost last; then the count. */
export function showMerge(before: readonly FilePoint[], { fates, added }: Merge): string[] {
  const of = (fate: string) => before.filter((_, at) => fates[at] === fate);
  const [kept, only, dropped] = [of('kept'), of('only-in-file'), of('dropped')];
  const changed = fates.flatMap((fate) => (typeof fate === 'object' ? [fate] : []));
  const differences = (point: FilePoint, changes: FilePoint) =>
    Object.entries(changes).map(([key, value]) => `${key} ${said(point[key])} → ${said(value)}`);
  const bare = dropped.filter((point) => handSetKeys(point).length > 0).length;
  return [
    ...kept.map((point) => `= kept 不变 ${named(point)}`),
    ...added.map(({ point, wider }) => `+ added 新增 ${named(point)}${wider ? ` · as of 沿用 ${nameOf(wider)}` : ''}`),
    ...changed.map(({ before: point, changes }) => `~ changed 更新 ${named(point)}: ${differences(point, changes).join('; ')}`),
    ...only.map((point) => `! only in the file 仅配置中有 ${named(point)}: stays, --replace drops it / 保留,--replace 才删除`),
    ...dropped.map((point) => `- dropped 删除 ${named(point)}`),
    `kept 不变 ${kept.length} · changed 更新 ${changed.length} · added 新增 ${added.length} · only in the file, kept 仅配置中有 ${only.length} · dropped 删除 ${dropped.length}`,
    ...(bare > 0
      ? [`! ${bare} of the dropped points had keys set by hand: look at each / 删除的点中有 ${bare} 个带手设项,请逐一核对`]
      : []),
  ];
}
