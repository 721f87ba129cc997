import assert from "node:assert/strict";
import { confirmedPush } from "../../../cli/commands/env-push.ts";
import { formatNextSteps } from "../../../cli/commands/local-up.ts";
import { confirmedUp } from "../../../cli/commands/up.ts";
import { localHome } from "../../../local/home.ts";
import { localStack } from "../../support/stacks.ts";

describe("confirmedUp", () => {
  it("keeps every option that the preview was made with: without --refresh a repair would change nothing", () => {
    const plain = { stack: "dev", refresh: false, approved: undefined, dotenv: undefined };
    assert.equal(confirmedUp(plain), "ameide-secrets up --stack dev --yes");
    assert.equal(
      confirmedUp({ ...plain, refresh: true, approved: "plan.json", dotenv: [".env.prod"] }),
      "ameide-secrets up --refresh --stack dev --dotenv .env.prod --approved plan.json --yes",
    );
  });
});

describe("confirmedPush", () => {
  it("keeps the files and the decisions that it was shown with: of another file the values are others", () => {
    assert.equal(confirmedPush({ stack: "shared" }), "ameide-secrets env push --stack shared --yes");
    assert.equal(
      confirmedPush({ stack: "shared", dotenv: [".env.prod"], overwrite: ["ghcr-token", "openai-api-key"] }),
      "ameide-secrets env push --stack shared --dotenv .env.prod --overwrite ghcr-token --overwrite openai-api-key --yes",
    );
    assert.equal(confirmedPush({ stack: "local" }), "ameide-secrets env push --stack local");
  });
});

describe("formatNextSteps", () => {
  const said = { stack: localStack(), envFiles: [".env.example"], kubectl: "kubectl", seconds: 30 };
  const next = (dir?: string): readonly string[] =>
    formatNextSteps({ ...said, defaultDir: localHome().dir, home: localHome(dir === undefined ? {} : { dir }) }).match(
      /ameide-secrets local \w+( --home \S+)?/g,
    ) ?? [];

  it("names the home in what to run next, where it is not the one that commands use without --home", () => {
    assert.deepEqual(next(), ["ameide-secrets local status", "ameide-secrets local down"]);
    assert.deepEqual(next("/tmp/chain"), [
      "ameide-secrets local status --home /tmp/chain",
      "ameide-secrets local down --home /tmp/chain",
    ]);
  });
});
