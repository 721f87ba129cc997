import assert from "node:assert/strict";
import fc from "fast-check";
import { withRealPaths, withVariables } from "../../../stand-ins/node/container-command.ts";

const mounts = new Map([
  ["/opt/a", "/home/pods/1/volumes/a"],
  ["/opt/a/b", "/home/pods/1/volumes/b"],
]);

describe("withRealPaths", () => {
  it("rewrites a mount path and paths below it", () => {
    assert.equal(withRealPaths("/opt/a", mounts), "/home/pods/1/volumes/a");
    assert.equal(withRealPaths("/opt/a/main.cjs", mounts), "/home/pods/1/volumes/a/main.cjs");
  });
  it("uses the longest mount, as a kernel does", () =>
    assert.equal(withRealPaths("/opt/a/b/c", mounts), "/home/pods/1/volumes/b/c"));
  it("finds paths inside options and lists", () =>
    assert.equal(
      withRealPaths("--config=/opt/a/x:/opt/a/b/y", mounts),
      "--config=/home/pods/1/volumes/a/x:/home/pods/1/volumes/b/y",
    ));
  it("does not change a path with only a similar beginning or end", () => {
    for (const text of ["/opt/ab", "/opt/a.txt", "/opt/a-b", "/x/opt/a", "./opt/a", "opt/a"]) {
      assert.equal(withRealPaths(text, mounts), text);
    }
  });
  it("rewrites once: a real path that contains a mount path is not rewritten again", () => {
    const nested = new Map([["/a", "/a/a"]]);
    assert.equal(withRealPaths("/a", nested), "/a/a");
  });
  it("changes nothing without mounts", () =>
    fc.assert(fc.property(fc.string(), (text) => withRealPaths(text, new Map()) === text)));
});

describe("withVariables", () => {
  it("expands known names, keeps unknown ones, and reads $$ as an escape", () => {
    const variables = { A: "1", B: "$(A)" };
    assert.equal(withVariables("$(A) $(C) $$(A) $(B) $A", variables), "1 $(C) $(A) $(A) $A");
  });
  it("leaves a text without $ unchanged", () =>
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes("$")),
        (text) => withVariables(text, { A: "1" }) === text,
      ),
    ));
});
