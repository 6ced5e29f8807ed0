/** Environment variables with what laws draw from: the seed, and how often a law is tried that names no number itself. */
export const LAW_SEED = 'FENGSUI_LAW_SEED';
export const LAW_RUNS = 'FENGSUI_LAW_RUNS';
