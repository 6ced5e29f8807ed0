/** How a person calls this program: by its own name on a box (its starter says so), through npm in the repository. */
export const PROGRAM = process.env['FENGSUI_PROGRAM'] ?? 'npm run gateway --';
