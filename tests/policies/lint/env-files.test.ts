import assert from "node:assert/strict";
import { lintSources, type LintOptions } from "../../../policies/lint/lint.ts";
import { policyCatalogue } from "../../support/policy.ts";

const options: LintOptions = {
  catalogue: policyCatalogue,
  exemptions: [],
  today: "2026-11-24",
  isTracked: () => true,
};

function lintFile(file: string, text: string): readonly string[] {
  return lintSources([{ file, text }], options).findings.map(({ line, code }) => `${line} ${code}`);
}

describe("lint of files of variables", () => {
  for (const file of [
    ".env.dev.example",
    "example.env",
    ".env.sample.local",
    "config/sample.env",
    "dev.example.env",
    ".env.template.prod",
    ".env-example",
    "staging-example.env",
    ".env.tmpl",
  ]) {
    it(`treats ${file} as an example, also if git tracks it`, () => {
      const { findings, skipped } = lintSources([{ file, text: "OPENAI_API_KEY=\n" }], options);
      assert.deepEqual(findings, []);
      assert.equal(skipped.length, 1);
    });
  }
  for (const file of [".env", ".env.dev", "prod.env", "examples.d/.env", ".env.examplecorp"]) {
    it(`treats ${file} as a file with real values`, () =>
      assert.deepEqual(lintFile(file, "GHCR_TOKEN=abcd\n"), ["1 dotenv-tracked"]));
  }

  describe("the files of a kustomization's generators", () => {
    const lintGenerators = (generators: string, files: Readonly<Record<string, string>>): readonly string[] => {
      const header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
      const sources = [
        { file: "apps/kustomization.yaml", text: `${header}${generators}` },
        ...Object.entries(files).map(([file, text]) => ({ file, text })),
      ];
      const { findings } = lintSources(sources, options);
      return findings.map(({ file, line, code }) => `${file}:${line} ${code}`);
    };
    const settings = "allow-cache-proxy=true\nhttp-proxy=squid.caching.svc.cluster.local:3128\n";
    for (const generators of [
      "configMapGenerator:\n- name: c\n  envs: [cluster.env]\n",
      "configMapGenerator:\n- name: c\n  env: ./cluster.env\n",
      "configMapGenerator:\n- name: c\n  files: [cluster.env]\n",
      "configMapGenerator:\n- name: c\n  files: [app.env=cluster.env]\n",
      "configMapGenerator:\n- name: other\n  literals: [a=b]\n- name: c\n  envs:\n  - cluster.env\n",
    ]) {
      it(`are not .env files of the pipeline: ${JSON.stringify(generators.slice(19))}`, () =>
        assert.deepEqual(lintGenerators(generators, { "apps/cluster.env": settings }), []));
    }
    it("are found in another folder and under a name like .env", () =>
      assert.deepEqual(
        lintGenerators("configMapGenerator: [{ name: c, envs: [../shared/.env] }]\n", { "shared/.env": settings }),
        [],
      ));
    it("are judged as the ConfigMap that Kustomize creates of them, at the line of the file", () =>
      assert.deepEqual(
        lintGenerators("configMapGenerator: [{ name: c, envs: [cluster.env] }]\n", {
          "apps/cluster.env": "# comment\nREGION=eu\nAPI_TOKEN=Zk3vXw81qTnA0pLs\n",
        }),
        ["apps/cluster.env:3 secretness-config-map"],
      ));
    it("are judged as the Secret that Kustomize creates of them", () =>
      assert.deepEqual(
        lintGenerators("secretGenerator: [{ name: c, envs: [secret.env] }]\n", {
          "apps/secret.env": "USER=me\nAPI_TOKEN=Zk3vXw81qTnA0pLs\n",
        }),
        ["apps/secret.env:2 secretness-literal-secret"],
      ));
    it("stay .env files of the pipeline if another file of the same name is meant", () =>
      assert.deepEqual(
        lintGenerators("configMapGenerator: [{ name: c, envs: [cluster.env] }]\n", {
          "other/cluster.env": "GHCR_TOKEN=abcd\n",
        }),
        ["other/cluster.env:1 dotenv-tracked"],
      ));
  });
});
