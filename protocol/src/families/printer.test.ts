import { describe, expect, it } from 'vitest';
import { gbBytes, gbText } from '../codec/gb-text.ts';
import { withoutCommands, wordSaying } from './printer.ts';

describe('printed words', () => {
  const words: ReadonlyArray<readonly [string, string, string?]> = [
    ['手动火警', 'fire'],
    ['火警恢复', 'restored'],
    ['预报警已解除', 'restored', 'prealarm'],
    ['确认预警', 'prealarm'],
    ['可燃气体探测器报警', 'supervisory', 'gas-alarm'],
    ['漏电报警', 'supervisory', 'electrical'],
    ['监管解除', 'restored', 'supervisory'],
    ['通讯故障', 'fault', 'communication'],
    ['通信故障恢复', 'fault-restored', 'communication'],
    ['输出线故障', 'fault', 'output-line'],
    ['主电故障', 'power-fault', 'main'],
    ['主电故障恢复', 'power-restored', 'main'],
    ['备电恢复正常', 'power-restored', 'backup'],
    ['备电故障', 'power-fault', 'backup'],
    ['解除屏蔽', 'unshield'],
    ['隔离', 'shield'],
    ['联动请求', 'operation', 'linkage-request'],
    ['自动启动', 'start'],
    ['启动撤销', 'stop'],
    ['设备动作', 'feedback'],
    ['动作恢复', 'feedback-ended'],
    ['系统复位', 'reset'],
    ['消音', 'silence'],
    ['自检', 'test'],
    ['恢复', 'fault-restored', 'restored'],
  ];

  it.each(words.map(([word, what, detail]) => ({ word, what, detail })))('reads $word as $what', ({ word, what, detail }) => {
    expect(wordSaying(word)).toMatchObject(detail === undefined ? { what } : { what, detail });
  });

  it('says nothing of a word it does not know', () => {
    expect(wordSaying('大堂')).toBeUndefined();
  });

  it('loses its printer commands and no character', () => {
    const printed = Uint8Array.from([
      0x1b,
      0x40,
      0x1c,
      0x26,
      0x1b,
      0x38,
      0x04,
      0x1b,
      0x66,
      0x00,
      0x09,
      ...gbBytes('火警'),
      0x0a,
      0x0a,
      0x0a,
      0x1b,
      0x4a,
      0x20,
      ...gbBytes('大堂'),
    ]);
    expect(gbText(withoutCommands(printed))).toBe('火警\n大堂');
  });
});
