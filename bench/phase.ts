import { PHASES, RUN } from './phases.ts';

/** Runs one phase in this process: `node bench/phase.ts floor URL FOLDER` prints its time and memory as JSON. */
const [name, url = '', folder = ''] = process.argv.slice(2);
const phase = PHASES.find((one) => one === name);
if (!phase) throw new Error(`unknown phase: ${name}`);
const before = process.cpuUsage();
const started = performance.now();
await RUN[phase]({ url, folder });
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const rss_mb = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ seconds, cpu_seconds: (user + system) / 1e6, rss_mb }));
