import assert from "node:assert/strict";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../domain/user-error.ts";
import { keyVaultSecret } from "../examples/samples.ts";
import { lintSources, type LintOptions } from "../../../policies/lint/lint.ts";
import { sourceFiles } from "../../../policies/lint/paths.ts";
import type { LintResult } from "../../../policies/lint/judge-located.ts";
import { policyCatalogue } from "../../support/policy.ts";

const corpus = fileURLToPath(new URL("corpus", import.meta.url));
const options: LintOptions = { catalogue: policyCatalogue, exemptions: [], today: "2026-11-24" };

/** `file:line rule`, as a person would list them. */
function listed({ findings }: LintResult): readonly string[] {
  return findings.map(({ file, line, code }) => `${relative(corpus, file)}:${line} ${code}`).toSorted();
}

function lintText(file: string, text: string, changes: Partial<LintOptions> = {}): readonly string[] {
  return lintSources([{ file, text }], { ...options, ...changes }).findings.map(({ line, code }) => `${line} ${code}`);
}

describe("lintSources of sourceFiles", () => {
  it("finds what is wrong in a repository, with its line, and no false positives", () =>
    assert.deepEqual(listed(lintSources(sourceFiles([corpus]), options)), [
      "apps/broken.yaml:1 lint-unparsable",
      "apps/list.yaml:11 authority-cluster-managed",
      "apps/list.yaml:17 authority-cluster-managed",
      "apps/mirror.yaml:11 authority-push-all",
      "apps/mirror.yaml:5 authority-push-replace",
      "apps/mirror.yaml:9 authority-push-property",
      "apps/secrets.yaml:14 authority-sealed-secret",
      "apps/secrets.yaml:6 secretness-literal-secret",
      "apps/seed.yaml:16 delivery-docker-config",
      "apps/store.json:8 store-same-environment",
      "apps/store.json:9 store-account",
      "values/env/dev/grafana.yaml:3 placeholder-marker",
    ]));
  it("lists a chart's template as skipped, with how to judge it", () =>
    assert.deepEqual(
      lintSources(sourceFiles([corpus]), options).skipped.map(({ file, reason }) => [relative(corpus, file), reason]),
      [
        [
          "charts/thing/templates/secret.yaml",
          "is a chart's template; render it first: helm template ... | ameide-secrets lint -",
        ],
      ],
    ));
  it("counts documents and files", () => {
    const { files, documents } = lintSources(sourceFiles([dirname(`${corpus}/apps/x`)]), options);
    assert.deepEqual([files, documents], [7, 12]);
  });
  it("reads standard input for a dash", () => {
    const piped = "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: { name: x }\n";
    assert.deepEqual(
      listed(lintSources(sourceFiles(["-"], piped), options)).map((one) => one.replace(/^.*<stdin>/, "")),
      [":2 authority-sealed-secret"],
    );
  });
  it("fails for a path that is not there", () =>
    assert.throws(
      () => lintSources(sourceFiles(["no/such/path"]), options),
      (error) => error instanceof UserError && error.code === "lint-no-such-path",
    ));
});

