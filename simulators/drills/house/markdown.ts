/** Reads out of Markdown what tests hold against the code. */

/** Rows of the first table under the heading that starts with `heading`, without its head: cells, trimmed. Empty when there is none. */
export function tableUnder(markdown: string, heading: string): readonly string[][] {
  const lines = markdown.split('\n');
  const from = lines.findIndex((line) => line.startsWith(heading));
  if (from < 0) return [];
  const first = lines.findIndex((line, index) => index > from && line.startsWith('|'));
  const next = lines.findIndex((line, index) => index > from && line.startsWith('#'));
  if (first < 0 || (next >= 0 && next < first)) return [];
  const after = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  return lines.slice(first + 2, after < 0 ? undefined : after).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim()),
  );
}

export interface Fence {
  /** What stands behind the opening marks: `ts`, `yaml gateway`. */
  readonly language: string;
  readonly text: string;
}

/** Fenced blocks of code, in order. */
export function fences(markdown: string): readonly Fence[] {
  return [...markdown.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language ?? '',
    text: text ?? '',
  }));
}

/** Targets of links that lead into the repository: without anchors, addresses of the web left out. */
export function relativeLinks(markdown: string): readonly string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/!?\[[^\]]*\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ''));
}
