import { describe, expect, it } from 'vitest';
import { fences, relativeLinks, tableUnder } from './markdown.ts';

const page = `# Title
[in](a.md), [deep](docs/b.md#part) and ![drawing](c.svg); [web](https://example.org) [here](#title) [post](mailto:x@example.org)
\`[code](no.md)\`

## Empty

## Rows
words

| a | b |
|---|---|
| 1 | \`2\` |
| 3 | |

\`\`\`yaml
x: [1](no.md)
\`\`\`
`;

describe('reading Markdown', () => {
  it('finds links into the repository, not those in code, to the web or within the page', () => {
    expect(relativeLinks(page)).toEqual(['a.md', 'docs/b.md', 'c.svg']);
  });

  it('reads the rows of the table under a heading', () => {
    expect(tableUnder(page, '## Rows')).toEqual([
      ['1', '`2`'],
      ['3', ''],
    ]);
  });

  it('finds no rows where the heading has no table of its own', () => {
    expect(tableUnder(page, '## Empty')).toEqual([]);
    expect(tableUnder(page, '## Absent')).toEqual([]);
  });

  it('reads fenced blocks with their language', () => {
    expect(fences(page)).toEqual([{ language: 'yaml', text: 'x: [1](no.md)\n' }]);
  });
});
