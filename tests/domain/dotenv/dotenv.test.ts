import assert from "node:assert/strict";
import { inspect } from "node:util";
import { parse } from "dotenv";
import * as fc from "fast-check";
import { compileDotenv } from "../../../domain/dotenv/dotenv.ts";
import { formatFinding } from "../../../domain/finding.ts";
import { sanitise } from "../../../domain/names.ts";
import { catalogueOf } from "../../support/catalogues.ts";
import { catalogue, compile, compileFiles, reported } from "./compiled-dotenv.ts";

describe("compileDotenv", () => {
  it("returns each value under the secret's name, redacted", () => {
    const { values, findings } = compile("GHCR_TOKEN=abcd\nGHCR_USERNAME='me'");
    assert.deepEqual(
      [...values].map(([name, value]) => [name, value.reveal()]),
      [
        ["ghcr-token", "abcd"],
        ["ghcr-username", "me"],
      ],
    );
    assert.deepEqual(findings, []);
    assert.doesNotMatch(inspect(values), /abcd/);
  });

  it("keeps a secret that the files do not name: absence is never a change", () => {
    assert.deepEqual(compile("GHCR_TOKEN=abcd").kept, ["dev-only", "ghcr-username"]);
    assert.deepEqual(compileFiles([]).kept, ["dev-only", "ghcr-token", "ghcr-username"]);
  });

  it("finds a secret by any spelling of its variable", () => {
    assert.deepEqual([...compile("ghcr-token=abcd").values.keys()], ["ghcr-token"]);
  });

  it("accepts only a secret's variable, and no other of its names", () => {
    const compiled = compile("OWN_VARIABLE=abcd\nOWN_NAME=efgh\nOWN_KEY_VAULT_NAME=ijkl", { environment: "staging" });
    assert.deepEqual(reported(compiled), [
      "error dotenv-alias .env:2: OWN_NAME is another name of own-name",
      "error dotenv-alias .env:3: OWN_KEY_VAULT_NAME is another name of own-name",
    ]);
    assert.equal(compiled.values.get("own-name")?.reveal(), "abcd");
  });

  it("leaves settings out, with one note", () => {
    const compiled = compile("PORT=1\nNEXT_PUBLIC_X=y");
    assert.deepEqual(compiled.settings, ["NEXT_PUBLIC_X", "PORT"]);
    assert.deepEqual(reported(compiled), [
      "note dotenv-settings-left-out : NEXT_PUBLIC_X, PORT: settings, not secrets; left out",
    ]);
  });

  it("reports everything at once, in the order of lines", () => {
    const text = [
      "GHCR_TOKEN=pass#word",
      "GHCR_USERNAME=",
      "STRIPE_KEY=x",
      "BILLING_DB_CREDENTIALS=x",
      "just words",
      "ENV_GHCR_TOKEN=x",
      "GHCR_PULL_SECRET=x",
      "GHCR_PULL=x",
      "AUTH_SECRET=x",
      "AZURE_AUTH=x",
      "GHCR_TOKN=x",
    ].join("\n");
    assert.deepEqual(reported(compile(text)), [
      "error dotenv-cut-by-hash .env:1: GHCR_TOKEN is cut at an unquoted #",
      "error dotenv-empty .env:2: GHCR_USERNAME is empty",
      "error dotenv-unknown .env:3: STRIPE_KEY is not in the catalogue",
      "error dotenv-cluster-managed .env:4: BILLING_DB_CREDENTIALS matches *-db-credentials: secrets of authority cnpg are created by the CNPG operator in the cluster; they are not allowed in .env",
      "error dotenv-line-unread .env:5: this line is neither NAME=value nor a comment, so dotenv silently skips it",
      "error dotenv-retired .env:6: ENV_GHCR_TOKEN is retired",
      "error dotenv-alias .env:7: GHCR_PULL_SECRET is another name of ghcr-token",
      "error dotenv-names-a-target .env:8: GHCR_PULL names the Kubernetes Secret ghcr-pull, which is created from other secrets",
      "error dotenv-cluster-managed .env:9: AUTH_SECRET is auth-secret: secrets of authority generated are created by vault-bootstrap; they are not allowed in .env",
      "error dotenv-retired .env:10: AZURE_AUTH is retired",
      "error dotenv-unknown .env:11: GHCR_TOKN is not in the catalogue; did you mean GHCR_TOKEN?",
    ]);
  });

  it("gives a fix with each finding", () => {
    const fixes = new Map(
      compile(
        "STRIPE_KEY=x\nENV_GHCR_TOKEN=x\nGHCR_PULL=x\nGHCR_PULL_SECRET=x\nPOSTGRES_AMEIDE_AUTH=x\nAZURE_AUTH=x\nAUTH_SECRET=x",
      ).findings.map(({ subject, fix }) => [subject, fix]),
    );
    assert.match(fixes.get("STRIPE_KEY") ?? "", /paste .*: stripe-key: \{ authority: external, env: STRIPE_KEY \}$/);
    assert.equal(fixes.get("ENV_GHCR_TOKEN"), "use GHCR_TOKEN instead");
    assert.equal(fixes.get("GHCR_PULL"), "set GHCR_USERNAME and GHCR_TOKEN instead");
    assert.equal(fixes.get("GHCR_PULL_SECRET"), "rename it to GHCR_TOKEN");
    assert.equal(fixes.get("POSTGRES_AMEIDE_AUTH"), "remove it from .env; see 412");
    assert.equal(fixes.get("AZURE_AUTH"), "remove it");
    assert.equal(fixes.get("AUTH_SECRET"), "remove it from .env");
  });

  it("gives a reference if the catalogue has one", () => {
    assert.deepEqual(
      compile("POSTGRES_AMEIDE_AUTH=x\nAUTH_SECRET=x").findings.map(({ see }) => see),
      ["412", undefined],
    );
  });

  it("refuses two variables that become one name, naming both lines, also across files", () => {
    const compiled = compileFiles([
      { path: ".env", text: "GHCR_TOKEN=abcd", tracked: false },
      { path: ".env.local", text: "\nGHCR.TOKEN=efgh", tracked: false },
    ]);
    assert.deepEqual(reported(compiled), [
      'error dotenv-names-collide .env.local:2: GHCR_TOKEN (.env:1) and GHCR.TOKEN (.env.local:2) both become "ghcr-token"',
    ]);
  });

  it("leaves out a secret that does not exist in the environment, with a note", () => {
    const compiled = compile("DEV_ONLY=x", { environment: "prod" });
    assert.deepEqual(reported(compiled), [
      "note dotenv-not-in-environment .env:1: DEV_ONLY does not exist in prod; left out",
    ]);
    assert.deepEqual([...compiled.values.keys()], []);
    assert.deepEqual([...compile("DEV_ONLY=x", { environment: "shared" }).values.keys()], ["dev-only"]);
  });

  describe("with secretPrefix", () => {
    const long = `LONG_${"X".repeat(120)}`; // 125 characters
    const of = (secretPrefix: string | undefined): readonly string[] => {
      const longCatalogue = catalogueOf({ secrets: { [sanitise(long)]: { authority: "external", env: long } } });
      const files = [{ path: ".env", text: `${long}=x`, tracked: false }];
      return reported(compileDotenv({ files, catalogue: longCatalogue, environment: "dev", secretPrefix }));
    };
    it("not set: counts env- in the 127 characters", () =>
      assert.match(of(undefined)[0] ?? "", /129 characters, prefix included/));
    it("empty: counts nothing", () => assert.deepEqual(of(""), []));
    it("set: counts the prefix", () => {
      assert.deepEqual(of("a-"), []);
      assert.match(of("ab-")[0] ?? "", /key-vault-name-invalid .*128 characters/);
    });
  });

  it("reads exactly dotenv's value of every external secret, for any text", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "GHCR_TOKEN",
        "GHCR_USERNAME",
        "PORT",
        "=",
        ": ",
        "\n",
        "\r\n",
        " ",
        "'",
        '"',
        "`",
        "#",
        "\\n",
        "export ",
      ),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const text = pieces.join("");
        const read = parse(text);
        const { values } = compile(text);
        for (const [name, secret] of Object.entries(catalogue.secrets)) {
          if (secret.authority !== "external" || read[secret.env] === undefined) continue;
          assert.equal(values.get(name)?.reveal(), read[secret.env]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("shows no value in any finding, for any value", () => {
    const variables = ["GHCR_TOKEN", "GHCR.TOKEN", "STRIPE", "BILLING_DB_CREDENTIALS", "ENV_X", "GHCR_PULL", "PORT"];
    const value = fc.stringMatching(/^[!-~]{8,40}$/).filter((text) => !/^[\s'"`#]/.test(text));
    fc.assert(
      fc.property(fc.constantFrom(...variables), value, fc.constantFrom("", "'", '"'), (name, secret, quote) => {
        const canary = `Canary${secret}`;
        const { findings } = compile(`${name}=${quote}${canary}\n${canary}\n${name}=${canary}`);
        const shown = findings.map(formatFinding).join("\n") + JSON.stringify(findings);
        assert.equal(shown.includes("Canary"), false);
      }),
    );
  });
});
