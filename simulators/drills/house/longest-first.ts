import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { ROOT } from './tool.ts';

/** Files that take minutes, the longest first. They are short, and Vitest, which begins with what it knows to be long or sees to be large, would end with them. */
export const LONGEST = [
  'simulators/drills/itself/traffic.test.ts',
  'simulators/drills/itself/standstill.test.ts',
  'simulators/drills/demo.test.ts',
  'simulators/drills/data-folder.test.ts',
  'simulators/drills/links/narrow.test.ts',
] as const;

/** The order of the files of a run: what began last and takes longest would be its end all alone. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = new Map(LONGEST.map((file, index) => [join(ROOT, file), index - LONGEST.length]));
    const rankOf = ({ moduleId }: TestSpecification) => rank.get(moduleId) ?? 0;
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
