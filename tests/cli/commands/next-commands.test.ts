import assert from "node:assert/strict";
import { formatNextSteps } from "../../../cli/commands/local.ts";
import { typedAgain } from "../../../cli/spelling.ts";
import { localHome } from "../../../local/home.ts";
import { localStack } from "../../support/stacks.ts";

describe("typedAgain", () => {
  it("repeats every option of the dry run: without --refresh or --dotenv the command would do something else", () => {
    assert.equal(typedAgain(["up", "--stack", "dev"], "--yes"), "ameide-secrets up --stack dev --yes");
    const push = ["env", "push", "--dotenv", ".env.prod", "--overwrite", "ghcr-token"];
    assert.equal(
      typedAgain(push, "--overwrite", "openai-api-key", "--yes"),
      "ameide-secrets env push --dotenv .env.prod --overwrite ghcr-token --overwrite openai-api-key --yes",
    );
  });

  it("quotes what a shell would split", () =>
    assert.equal(
      typedAgain(["up", "--stack", "dev", "--approved", "my plan.json"], "--yes"),
      "ameide-secrets up --stack dev --approved 'my plan.json' --yes",
    ));
});

describe("formatNextSteps", () => {
  const said = { stack: localStack(), envFiles: [".env.example"], kubectl: "kubectl", seconds: 30 };
  const next = (dir?: string): readonly string[] =>
    formatNextSteps({ ...said, defaultDir: localHome().dir, home: localHome(dir === undefined ? {} : { dir }) }).match(
      /ameide-secrets local \w+( --home \S+)?( --delete)?/g,
    ) ?? [];

  it("names the home in the next commands if it is not the default", () => {
    assert.deepEqual(next(), [
      "ameide-secrets local status",
      "ameide-secrets local down",
      "ameide-secrets local down --delete",
    ]);
    assert.deepEqual(next("/tmp/chain"), [
      "ameide-secrets local status --home /tmp/chain",
      "ameide-secrets local down --home /tmp/chain",
      "ameide-secrets local down --home /tmp/chain --delete",
    ]);
  });
});
