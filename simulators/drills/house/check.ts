// `npm run check`: the rules of the house, without the tests.
import { CHECKS, runChecks } from './checks.ts';

const results = await runChecks(CHECKS, console.log);
const failed = results.filter(({ problems }) => problems.length > 0).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
