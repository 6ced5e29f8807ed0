// `npm run format`: brings every file into the one format, and mends what can be mended safely.
import { runTool } from './tool.ts';

const { code } = await runTool('biome', ['check', '--write', '.'], { show: true });
process.exitCode = code;
