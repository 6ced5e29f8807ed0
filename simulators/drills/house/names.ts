import { runTool } from './tool.ts';

/** Such a name says that nobody decided what the thing is. */
const FORBIDDEN = new Set(['util', 'helper', 'common', 'misc', 'shared', 'manager', 'service', 'handler', 'processor']);

/** Words of a path that are forbidden, plural or not, alone or joined. The last ending (`.service` of systemd) is no word. */
export function forbiddenNames(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const words = path.replace(/\.[^./]+$/, '').split(/[/._-]|(?<=[a-z])(?=[A-Z])/);
    const bad = words.find((word) => {
      const singular = word.toLowerCase();
      return FORBIDDEN.has(singular) || FORBIDDEN.has(singular.replace(/s$/, ''));
    });
    return bad === undefined ? [] : [`${path}: ${bad}`];
  });
}

/** The same over every file of the repository, tracked or about to be. */
export async function nameProblems(): Promise<readonly string[]> {
  const { code, output } = await runTool('git', ['ls-files', '--cached', '--others', '--exclude-standard']);
  const paths = output.split('\n').filter((path) => path !== '');
  if (code !== 0 || paths.length === 0) return [`git could not list the files: ${output}`];
  return forbiddenNames(paths);
}
