import { Graphviz } from "@hpcc-js/wasm-graphviz";
import { labelled } from "./drawing.ts";
import { layout } from "./layout.ts";
import type { GraphModel } from "./model.ts";
import { graphStyle } from "./style.ts";

/** The chain of one environment as an SVG of its own, with its colours in it. */
export async function graphSvg(model: GraphModel): Promise<string> {
  const graphviz = await Graphviz.load();
  const { dot, places } = layout(model);
  const svg = labelled(graphviz.layout(dot, "svg", "nop"), places);
  return svg.replace(/(<svg[^>]*>)/, `$1<style>${graphStyle}</style>`);
}
