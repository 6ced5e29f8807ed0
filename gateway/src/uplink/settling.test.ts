import type { Receipt } from '@fengsui/protocol';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { Settling } from './settling.ts';

const receiptOf = (accepted: number[], epoch = 1): Receipt => ({ gateway: 'gw-1', epoch, lane: 'ordinary', accepted, rejected: [] });

function settling() {
  const settled: Receipt[] = [];
  return { settled, subject: new Settling(async (receipt) => void settled.push(receipt), systemClock) };
}

test('receipts are gathered while more is on its way, and handed over as one after a moment', async () => {
  const { settled, subject } = settling();
  subject.add(receiptOf([1, 2]), false);
  subject.add({ ...receiptOf([4]), rejected: [{ number: 3, reason: 'malformed' }] }, false);
  expect(settled).toEqual([]);
  await vi.waitFor(() => expect(settled).toEqual([{ ...receiptOf([1, 2, 4]), rejected: [{ number: 3, reason: 'malformed' }] }]), 60_000);
});

test('the last of what is on its way hands everything over at once', () => {
  const { settled, subject } = settling();
  subject.add(receiptOf([1]), false);
  subject.add(receiptOf([2]), true);
  expect(settled).toEqual([receiptOf([1, 2])]);
});

test('receipts of two epochs are never one', () => {
  const { settled, subject } = settling();
  subject.add(receiptOf([7], 1), false);
  subject.add(receiptOf([1], 2), true);
  expect(settled).toEqual([receiptOf([7], 1), receiptOf([1], 2)]);
});

test('no more than so many rows are gathered, and nothing is left behind when the session ends', () => {
  const { settled, subject } = settling();
  const many = Array.from({ length: limits.SETTLE_ROWS }, (_, index) => index + 1);
  subject.add(receiptOf(many), false);
  expect(settled).toEqual([receiptOf(many)]);
  subject.add(receiptOf([limits.SETTLE_ROWS + 1]), false);
  subject.flush();
  expect(settled.at(-1)).toEqual(receiptOf([limits.SETTLE_ROWS + 1]));
  subject.flush();
  expect(settled.length).toBe(2);
});
