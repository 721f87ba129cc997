import assert from "node:assert/strict";
import { graphModel } from "../../../diagnose/graph/model.ts";
import { graphSvg } from "../../../diagnose/graph/page.ts";
import { stack } from "../healthy.ts";

describe("graphSvg", () => {
  it("titles each box with its full name, and shows no internal id", () => {
    const svg = graphSvg(graphModel(stack.plan, stack.catalogue));
    const titles = [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, title]) => title);
    assert.ok(titles.includes("ameide-dev/inference-api-credentials"));
    assert.deepEqual(
      titles.filter((title = "") => /^(vault|delivery|target|key-vault|dotenv)-\d|->|&#45;&gt;/.test(title)),
      [],
    );
  });
  it("contains its colours, so that it works on its own", () =>
    assert.match(graphSvg(graphModel(stack.plan, stack.catalogue)), /<style>[^<]*prefers|<style>[^<]*light-dark/));
});
