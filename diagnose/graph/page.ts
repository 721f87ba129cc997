import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { GraphModel } from "./model.ts";
import { layout } from "./layout.ts";

/** One page that opens from disk and asks no network for anything. @param models - one for each environment; at least one */
export async function graphPage(models: readonly GraphModel[]): Promise<string> {
  const script = await bundledScript();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>ameide-secrets: ${models.map(({ environment }) => environment).join(", ")}</title>
<style>${graphStyle}${pageStyle}</style>
</head>
<body>
<header>
<h1>ameide-secrets</h1>
<label>Environment <select id="environment"></select></label>
<label>Search <input id="search" type="search" placeholder="press /" autocomplete="off"></label>
<label><input id="broken" type="checkbox"> only what is broken</label>
<label>Colours <select id="theme"><option value="">system</option><option value="light">light</option><option value="dark">dark</option></select></label>
<span id="summary" role="status"></span>
</header>
<main>
<div id="chain" role="region" aria-label="the pipeline, from .env to Kubernetes Secrets"><div id="titles" aria-hidden="true"></div><div id="drawing"></div></div>
<aside id="details" tabindex="0" aria-live="polite" aria-label="details"></aside>
</main>
<noscript>This page needs JavaScript. For the same as text run: ameide-secrets doctor</noscript>
<script type="application/json" id="models">${inScript(JSON.stringify(models))}</script>
<script type="module">${inScript(script)}</script>
</body>
</html>
`;
}

async function bundledScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("browser/main.mts", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

/** Nothing in a script may end it: a name of a secret no more than the program itself. */
function inScript(text: string): string {
  return text.replaceAll(/<(?=\/script|!--)/gi, String.raw`\u003c`);
}

const pageStyle = `
* { box-sizing: border-box; } :root[data-theme=light] { color-scheme: light; } :root[data-theme=dark] { color-scheme: dark; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; background: var(--bg); color: var(--fg); font: 15px/1.4 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: center; padding: .5rem 1rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.1rem; margin: 0; } #summary { color: var(--soft); }
input, select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 4px; padding: .15rem .4rem; }
main { flex: 1; display: flex; min-height: 0; } #chain { flex: 1; overflow: auto; padding: 0 1rem 1rem; }
#titles { position: sticky; top: 0; height: 2rem; background: var(--bg); z-index: 1; } #titles span { position: absolute; transform: translateX(-50%); color: var(--soft); font-weight: 600; top: .3rem; white-space: nowrap; }
#drawing svg { max-width: 100%; min-width: 54rem; height: auto; }
#details { width: 24rem; max-width: 40vw; overflow: auto; padding: .8rem 1rem; background: var(--panel); border-left: 1px solid var(--line); }
#details h2 { font-size: 1rem; margin: .2rem 0 .6rem; overflow-wrap: anywhere; } #details h3 { font-size: .95rem; margin: 1rem 0 .2rem; }
#details dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; margin: 0; } #details dt { color: var(--soft); } #details dd { margin: 0; overflow-wrap: anywhere; }
#details button { font: 12.5px/1.4 ui-monospace, monospace; color: var(--lit); background: none; border: 0; padding: 0 .2rem 0 0; cursor: pointer; text-decoration: underline; }
#details .legend dt { text-align: center; } #details .legend { font-size: .9rem; color: var(--soft); }
#details code, #details pre { font: 12.5px/1.4 ui-monospace, monospace; } #details pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--bg); padding: .4rem .5rem; border-radius: 4px; margin: .2rem 0; }
.node.place { cursor: pointer; } .node:focus { outline: none; } #details:focus-visible { outline: 2px solid var(--lit); outline-offset: -2px; } .node:focus-visible rect { stroke: var(--lit); stroke-width: 3; }
svg.some .node.place:not(.lit), svg.some .edge:not(.lit) { opacity: .2; } .lit rect, .edge.lit { stroke: var(--lit); stroke-width: 2; }
@media (max-width: 60rem) { main { flex-direction: column; } #details { width: auto; max-width: none; max-height: 45vh; border-left: 0; border-top: 1px solid var(--line); } }
`;

/** Colours of the drawing, light and dark; in the page and in the SVG alike. The sign shows the state as well. */
const graphStyle = `
:root { color-scheme: light dark; --fg: light-dark(#1b1f24, #e6e8eb); --soft: light-dark(#57606a, #9aa4af);
  --line: light-dark(#8c959f, #6e7781); --bg: light-dark(#ffffff, #14171a); --panel: light-dark(#f6f8fa, #1d2125);
  --ok: light-dark(#1a7f37, #4ac26b); --ok-bg: light-dark(#dafbe1, #12301b);
  --bad: light-dark(#cf222e, #ff8182); --bad-bg: light-dark(#ffebe9, #3d1618);
  --warn: light-dark(#7d4e00, #d4a72c); --warn-bg: light-dark(#fff8c5, #33270a);
  --plain-bg: light-dark(#f6f8fa, #22272e); --lit: light-dark(#0550ae, #79c0ff); }
.node rect { fill: var(--plain-bg); stroke: var(--line); }
.node text { fill: var(--fg); font-family: system-ui, sans-serif; }
.edge { fill: none; stroke: var(--line); }
.node.ok rect { fill: var(--ok-bg); stroke: var(--ok); } .node.broken rect { fill: var(--bad-bg); stroke: var(--bad); stroke-width: 2; }
.node.warned rect { fill: var(--warn-bg); stroke: var(--warn); } .node.unknown rect, .node.absent rect { stroke-dasharray: 4 3; }
.node.band rect { opacity: .55; } .node.managed rect, .node.owner rect { stroke-dasharray: 1 3; } .node.owner text { font-weight: bold; }
.node.title rect { fill: none; stroke: none; } .node.title text { fill: var(--soft); }
`;

/** One environment's pipeline as an SVG that contains its own colours. */
export function graphSvg(model: GraphModel): string {
  return layout(model).svg.replace(/(<svg[^<>]*>)/, `$1<style>${graphStyle}</style>`);
}
