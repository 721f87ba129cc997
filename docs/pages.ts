import type { Page } from "./page.ts";
import { commandsPage } from "./pages/commands.ts";
import { exitCodes } from "./pages/exit-codes.ts";
import { incidentsPage } from "./pages/incidents.ts";
import { policies } from "./pages/policies.ts";
import { runbook } from "./pages/runbook.ts";
import { secrets } from "./pages/secrets.ts";
import { settings } from "./pages/settings.ts";

/** Every page that `node docs/generate.ts` makes. Add yours here. */
export const pages: readonly Page[] = [secrets, settings, policies, runbook, exitCodes, commandsPage, incidentsPage];
