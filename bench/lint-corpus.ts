import { readCatalogue } from "../environments/catalogue.ts";
import { lintSources } from "../policies/lint/lint.ts";
import { sourceFiles } from "../policies/lint/paths.ts";

/**
 * `node bench/lint-corpus.ts PATH`: what `lint` does on a folder, such as a checkout of a GitOps repository: documents,
 * findings by rule, wall and processor time, documents a second of one core, and memory. Nothing of the folder is printed.
 */
const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write("bench: name a folder\n  fix: node bench/lint-corpus.ts PATH\n");
  process.exit(2);
}
const catalogue = readCatalogue();
const begin = performance.now();
const before = process.cpuUsage();
const { findings, skipped, files, documents } = lintSources(sourceFiles([path]), { catalogue });
const used = process.cpuUsage(before);
const seconds = (performance.now() - begin) / 1000;
const core = (used.user + used.system) / 1e6;
const rules = [...Map.groupBy(findings, ({ code }) => code)].toSorted(([, a], [, b]) => b.length - a.length);
const lines = [
  `files                 ${files}`,
  `documents             ${documents}, and ${skipped.length} not judged`,
  `time                  ${seconds.toFixed(1)} s, ${core.toFixed(1)} s of processors`,
  `documents a second    ${Math.round(documents / core)} of processor time, ${Math.round(documents / seconds)} by the clock`,
  `peak memory           ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
  `findings              ${findings.length}`,
  ...rules.map(([code, own]) => `  ${String(own.length).padStart(6)}  ${code}`),
];
process.stdout.write(`${lines.join("\n")}\n`);
