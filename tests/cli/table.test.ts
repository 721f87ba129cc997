import assert from "node:assert/strict";
import { parse } from "yaml";
import { table, fitted } from "../../cli/table.ts";
import { classifyEnv } from "../../domain/dotenv/names.ts";
import { renderLearned } from "../../policies/lint/learn.ts";
import { catalogueOf } from "../support/catalogues.ts";

describe("table", () => {
  it("makes each column as wide as its widest cell, and leaves no trailing blanks", () => {
    assert.equal(
      table(
        ["NAME", "STATE"],
        [
          ["a", "synced"],
          ["much-longer", ""],
        ],
      ),
      "NAME         STATE\na            synced\nmuch-longer",
    );
  });

  it("is only its heading if there are no rows", () => assert.equal(table(["NAME", "STATE"], []), "NAME  STATE"));

  it("continues long cells below, between words, in a terminal that is narrower than the table", () => {
    const rows = [["ameide-local/api", "ANTHROPIC_API_KEY, OPENAI_API_KEY", "synced"]];
    assert.equal(
      table(["SECRET", "KEYS", "STATE"], rows, 50),
      [
        "SECRET            KEYS                      STATE",
        "ameide-local/api  ANTHROPIC_API_KEY,        synced",
        "                  OPENAI_API_KEY",
      ].join("\n"),
    );
    assert.match(table(["SECRET", "KEYS", "STATE"], rows), /API_KEY, OPENAI_API_KEY {2}synced$/);
  });

  it("does not break a name that is longer than the terminal", () =>
    assert.equal(table(["A"], [["a-name-that-is-copied"]], 10), "A\na-name-that-is-copied"));
});

describe("fitted", () => {
  it("breaks between words, indents the rest below the label, and loses nothing", () => {
    assert.equal(fitted("  seen:  one two three four", 20), "  seen:  one two\n         three four");
    assert.equal(fitted("dev: one two three four", 20), "dev: one two three\n     four");
    assert.equal(fitted("one two three four five", 20), "one two three four\n  five");
  });

  it("leaves text that fits unchanged, and everything outside a terminal", () => {
    assert.equal(fitted("  seen:  one", 20), "  seen:  one");
    assert.equal(fitted("  seen:  one two three four", undefined), "  seen:  one two three four");
  });

  it("does not break a word that is longer than the line: it may be a path that is copied", () =>
    assert.equal(
      fitted("  seen:  see https://a-long-address.example two", 20),
      "  seen:  see\n         https://a-long-address.example\n         two",
    ));

  it("keeps a command in one line, with and without a label, and the fix that contains one", () => {
    for (const line of [
      "look at one:  /opt/tools/bin/kubectl --kubeconfig x get secret y",
      "  fix: read the message, then: ameide-secrets doctor --stack dev",
      "  by hand: vault status -address=https://a.example:8200",
      "  fix: mkdir -p /home/a/config && cp ~/.kube/config /home/a/config",
      "fix: git -C '/home/a/a folder' update-index --no-split-index",
    ])
      assert.equal(fitted(line, 20), line);
  });

  it("keeps an assignment in a configuration that is pasted", () => {
    const line = "          from = module.a.azurerm_key_vault_secret.this.and.longer.than.the.line";
    assert.equal(fitted(line, 60), line);
  });

  it("keeps YAML that is pasted valid, its comments included", () => {
    const catalogue = catalogueOf({});
    const { paste } = classifyEnv([{ path: ".env", text: "A_NEW_TOKEN=x\nA_NEW_PORT=1\n", tracked: false }], catalogue);
    const found = { authority: "tls", evidence: "created by a Certificate in these files, cert.yaml:12" } as const;
    const learned = [
      { name: "a-new-name", authority: "external", evidence: "read in a.yaml:1", readers: ["ameide-dev"] } as const,
      { name: "a-certificate", ...found, readers: [] },
      { name: "{{ a template }} of a name", ...found, readers: [] },
    ];
    for (const text of [paste, renderLearned(learned, () => false)])
      assert.deepEqual(parse(fitted(text, 40)), parse(text), fitted(text, 40));
  });
});
