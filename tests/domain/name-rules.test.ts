import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../environments/index.ts";
import {
  namespaceOf,
  pathIn,
  pathInEach,
  unprefixedKeyVaultName,
  vaultPathOf,
  vaultServerAddress,
  vaultServerHosts,
} from "../../domain/names.ts";

/** How a rule of `domain/names.ts` looks where somebody writes it again. */
const restated: readonly (readonly [string, RegExp])[] = [
  ["vaultPathOf", /\.vault \?\?|\bvault \?\? \w*name/i],
  ["unprefixedKeyVaultName", /\bkeyVault \?\?/i],
  ["pathIn", /"<env>"|\/<env>\/g/],
  ["namespaceOf", /`ameide-\$\{/],
  ["vaultServerName", /["`]vault-core-(?!<)/],
  ["vaultServerHosts", /\.svc\.cluster\.local(?!")/],
  // the rule of the pack has the Secret's name as its id
  ["credentialsSecret", /(?<!`)vault-auto-credentials(?!": \{)/],
];
/** `??` for something else, or an address as an example in a text. */
const otherThings = [
  /spec\.provider\.vault \?\? \{\}/,
  /states\.vault \?\?/,
  /http:\/\/vault-core-<env>\.ameide-<env>\.svc\.cluster\.local/,
];

/** Every line of the product that is no comment. */
function productLines(): readonly { readonly place: string; readonly text: string }[] {
  return globSync("{*.ts,{bench,bootstrap,cli,components,diagnose,docs,domain,environments,policies}/**/*.ts}", {
    cwd: repositoryRoot,
  })
    .filter((file) => ![join("domain", "names.ts"), join("domain", "stage.ts")].includes(file))
    .flatMap((file) =>
      readFileSync(join(repositoryRoot, file), "utf8")
        .split("\n")
        .map((text, index) => ({ place: `${file}:${index + 1}`, text }))
        .filter(({ text }) => !/^\s*(?:\/?\*|\/\/)/.test(text) && !otherThings.some((one) => one.test(text))),
    );
}

describe("the rules for names", () => {
  for (const [rule, expression] of restated) {
    it(`are defined once: ${rule}`, () => {
      const places = productLines().filter(({ text }) => expression.test(text));
      assert.deepEqual(
        places.map(({ place, text }) => `${place}: ${text.trim()}; call ${rule} of domain/names.ts`),
        [],
      );
    });
  }

  it("use the secret's own name if the entry gives none", () => {
    assert.equal(vaultPathOf("ghcr-token", {}), "ghcr-token");
    assert.equal(vaultPathOf("ghcr-token", undefined), "ghcr-token");
    assert.equal(vaultPathOf("ghcr-token", { vault: "registry/ghcr" }), "registry/ghcr");
    assert.equal(unprefixedKeyVaultName("ghcr-token", {}), "ghcr-token");
    assert.equal(unprefixedKeyVaultName("ghcr-token", { keyVault: "ghcr" }), "ghcr");
  });

  it("put the environment's name wherever the placeholder is", () => {
    assert.equal(pathIn("dev", "<env>/tokens/<env>"), "dev/tokens/dev");
    assert.deepEqual(pathInEach("a/<env>"), ["a/dev", "a/staging", "a/prod", "a/local"]);
    assert.deepEqual(pathInEach("a/b"), ["a/b"]);
  });

  it("give the address of the environment's Vault", () => {
    assert.equal(namespaceOf("dev"), "ameide-dev");
    assert.deepEqual(vaultServerHosts("dev"), [
      "vault-core-dev.ameide-dev",
      "vault-core-dev.ameide-dev.svc",
      "vault-core-dev.ameide-dev.svc.cluster.local",
    ]);
    assert.equal(vaultServerAddress("dev"), "http://vault-core-dev.ameide-dev.svc.cluster.local:8200");
  });
});
