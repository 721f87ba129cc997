import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { benchmarks } from "../../bench/benchmarks.ts";
import { lineChart } from "../../bench/chart.ts";
import { readResults } from "../../bench/bench.ts";
import { repositoryRoot } from "../../environments/repository.ts";

describe("lineChart", () => {
  const line = (name: string, ...values: readonly number[]) => ({
    name,
    isFloor: name === "floor",
    points: values.map((value, n) => [10 ** (n + 1), value] as const),
  });
  const chart = (...lines: readonly ReturnType<typeof line>[]) =>
    lineChart("a & b", lines, "secrets", (ms) => `${ms} ms`);

  it("keeps every point within the picture, also if all values are equal", () => {
    for (const svg of [chart(line("a", 1, 10, 5_000), line("floor", 2, 2, 2)), chart(line("a", 7, 7))]) {
      const places = [...svg.matchAll(/\bc?[xy][12]?="([^"]*)"/g)].map(([, at]) => Number(at));
      assert.ok(places.length > 10);
      assert.ok(
        places.every((at) => at >= 0 && at <= 760),
        places.join(" "),
      );
    }
  });

  it("writes no name over another, and escapes XML", () => {
    const svg = chart(line("a", 1, 100), line("<b>", 1, 101), line("floor", 1, 99));
    const heights = [...svg.matchAll(/<text x="516" y="(\d+)"/g)].map(([, y]) => Number(y)).toSorted((a, b) => a - b);
    assert.equal(heights.length, 3);
    for (const [n, y] of heights.entries()) if (n > 0) assert.ok(y - (heights[n - 1] ?? 0) >= 15);
    assert.match(svg, /&lt;b>/);
    assert.match(svg, /prefers-color-scheme: dark/);
  });
});

describe("docs/benchmarks.md", () => {
  const page = readFileSync(join(repositoryRoot, "docs", "benchmarks.md"), "utf8");

  it("has a section for each benchmark that was measured, and every chart that it shows", () => {
    const measured = readResults().map(({ name }) => name);
    assert.deepEqual(
      [...page.matchAll(/^## (.+)$/gm)].map(([, name]) => name),
      measured,
    );
    assert.ok(measured.every((name) => benchmarks.some((one) => one.name === name)));
    for (const [, path = ""] of page.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g))
      assert.ok(existsSync(join(repositoryRoot, "docs", path)), path);
  });

  it("compares vault-bootstrap with the shell loop, and names machine, date and load", () => {
    assert.match(page, /\| shell loop \| 1,000 \|/);
    assert.match(
      page,
      /\| \[bootstrap\]\(#bootstrap\) \| \d{4}-\d\d-\d\d \| \d+ s \| [\d.]+, [\d.]+ \| \d+ processors/,
    );
  });
});
