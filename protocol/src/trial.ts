/**
 * A process names itself in the user name of its CONNECT. Who begins so only tries the way of a gateway, in its name and with its key, and
 * goes again: the gateway itself is not there by that.
 */
export const TRIAL_INSTANCE = 'doctor-';

/** Whether a process that named itself so, or not at all, only tries the way. */
export function isTrial(instance: string | undefined): boolean {
  return instance?.startsWith(TRIAL_INSTANCE) === true;
}
