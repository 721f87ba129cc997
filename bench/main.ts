import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { cpus, loadavg, totalmem } from "node:os";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../environments/repository.ts";
import { type Figure, figureText, readResults, resultsFile, type Result } from "./bench.ts";
import { benchmarks } from "./benchmarks.ts";

/**
 * `npm run bench [-- NAME...]`: prints each figure, stores them in `bench/results.json` and writes
 * `docs/benchmarks.md`. It does not judge the figures. A failed benchmark keeps its old figures, the others continue,
 * and the exit code is 1.
 */
if (process.send !== undefined) {
  const [name] = process.argv.slice(2);
  const figures = await benchmarks.find((one) => one.name === name)?.load();
  for await (const figure of figures?.() ?? []) process.send(figure);
  process.exit();
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benchmarks.some((one) => one.name === name));
if (unknown.length > 0) {
  const known = benchmarks.map(({ name }) => name).join(", ");
  process.stderr.write(`bench: no benchmark is called ${unknown.join(", ")}\n  fix: use ${known}\n`);
  process.exit(2);
}

const results = new Map(readResults().map((one) => [one.name, one]));
for (const { name } of benchmarks.filter((one) => wanted.length === 0 || wanted.includes(one.name))) {
  try {
    results.set(name, await measure(name));
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`bench: ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  const inOrder = benchmarks.flatMap((one) => results.get(one.name) ?? []);
  writeFileSync(resultsFile, `${JSON.stringify(inOrder, undefined, 2)}\n`);
}
execFileSync(process.execPath, [join(repositoryRoot, "docs", "generate.ts")], { stdio: "inherit" });

/** In its own process, so that the peak memory is that of this benchmark. */
async function measure(name: string): Promise<Result> {
  const [begin, before] = [performance.now(), loadavg()[0] ?? 0];
  const [{ model = "" } = {}, { length: processors }] = [cpus()[0], cpus()];
  const figures: Figure[] = [];
  const child = fork(import.meta.filename, [name], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  child.on("message", (figure: Figure) => {
    figures.push(figure);
    process.stdout.write(`${name}: ${figureText(figure)}\n`);
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`it ended with ${code}`);
  const seconds = Math.round((performance.now() - begin) / 1000);
  process.stdout.write(`${name}: took ${seconds} s\n`);
  return {
    name,
    date: new Date().toISOString().slice(0, 10),
    seconds,
    load: [before, loadavg()[0] ?? 0].map((one) => Math.round(one * 10) / 10),
    machine: `${processors} processors (${model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    figures: figures.map((figure) => JSON.parse(JSON.stringify(figure, rounded)) as Figure),
  };
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(3)) : value;
}
