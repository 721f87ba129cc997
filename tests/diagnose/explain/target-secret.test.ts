import assert from "node:assert/strict";
import { explain } from "../../../diagnose/explain.ts";
import { changed, healthy, print, stack } from "../healthy.ts";

describe("explainTargetSecret", () => {
  it("reports a Secret with an unrendered template as its template's failure", () => {
    const before = healthy();
    const keys = {
      ".dockerconfigjson": print("d"),
      username: print("ghcr-username"),
      password: print("t", "template"),
    };
    const isOne = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
      namespace === "ameide-dev" && name === "ghcr-pull";
    const { causes } = explain({ ...before, secrets: changed(before.secrets, isOne, { keys }) }, stack);
    assert.deepEqual(
      causes.map(({ code, evidence }) => [code, evidence[0]?.seen]),
      [["external-secret-template", "password is a template"]],
    );
  });
});
