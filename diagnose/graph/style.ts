/** Colours of the drawing, light and dark; in the page and in the SVG alike. State is told by its sign as well. */
export const graphStyle = `
:root { color-scheme: light dark; --fg: light-dark(#1b1f24, #e6e8eb); --soft: light-dark(#57606a, #9aa4af);
  --line: light-dark(#8c959f, #6e7781); --bg: light-dark(#ffffff, #14171a); --panel: light-dark(#f6f8fa, #1d2125);
  --ok: light-dark(#1a7f37, #4ac26b); --ok-bg: light-dark(#dafbe1, #12301b);
  --bad: light-dark(#cf222e, #ff8182); --bad-bg: light-dark(#ffebe9, #3d1618);
  --warn: light-dark(#7d4e00, #d4a72c); --warn-bg: light-dark(#fff8c5, #33270a);
  --plain-bg: light-dark(#f6f8fa, #22272e); --lit: light-dark(#0550ae, #79c0ff); }
.node path, .node polygon { fill: var(--plain-bg); stroke: var(--line); }
.node text { fill: var(--fg); font-family: system-ui, sans-serif; }
.edge path { stroke: var(--line); } .edge polygon { fill: var(--line); stroke: var(--line); }
.node.ok path { fill: var(--ok-bg); stroke: var(--ok); } .node.broken path { fill: var(--bad-bg); stroke: var(--bad); stroke-width: 2; }
.node.warned path { fill: var(--warn-bg); stroke: var(--warn); } .node.unknown path, .node.absent path { stroke-dasharray: 4 3; }
.node.band path { opacity: .55; } .node.managed path, .node.owner path { stroke-dasharray: 1 3; } .node.owner text { font-weight: bold; }
.node.title path { fill: none; stroke: none; } .node.title text { fill: var(--soft); }
`;
