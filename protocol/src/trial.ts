/**
 * A process names itself in the user name of its CONNECT. Who begins so only tries the way of a gateway, in its name and with its key, and
 * goes again: the gateway itself is not there by that.
 */
export const TRIAL_INSTANCE = 'doctor-';
