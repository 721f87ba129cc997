import assert from "node:assert/strict";
import { inspect } from "node:util";
import { parse } from "dotenv";
import * as fc from "fast-check";
import { compileDotenv, type CompiledDotenv } from "../../domain/dotenv.ts";
import type { DotenvFile } from "../../domain/dotenv-files.ts";
import { formatFinding } from "../../domain/finding.ts";
import { sanitise } from "../../domain/names.ts";
import type { EnvironmentName } from "../../domain/stage.ts";
import { catalogueOf } from "../support/catalogues.ts";

const catalogue = catalogueOf({
  secrets: {
    "ghcr-token": { authority: "external", env: "GHCR_TOKEN", aliases: ["ghcr-pull-secret"], minLengthInCharacters: 4 },
    "ghcr-username": { authority: "external", env: "GHCR_USERNAME" },
    "dev-only": { authority: "external", env: "DEV_ONLY", environments: ["dev"] },
    "auth-secret": { authority: "generated" },
    "own-name": {
      authority: "external",
      env: "OWN_VARIABLE",
      keyVault: "own-key-vault-name",
      environments: ["staging"],
    },
  },
  clusterManaged: [
    { name: "postgres-ameide-auth", authority: "cnpg", see: "412" },
    { pattern: "*-db-credentials", authority: "cnpg", see: "412" },
  ],
  deliveries: {
    "ghcr-pull": {
      type: "kubernetes.io/dockerconfigjson",
      registry: "ghcr.io",
      username: "ghcr-username",
      password: "ghcr-token",
    },
  },
  settings: ["PORT", "NEXT_PUBLIC_*"],
  retired: { "env-*": { since: "2025-12-05", use: "*" }, "azure-auth": { since: "2025-12-05" } },
});

interface Options {
  readonly environment?: EnvironmentName | "shared";
  readonly secretPrefix?: string | undefined;
}

function compileFiles(
  files: readonly DotenvFile[],
  { environment = "dev", secretPrefix }: Options = {},
): CompiledDotenv {
  return compileDotenv({ files, catalogue, environment, secretPrefix });
}

function compile(text: string, options?: Options): CompiledDotenv {
  return compileFiles([{ path: ".env", text, tracked: false, mode: 0o600 }], options);
}

/** `severity code where: problem` of each finding. */
function told({ findings }: CompiledDotenv): readonly string[] {
  return findings.map(({ severity, code, where = "", problem }) => `${severity} ${code} ${where}: ${problem}`);
}

