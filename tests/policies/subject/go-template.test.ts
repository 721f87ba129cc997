import assert from "node:assert/strict";
import { keysOfTemplate } from "../../../policies/subject/go-template.ts";

describe("keysOfTemplate", () => {
  for (const [template, ...keys] of [
    ["{{ .a }} {{- $.b | quote -}} {{ printf `.c` .d }}", "a", "b", "d"],
    ['{{ index . "e-f" }}{{ (index . "g") }}', "e-f", "g"],
    ["{{ .tls.crt }}", "tls.crt"],
    ["{{ (.h | fromJson).host }}{{ $x.y }}{{ 1.5 }}", "h"],
    ["{{ range .i }}{{ .name }}{{ $.j }}{{ end }}{{ .k }}", "i", "j", "k"],
    ["{{ if .l }}{{ .m }}{{ else }}{{ .n }}{{ end }}", "l", "m", "n"],
    ['{{/* .o */}}{{ "{{ .p }}" }} {{ .q', undefined],
  ] as const) {
    const wanted = keys.filter((key) => key !== undefined);
    it(`reads ${template}`, () =>
      assert.deepEqual(
        keysOfTemplate(template).map(({ key }) => key),
        wanted,
      ));
  }
  it("recognises what Go refuses, and its line", () =>
    assert.deepEqual(keysOfTemplate("a\n{{ with .x }}{{ .y-z }}{{ end }}\n{{ .1st }}"), [
      { key: "x", line: 2, isRefused: false },
      { key: "y-z", line: 2, isRefused: true },
      { key: "1st", line: 3, isRefused: true },
    ]));
});