describe("lintSources", () => {
  it("judges .env by the compiler's own findings, with their lines", () =>
    assert.deepEqual(lintText(".env", "GHCR_TOKEN=x\nREDIS_AUTH=x\nGHCR_USERNAME=\n"), [
      "2 dotenv-cluster-managed",
      "3 dotenv-empty",
    ]));
  it("lists an example of .env as skipped", () => {
    const text = "# samples: of no use elsewhere\nREDIS_AUTH=x: y\n- z\n";
    const { findings, skipped } = lintSources([{ file: "a/.env.example", text }], options);
    assert.deepEqual(findings, []);
    assert.deepEqual(
      skipped.map(({ file, reason }) => `${file} ${reason.split(";")[0]}`),
      ["a/.env.example is an example file"],
    );
  });
  const secretSignature = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: "v1:abc",
  };
  const state = (value: unknown): string =>
    JSON.stringify(
      {
        version: 3,
        deployment: {
          resources: [
            {
              urn: "urn:pulumi:prod::ameide-secrets::azure-native:keyvault:Secret::one",
              type: "azure-native:keyvault:Secret",
              protect: true,
              inputs: { ...("props" in keyVaultSecret ? keyVaultSecret.props : {}), properties: { value } },
            },
          ],
        },
      },
      undefined,
      2,
    );
  it("finds a plain value in a Pulumi state, at the resource's line", () =>
    assert.deepEqual(lintText("state.json", state("in clear")), ["6 secretness-unmarked-value"]));
  it("allows an encrypted value, which it cannot see", () =>
    assert.deepEqual(lintText("state.json", state(secretSignature)), []));

  it("reads the environment from the namespace, then the option, then the path, otherwise prod", () => {
    const values = "grafana:\n  user: minioadmin\n";
    assert.deepEqual(lintText("values/env/prod/x.yaml", values), ["2 placeholder-fixture"]);
    assert.deepEqual(lintText("values/env/dev/x.yaml", values), []);
    assert.deepEqual(lintText("values/env/dev/x.yaml", values, { environment: "prod" }), ["2 placeholder-fixture"]);
    assert.deepEqual(lintText("values/x.yaml", values), ["2 placeholder-fixture"]);
  });
  it("judges a kustomize base without a namespace only on its own", () => {
    const base =
      "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: NAME }\nspec:\n  refreshInterval: 15m\n  target: { name: same, creationPolicy: Owner, deletionPolicy: Retain }\n";
    const files = ["a", "b"].map((name) => ({ file: `${name}/base.yaml`, text: base.replace("NAME", name) }));
    assert.deepEqual(lintSources(files, options).findings, []);
  });
  it("skips a patch of a Role only if it may be vault-bootstrap's", () => {
    const patchOf = (name: string) =>
      `kind: Kustomization\npatches:\n  - target: { kind: Role, name: ${name} }\n    patch: |\n      - { op: remove, path: /rules/0 }\n`;
    const skipped = (name: string) =>
      lintSources([{ file: "kustomization.yaml", text: patchOf(name) }], options).skipped.length;
    assert.deepEqual([skipped("operator"), skipped("foundation-vault-bootstrap-delivery")], [0, 1]);
  });

  it("skips a kustomize patch, and names it", () => {
    const patch = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: x }\nspec: {}\n";
    const kustomization = "kind: Kustomization\npatches:\n  - path: ./part.yaml\npatchesStrategicMerge: [old.yaml]\n";
    const { findings, skipped } = lintSources(
      [
        { file: "prod/kustomization.yaml", text: kustomization },
        { file: "prod/old.yaml", text: patch },
        { file: "prod/part.yaml", text: patch },
      ],
      options,
    );
    assert.deepEqual(findings, []);
    assert.deepEqual(
      skipped.map(({ file, reason }) => [file, reason.split(",")[0]]),
      [
        ["prod/old.yaml", "is a kustomize patch"],
        ["prod/part.yaml", "is a kustomize patch"],
      ],
    );
  });

  const store = (namespace: string): string =>
    `apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: { name: ameide-vault${namespace} }\nspec:\n  provider:\n    vault:\n      server: http://vault-core-dev.ameide-dev.svc.cluster.local:8200\n      auth: { kubernetes: { role: r, serviceAccountRef: { name: reader } } }\n`;
  it("assigns a store without a known environment to the environment of its Vault", () => {
    assert.deepEqual(lintText("base/store.yaml", store("")), []);
    assert.deepEqual(lintText("base/store.yaml", store(""), { environment: "prod" }), ["7 store-same-environment"]);
    assert.deepEqual(lintText("overlays/prod/store.yaml", store("")), ["7 store-same-environment"]);
    assert.deepEqual(lintText("store.yaml", store(", namespace: ameide-prod")), ["7 store-same-environment"]);
  });
  it("reports no missing store if a base without a namespace creates it", () => {
    const delivery = (namespace: string): string =>
      `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: a${namespace} }\nspec:\n  refreshInterval: 15m\n  secretStoreRef: { name: ameide-vault }\n  target: { name: a, creationPolicy: Owner, deletionPolicy: Retain }\n`;
    const found = (first: string, second: string): readonly string[] =>
      lintSources(
        [
          { file: "dev/store.yaml", text: first },
          { file: "dev/delivery.yaml", text: second },
        ],
        options,
      ).findings.map(({ code }) => code);
    assert.deepEqual(found(store(""), delivery(", namespace: ameide-dev")), []);
    assert.deepEqual(found(store(", namespace: ameide-dev"), delivery("")), []);
    assert.deepEqual(found(store(", namespace: ameide-dev"), delivery(", namespace: argocd")), ["store-for-namespace"]);
  });

  it("judges the values that an ArgoCD application passes to its chart, at their lines, for the target environment", () => {
    const application = (namespace: string): string =>
      [
        "apiVersion: argoproj.io/v1alpha1",
        "kind: Application",
        "metadata: { name: x, namespace: argocd }",
        "spec:",
        `  destination: { namespace: ${namespace} }`,
        "  sources:",
        "    - helm:",
        "        values: |",
        "          # of the chart",
        "          auth:",
        "            password: a-real-password",
        "            username: minioadmin",
        "            existingSecret: app-secrets",
        "        valuesObject: { token: CHANGEME }",
        "        parameters:",
        "          - name: redis.auth.password",
        "            value: another-password",
        "          - { name: replicas, value: '3' }",
      ].join("\n");
    const everywhere = ["11 secretness-values", "14 placeholder-marker", "17 secretness-values"];
    assert.deepEqual(lintText("apps.yaml", application("ameide-dev")).toSorted(), everywhere);
    assert.deepEqual(
      lintText("apps.yaml", application("ameide-prod")).toSorted(),
      ["12 placeholder-fixture", ...everywhere].toSorted(),
    );
  });
  it("finds a client's secret in a realm, and accepts one that the operator fills in", () =>
    assert.deepEqual(
      lintText(
        "realm.yaml",
        "apiVersion: k8s.keycloak.org/v2alpha1\nkind: KeycloakRealmImport\nmetadata: { name: r, namespace: ameide-prod }\nspec:\n  realm:\n    passwordPolicy: length(12)\n    clients:\n      - { clientId: a, secret: Zk3vXw81qTnA0pLs }\n      - { clientId: b, secret: '${B_SECRET}' }\n",
      ),
      ["8 secretness-values"],
    ));
  it("finds the literals from which Kustomize creates a Secret", () =>
    assert.deepEqual(
      lintText(
        "kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsecretGenerator:\n  - name: a\n    literals:\n      - API_KEY=abc123def456\n      - USER=me\n",
      ),
      ["5 secretness-literal-secret"],
    ));

  it("finds two ExternalSecrets that create one Secret, across files", () => {
    const one = (name: string): string =>
      `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: ${name}, namespace: ameide-prod }\nspec:\n  refreshInterval: 15m\n  target: { name: same, creationPolicy: Owner, deletionPolicy: Retain }\n`;
    const files = ["a", "b"].map((name) => ({ file: `${name}.yaml`, text: one(name) }));
    assert.deepEqual(
      lintSources(files, options).findings.map(({ where, code }) => `${where ?? ""} ${code}`),
      ["b.yaml:6 authority-duplicate-target"],
    );
  });
  it("reports an exempted finding as a warning, and as an error the day after", () => {
    const text =
      "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: { name: x, namespace: ameide-prod }\n";
    const exemptions = [
      {
        rule: "authority-sealed-secret",
        subject: "SealedSecret ameide-prod/x",
        reason: "r",
        owner: "o",
        until: "2026-11-24",
      },
    ];
    const on = (today: string): readonly string[] =>
      lintSources([{ file: "a.yaml", text }], { ...options, exemptions, today }).findings.map(
        ({ severity }) => severity,
      );
    assert.deepEqual([on("2026-11-24"), on("2026-11-25")], [["warning"], ["error"]]);
  });
  it("survives documents of any shape", () => {
    for (const text of [
      "",
      "null",
      "[]",
      "a",
      "apiVersion: 1\nkind: 2",
      "apiVersion: v1\nkind: List\nitems: 3",
      "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec: []",
    ]) {
      assert.doesNotThrow(() => lintText("a.yaml", text));
    }
  });
});