describe("compileDotenv", () => {
  it("gives each value under the secret's name, unprintable", () => {
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

  it("keeps what the files do not name: absence is never a change", () => {
    assert.deepEqual(compile("GHCR_TOKEN=abcd").kept, ["dev-only", "ghcr-username"]);
    assert.deepEqual(compileFiles([]).kept, ["dev-only", "ghcr-token", "ghcr-username"]);
  });

  it("knows a secret by any spelling of its variable", () => {
    assert.deepEqual([...compile("ghcr-token=abcd").values.keys()], ["ghcr-token"]);
  });

  it("takes a secret's variable only, not another of its names: two of them would take its place in turn", () => {
    const compiled = compile("OWN_VARIABLE=abcd\nOWN_NAME=efgh\nOWN_KEY_VAULT_NAME=ijkl", { environment: "staging" });
    assert.deepEqual(told(compiled), [
      "error dotenv-alias .env:2: OWN_NAME is another name of own-name",
      "error dotenv-alias .env:3: OWN_KEY_VAULT_NAME is another name of own-name",
    ]);
    assert.equal(compiled.values.get("own-name")?.reveal(), "abcd");
  });

  it("lets a later file win, and names its line", () => {
    const files = [
      { path: ".env", text: "GHCR_TOKEN=\nGHCR_USERNAME=me", tracked: false },
      { path: ".env.local", text: "# mine\nGHCR_TOKEN=abcd", tracked: false },
    ];
    const compiled = compileFiles(files);
    assert.equal(compiled.values.get("ghcr-token")?.reveal(), "abcd");
    assert.deepEqual(compiled.findings, []);
    const emptied = compileFiles([...files, { path: ".env.more", text: "\nGHCR_TOKEN=", tracked: false }]);
    assert.match(told(emptied)[0] ?? "", /^error dotenv-empty \.env\.more:2: GHCR_TOKEN is empty$/);
  });

  it("leaves settings out, with one note", () => {
    const compiled = compile("PORT=1\nNEXT_PUBLIC_X=y");
    assert.deepEqual(compiled.settings, ["NEXT_PUBLIC_X", "PORT"]);
    assert.deepEqual(told(compiled), [
      "note dotenv-settings-left-out : NEXT_PUBLIC_X, PORT: settings, not secrets; left out",
    ]);
  });

  it("tells everything at once, in the order of lines", () => {
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
    assert.deepEqual(told(compile(text)), [
      "error dotenv-cut-by-hash .env:1: GHCR_TOKEN is cut at an unquoted #",
      "error dotenv-empty .env:2: GHCR_USERNAME is empty",
      "error dotenv-unknown .env:3: STRIPE_KEY is not in the catalogue",
      "error dotenv-cluster-managed .env:4: BILLING_DB_CREDENTIALS matches *-db-credentials: secrets of authority cnpg are made by the CNPG operator in the cluster; .env takes none of them",
      "error dotenv-line-unread .env:5: this line is neither NAME=value nor a comment, so dotenv skips it in silence",
      "error dotenv-retired .env:6: ENV_GHCR_TOKEN is retired",
      "error dotenv-alias .env:7: GHCR_PULL_SECRET is another name of ghcr-token",
      "error dotenv-names-a-target .env:8: GHCR_PULL names the Kubernetes Secret ghcr-pull, which is made of other secrets",
      "error dotenv-cluster-managed .env:9: AUTH_SECRET is auth-secret: secrets of authority generated are made by vault-bootstrap; .env takes none of them",
      "error dotenv-retired .env:10: AZURE_AUTH is retired",
      "error dotenv-unknown .env:11: GHCR_TOKN is not in the catalogue; did you mean GHCR_TOKEN?",
    ]);
  });

  it("gives the repair beside each finding", () => {
    const fixes = new Map(
      compile(
        "STRIPE_KEY=x\nENV_GHCR_TOKEN=x\nGHCR_PULL=x\nGHCR_PULL_SECRET=x\nPOSTGRES_AMEIDE_AUTH=x\nAZURE_AUTH=x\nAUTH_SECRET=x",
      ).findings.map(({ subject, fix }) => [subject, fix]),
    );
    assert.match(fixes.get("STRIPE_KEY") ?? "", /paste .*: stripe-key: \{ authority: external, env: STRIPE_KEY \}$/);
    assert.equal(fixes.get("ENV_GHCR_TOKEN"), "use GHCR_TOKEN instead");
    assert.equal(fixes.get("GHCR_PULL"), "set GHCR_USERNAME and GHCR_TOKEN instead");
    assert.equal(fixes.get("GHCR_PULL_SECRET"), "rename it to GHCR_TOKEN");
    assert.equal(fixes.get("POSTGRES_AMEIDE_AUTH"), "remove it from .env; read on in 412");
    assert.equal(fixes.get("AZURE_AUTH"), "remove it");
    assert.equal(fixes.get("AUTH_SECRET"), "remove it from .env");
  });

  it("gives where to read on, where the catalogue does", () => {
    assert.deepEqual(
      compile("POSTGRES_AMEIDE_AUTH=x\nAUTH_SECRET=x").findings.map(({ see }) => see),
      ["412", undefined],
    );
  });

  it("tells of an empty value that it is empty and nothing else", () => {
    assert.deepEqual(told(compile("GHCR_TOKEN=")), ["error dotenv-empty .env:1: GHCR_TOKEN is empty"]);
  });

  it("fails two variables that meet in one name, naming both lines, over files too", () => {
    const compiled = compileFiles([
      { path: ".env", text: "GHCR_TOKEN=abcd", tracked: false },
      { path: ".env.local", text: "\nGHCR.TOKEN=efgh", tracked: false },
    ]);
    assert.deepEqual(told(compiled), [
      'error dotenv-names-collide .env.local:2: GHCR_TOKEN (.env:1) and GHCR.TOKEN (.env.local:2) both become "ghcr-token"',
    ]);
  });

  it("fails the same variable twice in one file, naming both lines", () => {
    const compiled = compile("GHCR_TOKEN=abcd\n\nGHCR_TOKEN=efgh");
    assert.deepEqual(told(compiled), ["error dotenv-duplicate .env:3: GHCR_TOKEN is set twice, here and at .env:1"]);
  });

  it("fails a line that spilled out of a value without quotes, and does not show it", () => {
    const compiled = compile(
      "GHCR_TOKEN=-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC==\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC==",
    );
    assert.deepEqual(
      told(compiled),
      [
        "error dotenv-value-spills .env:3: this line looks like part of the value above it, and dotenv reads it as a variable of its own",
        "error dotenv-duplicate .env:3: (a name that looks like part of a value) is set twice, here and at .env:2",
      ].toReversed(),
    );
  });

  it("fails a value over 25 KB, counted in bytes", () => {
    assert.deepEqual(told(compile(`GHCR_TOKEN=${"é".repeat(12_800)}`)), []);
    assert.deepEqual(told(compile(`GHCR_TOKEN=${"é".repeat(12_801)}`)), [
      "error dotenv-too-large .env:1: GHCR_TOKEN has 25602 bytes, Key Vault takes 25600",
    ]);
  });

  it("warns of a line break, and keeps it", () => {
    const compiled = compile('GHCR_TOKEN="one\ntwo"');
    assert.match(told(compiled)[0] ?? "", /^warning dotenv-newline \.env:1/);
    assert.equal(compiled.values.get("ghcr-token")?.reveal(), "one\ntwo");
  });

  it("warns of a space at either end, and keeps it", () => {
    const compiled = compile("GHCR_TOKEN=' abcd'\nGHCR_USERNAME='me '");
    assert.deepEqual(
      compiled.findings.map(({ severity, code, where }) => [severity, code, where]),
      [
        ["warning", "dotenv-padded", ".env:1"],
        ["warning", "dotenv-padded", ".env:2"],
      ],
    );
    assert.equal(compiled.values.get("ghcr-token")?.reveal(), " abcd");
  });

  it("warns of a reference to another variable, which nothing expands", () => {
    assert.match(told(compile("GHCR_TOKEN=x-${OTHER}"))[0] ?? "", /^warning dotenv-not-expanded \.env:1/);
    assert.deepEqual(told(compile("GHCR_TOKEN=pa$$word")), []);
  });

  it("warns of two secrets with one value, naming both, unless it is too short to tell", () => {
    const value = "one-long-value-of-two";
    assert.deepEqual(told(compile(`GHCR_TOKEN=${value}\nPORT=${value}\nGHCR_USERNAME=${value}`)).slice(0, 1), [
      "warning dotenv-same-value .env:3: GHCR_USERNAME holds the same value as GHCR_TOKEN (.env:1)",
    ]);
    assert.deepEqual(told(compile("GHCR_TOKEN=abcd\nGHCR_USERNAME=abcd")), []);
  });

  it("fails a quote that is not closed", () => {
    assert.match(told(compile("GHCR_TOKEN='abcd"))[0] ?? "", /^error dotenv-stray-quote \.env:1/);
  });

  it("fails a value of white space only", () => {
    assert.match(told(compile("GHCR_TOKEN='  '"))[0] ?? "", /^error dotenv-empty/);
  });

  it("fails a value that is shorter than its entry says", () => {
    assert.deepEqual(told(compile("GHCR_TOKEN=abc")), [
      "error dotenv-too-short .env:1: GHCR_TOKEN is shorter than 4 characters",
    ]);
  });

  it("fails a placeholder and a known fixture in every environment", () => {
    for (const environment of ["dev", "prod", "local", "shared"] as const) {
      assert.match(told(compile("GHCR_TOKEN=changeme", { environment }))[0] ?? "", /^error dotenv-placeholder/);
      assert.match(told(compile("GHCR_TOKEN=minioadmin", { environment }))[0] ?? "", /^error dotenv-fixture/);
    }
  });

  it("takes a sample value in local, and fails it elsewhere", () => {
    assert.deepEqual(told(compile("GHCR_TOKEN=sample-token", { environment: "local" })), []);
    for (const environment of ["dev", "staging", "prod", "shared"] as const) {
      assert.deepEqual(told(compile("GHCR_TOKEN=sample-token", { environment })), [
        "error dotenv-fixture .env:1: GHCR_TOKEN holds a sample value, which only local accepts",
      ]);
    }
  });

  it("leaves out a secret that does not exist in the environment, with a note", () => {
    const compiled = compile("DEV_ONLY=x", { environment: "prod" });
    assert.deepEqual(told(compiled), [
      "note dotenv-not-in-environment .env:1: DEV_ONLY does not exist in prod; left out",
    ]);
    assert.deepEqual([...compiled.values.keys()], []);
    assert.deepEqual([...compile("DEV_ONLY=x", { environment: "shared" }).values.keys()], ["dev-only"]);
  });

  describe("files", () => {
    const file = (path: string, tracked: DotenvFile["tracked"], mode = 0o600): DotenvFile => ({
      path,
      text: "GHCR_TOKEN=abcd",
      tracked,
      mode,
    });
    it("fails one that git tracks", () => {
      assert.deepEqual(told(compileFiles([file("sub/.env", true)])), [
        "error dotenv-tracked sub/.env: git tracks sub/.env, so every value in it is in the history",
      ]);
    });
    it("fails one of which git does not say whether it tracks it, with git's words; in local not .env.example", () => {
      const refusal = { problem: "fatal: detected dubious ownership", fix: "git config safe.directory" };
      assert.deepEqual(told(compileFiles([file(".env", refusal)])), [
        "error dotenv-git-unknown .env: git does not say whether it tracks .env: fatal: detected dubious ownership",
      ]);
      assert.deepEqual(told(compileFiles([file(".env.example", refusal)], { environment: "local" })), []);
    });
    it("takes the tracked .env.example in local only", () => {
      assert.deepEqual(told(compileFiles([file(".env.example", true)], { environment: "local" })), []);
      assert.match(
        told(compileFiles([file(".env.example", true)]))[0] ?? "",
        /^error dotenv-tracked .*only local accepts, not dev$/,
      );
    });
    it("warns of one that others can read, with the chmod", () => {
      const { findings } = compileFiles([file(".env", false, 0o644)]);
      assert.deepEqual(
        findings.map(({ severity, code, fix }) => [severity, code, fix]),
        [["warning", "dotenv-readable-by-others", "chmod 600 .env"]],
      );
    });
  });

  describe("with secretPrefix", () => {
    const long = `LONG_${"X".repeat(120)}`; // 125 characters
    const of = (secretPrefix: string | undefined): readonly string[] => {
      const longCatalogue = catalogueOf({ secrets: { [sanitise(long)]: { authority: "external", env: long } } });
      const files = [{ path: ".env", text: `${long}=x`, tracked: false }];
      return told(compileDotenv({ files, catalogue: longCatalogue, environment: "dev", secretPrefix }));
    };
    it("not set counts env- in the 127 characters", () =>
      assert.match(of(undefined)[0] ?? "", /129 characters, prefix included/));
    it("empty counts nothing", () => assert.deepEqual(of(""), []));
    it("set counts itself", () => {
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
