import { Failure } from '@fengsui/protocol';
import { codeOf, doubtful, type Finding, right, wrong } from './finding.ts';

/** How an uplink of the gateway that runs on this box stands, by its own word. */
export interface RunningUplink {
  readonly state: string;
  readonly lastFailure: string | null;
}

export interface SessionNeeds {
  /** Whether a gateway has the journal of this configuration open; null: that cannot be told. */
  readonly isRunning: () => boolean | null;
  /** What it says of this uplink. Rejects where it does not answer. */
  readonly ask: () => Promise<RunningUplink | null>;
  /** Opens a session as this gateway and ends it. Rejects with a Failure. */
  readonly connect: () => Promise<void>;
}

/** Return codes of CONNACK (MQTT 3.1.1 §3.2.2.3) in the words of somebody who can mend it. */
const CONNACKS: Readonly<Record<number, { readonly en: string; readonly zh: string; readonly remedy: string }>> = {
  1: {
    en: 'it does not speak MQTT 3.1.1',
    zh: '对方不支持 MQTT 3.1.1',
    remedy: '该地址不是本系统采集端,请核对 url。that is no collector of ours: check the url',
  },
  2: {
    en: 'it does not take this name',
    zh: '编号与证书不符',
    remedy:
      '使 gateway.id 与证书名称一致,或换上本编号的证书。make gateway.id the name in the certificate, or take the certificate of this id',
  },
  3: {
    en: 'it is not ready',
    zh: '平台尚未就绪',
    remedy: '就绪后自动接入;若持续,请查看采集端日志。it lets the gateway in when it is; where that lasts, look at its log',
  },
  4: {
    en: 'it wants a password',
    zh: '对方要求密码',
    remedy: '该地址不是本系统采集端,请核对 url。that is no collector of ours: check the url',
  },
  5: {
    en: 'it does not let this gateway in: the name is revoked there, or not known',
    zh: '编号已吊销或未登记',
    remedy:
      '查看采集端 pki/revoked;已吊销则以新编号重新登记。look into pki/revoked of the collector; a revoked box is enrolled under a new id (collector enrol)',
  },
};

/**
 * Whether the collector gives this gateway a session. A collector lets a gateway in once, and the later ends the earlier: while the gateway runs
 * it is asked instead, and nothing is tried.
 */
export async function sessionFindings(about: string, { isRunning, ask, connect }: SessionNeeds): Promise<Finding[]> {
  // Unknown counts as running: a session that is ended costs more than a question that stays open.
  return isRunning() === false ? [await tried(about, connect)] : [await asked(about, ask)];
}

async function tried(about: string, connect: SessionNeeds['connect']): Promise<Finding> {
  try {
    await connect();
    return right(about, 'MQTT CONNECT: the collector gives this gateway a session (ended again)', 'MQTT 连接成功:采集端接受本网关(已断开)');
  } catch (error) {
    const code = connackOf(error);
    const known = code === null ? undefined : CONNACKS[code];
    if (known)
      return wrong(
        about,
        `MQTT CONNECT refused (CONNACK ${code}): ${known.en}`,
        `MQTT 连接被拒绝(CONNACK ${code}):${known.zh}`,
        known.remedy,
      );
    if (!(error instanceof Failure))
      return wrong(about, `MQTT CONNECT: ${codeOf(error)}`, 'MQTT 连接失败', 'check the collector and its log');
    return wrong(about, `MQTT CONNECT: ${error.message.replace(`. ${error.remedy}`, '')}`, 'MQTT 连接失败', error.remedy);
  }
}

/** The return code behind a Failure of the uplink; null: it is of another sort. */
function connackOf(error: unknown): number | null {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return typeof code === 'number' ? code : null;
}

async function asked(about: string, ask: SessionNeeds['ask']): Promise<Finding> {
  const not = 'MQTT CONNECT is not tried: it would end the session of the gateway that runs';
  const notZh = '网关正在运行,未尝试 MQTT 连接(会中断其会话)';
  try {
    const uplink = await ask();
    if (uplink?.state === 'up') return right(about, `${not}, which says that it is connected`, `${notZh};其状态为已连接`);
    const why = uplink?.lastFailure ?? 'it does not say why';
    return wrong(
      about,
      `${not}, which says that it is not connected: ${why}`,
      `${notZh};其状态为未连接`,
      '按上述原因处理。mend what it says',
    );
  } catch (error) {
    const remedy = '查看其日志,或停止网关后再体检。look at its log, or stop it and ask the doctor again';
    return doubtful(about, `${not}, and its status does not answer (${codeOf(error)})`, `${notZh};其状态接口无应答`, remedy);
  }
}
