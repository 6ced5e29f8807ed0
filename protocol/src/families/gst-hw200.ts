import type { TalkingFamily } from '../family.ts';
import { gstCard } from './gst-crt200.ts';

/** GST "HW200" card. */
export const GST_HW200: TalkingFamily = {
  ...gstCard('binary'),
  name: 'gst-hw200',
  title: { en: 'GST "HW200" card', zh: '海湾 HW200 接口卡' },
  tier: 3,
  basis: 'one implementation; no sample',
  line: { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 },
};
