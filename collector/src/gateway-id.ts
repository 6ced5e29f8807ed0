const GATEWAY_ID = /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/;

/** Names under which the collector itself numbers what operator clouds push: no certificate has one, so nobody else can. */
const OWN = /^cloud-/;

/**
 * Whether a text can be the id of a gateway: it is the name in a certificate, an MQTT client id and a topic segment at once,
 * so it holds no `/ + # $`. Names that every object inherits (`constructor`) are refused although no map of ours falls for them.
 */
export function isGatewayId(text: unknown): text is string {
  return typeof text === 'string' && GATEWAY_ID.test(text) && !OWN.test(text) && !(text in Object.prototype);
}
