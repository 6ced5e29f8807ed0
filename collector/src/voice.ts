import type { Board } from './board.ts';
import { machineClock } from './clock.ts';
import { AbsenceMatter } from './ingest/absence-matter.ts';
import type { Intake } from './ingest/intake.ts';
import { COLLECTOR_ITSELF, OwnVoice } from './ingest/own-voice.ts';
import { RivalMatter } from './ingest/rival-matter.ts';
import type { Ledger } from './ledger/ledger.ts';
import { type Log, report } from './supervise.ts';

interface Around {
  readonly ledger: Ledger;
  readonly board: Board;
  /** It is made later than this. */
  readonly intake: () => Intake;
  readonly zoneMinutes: number;
  readonly log: Log;
}

/** What the collector itself says of its gateways, and what of that the page shows. */
export function voiceOf({ ledger, board, intake, zoneMinutes, log }: Around): {
  readonly voice: OwnVoice;
  readonly absences: AbsenceMatter;
} {
  const common = { clock: machineClock, zoneMinutes };
  const rivals = new RivalMatter({
    ...{ ...common, rivals: () => intake().rivals() },
    said: () => board.openOf(COLLECTOR_ITSELF, 'fault'),
  });
  const absences = new AbsenceMatter({
    ...common,
    attendance: () => intake().attendance,
    heard: () => board.gateways(),
    isRevoked: (gateway) => intake().isRevoked(gateway),
    turnedAway: () => intake().turnedAway,
    said: () => board.openOf(COLLECTOR_ITSELF, 'link'),
  });
  const failed: ConstructorParameters<typeof OwnVoice>[0]['failed'] = (failure) => report('voice', failure, log);
  return { voice: new OwnVoice({ ...common, ledger, matters: [rivals, absences], failed }), absences };
}
