import { lineChart, type Line } from "../../bench/chart.ts";
import { benchmarks, type Benchmark } from "../../bench/benchmarks.ts";
import { type Figure, amount, ratioOf, readResults, type Result } from "../../bench/bench.ts";
import { table, type Page } from "../page.ts";

/** `docs/benchmarks.md` and its charts, from the last results of `npm run bench`. */
export function benchmarkPages(): readonly Page[] {
  const measured = benchmarks.flatMap((benchmark) => {
    const result = readResults().find(({ name }) => name === benchmark.name);
    return result === undefined ? [] : [{ benchmark, result }];
  });
  const charts = measured.flatMap(({ benchmark, result }) => {
    const lines = linesOf(result.figures);
    if (benchmark.sizedBy === undefined || lines.length === 0) return [];
    const svg = () => lineChart(benchmark.name, lines, benchmark.sizedBy ?? "", (value) => amount(value, "ms"));
    return [{ path: `docs/images/benchmark-${benchmark.name}.svg`, render: svg }];
  });
  const hasChart = ({ name }: Benchmark) => charts.some(({ path }) => path.endsWith(`-${name}.svg`));
  return [{ path: "docs/benchmarks.md", render: () => page(measured, hasChart) }, ...charts];
}

function linesOf(figures: readonly Figure[]): readonly Line[] {
  const sized = figures.flatMap(({ what, size, unit, value, floor }) => {
    if (size === undefined || unit !== "ms") return [];
    const own = { name: what, point: [size, value] as const, isFloor: false };
    // a floor that is itself a line is not drawn twice
    if (floor === undefined || figures.some((one) => floor.what.endsWith(one.what))) return [own];
    return [own, { name: floor.what, point: [size, floor.value] as const, isFloor: true }];
  });
  return [...Map.groupBy(sized, ({ name }) => name)]
    .map(([name, own]) => ({
      name,
      isFloor: own.every((one) => one.isFloor),
      points: [...new Map(own.map(({ point }) => point))],
    }))
    .filter(({ points }) => points.length > 1);
}

function page(
  measured: readonly { readonly benchmark: Benchmark; readonly result: Result }[],
  hasChart: (benchmark: Benchmark) => boolean,
): string {
  const minutes = Math.ceil(measured.reduce((sum, { result }) => sum + result.seconds, 0) / 60);
  const overview = measured.map(({ benchmark: { name }, result: { date, seconds, load, machine } }) => [
    `[${name}](#${name})`,
    date,
    `${seconds} s`,
    load.join(", "),
    machine,
  ]);
  return `# Benchmarks

For engineers who want to know what this program costs before they use it. \`npm run bench\` measures all of it on the real servers of
the local environment, in about ${minutes} minutes, keeps the figures in \`bench/results.json\` and writes this page;
\`npm run bench -- bootstrap\` measures one benchmark. Linux only. What needs Azure uses the stand-in.

A **ratio** compares a figure with its **floor**: the least that the same work costs, measured in the same run, so that other work on the
machine slows both. **Memory** is the peak of the process that does the work. Where a **limit** is given, a figure above it is a defect.

${table(["benchmark", "date", "took", "load of the machine before, after", "machine"], overview)}

${measured.map(({ benchmark, result }) => section(benchmark, result, hasChart(benchmark))).join("\n\n")}

This page is generated from \`bench/\`: edit there, then run \`node docs/generate.ts\`.
`;
}

function section({ name, about, sizedBy = "size" }: Benchmark, { figures }: Result, hasChart: boolean): string {
  const columns: readonly (readonly [string, (figure: Figure) => string])[] = [
    ["", ({ what }) => what],
    [sizedBy, ({ size }) => size?.toLocaleString("en") ?? ""],
    ["measured", ({ value, unit }) => amount(value, unit)],
    ["ratio", ratioOf],
    ["floor", ({ floor, unit }) => (floor === undefined ? "" : `${amount(floor.value, unit)}, ${floor.what}`)],
    ["limit", ({ limit, unit }) => (limit === undefined ? "" : amount(limit, unit))],
    ["memory", ({ memoryInMib }) => (memoryInMib === undefined ? "" : amount(memoryInMib, "MiB"))],
  ];
  const used = columns.filter(([, cell]) => figures.some((figure) => cell(figure) !== ""));
  const rows = figures.map((figure) => used.map(([, cell]) => cell(figure)));
  return [
    `## ${name}`,
    about,
    ...(hasChart ? [`![${name}: time by ${sizedBy}](images/benchmark-${name}.svg)`] : []),
    table(used.map(([head]) => head), rows),
  ].join("\n\n");
}
