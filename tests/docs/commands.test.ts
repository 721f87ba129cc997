import assert from "node:assert/strict";
import { commands } from "../../cli/commands/index.ts";
import { commandsPage } from "../../docs/pages/command-line.ts";

describe("commandsPage", () => {
  const text = commandsPage.render();

  it("has one heading for each command, which its table links to", () => {
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(
      headings,
      commands.map(({ name }) => name),
    );
    for (const { name } of commands) assert.ok(text.includes(`](#${name.replaceAll(" ", "-")}) |`), name);
  });

  it("has every option and argument of a command, and its examples", () => {
    const sections = text.split(/^## /m).slice(1);
    for (const [index, { name, arguments: positional = [], options = [], examples }] of commands.entries()) {
      const own = sections[index] ?? "";
      for (const { flags } of options) assert.ok(own.includes(`| \`${flags}\` | `), `${flags} of ${name}`);
      for (const one of positional) assert.ok(own.includes(`| \`${one.name}\` | `), `${one.name} of ${name}`);
      for (const example of examples) assert.ok(own.includes(`\n${example}\n`), example);
    }
  });

  it("lists the choices and the default of an option", () => {
    assert.match(text, /\| `--stack <name>` \| stack of the Key Vault; one of `shared`, `local`; default `shared` \|/);
  });
});
