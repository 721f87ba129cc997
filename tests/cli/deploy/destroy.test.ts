import assert from "node:assert/strict";
import { destroyCloud } from "../../../cli/deploy/destroy.ts";
import { formatDestruction } from "../../../cli/commands/destroy.ts";
import type { Change } from "../../../cli/deploy/engine/change.ts";
import { Phases } from "../../../cli/phases.ts";
import { recordedIo } from "../recorded-io.ts";

const { signal } = new AbortController();
const destroy = (stack: string, preview = false) =>
  destroyCloud({ stack, preview, phases: new Phases(recordedIo(), signal), signal });

describe("destroyCloud", () => {
  it("fails for shared, which every environment needs, and prints how to do it by hand", async () => {
    for (const preview of [true, false]) {
      await assert.rejects(destroy("shared", preview), {
        code: "shared-is-lived-on",
        message: /\n {2}fix: destroy the environments first; .*pulumi state unprotect --all --stack shared/,
      });
    }
  });

  it("fails for local, which is removed with its home", async () => {
    await assert.rejects(destroy("local"), { code: "local-is-not-a-cloud", message: /local down --delete$/ });
  });
});

describe("formatDestruction", () => {
  const changes: readonly Change[] = [
    {
      operation: "delete",
      urn: "u",
      type: "kubernetes:batch/v1:CronJob",
      name: "bootstrap-cronjob",
      stage: "bootstrap",
      differs: [],
    },
  ];
  const stays = [
    { urn: "m", type: "vault:index/mount:Mount", name: "vault-engine-mount", because: "protected" },
    { urn: "e", type: "kubernetes:external-secrets.io/v1:ExternalSecret", name: "delivery-ghcr", because: "retained" },
  ] as const;

  it("lists what would be removed, and why the rest stays", () => {
    assert.equal(
      formatDestruction({ changes, stays, untouched: ["Vault's data under secret/"] }, true),
      [
        "1 would be removed:",
        "  bootstrap: bootstrap-cronjob",
        "",
        "kept, protected, still part of the stack:",
        "  Mount vault-engine-mount",
        "",
        "kept in place, no longer part of the stack:",
        "  ExternalSecret delivery-ghcr",
        "",
        "kept, because it is not part of a stack of this environment:",
        "  Vault's data under secret/",
      ].join("\n"),
    );
  });

  it("reports that there is nothing to remove, without empty headings", () =>
    assert.equal(formatDestruction({ changes: [], stays: [], untouched: [] }, false), "nothing to remove"));
});
