import { vi } from "vitest";
import type { Transport } from "../src/api/transport";
import { openFindings } from "../src/findings";
import { openEmbeddings } from "../src/screens/embeddings";
import { openGradients } from "../src/screens/gradients";
import { openPlayground } from "../src/screens/playground";
import { openScalars } from "../src/screens/scalars";
import { createSession } from "../src/session";

export type Page = ReturnType<typeof createPage>;

const never = () => new Promise<never>(() => {});

/** Nobody answers. */
export const SILENT: Transport = { url: () => "", json: never, frame: never, post: never };

/** The session, and the state of each screen and panel, as the page creates them; nothing is drawn. */
export function createPage(transport: Transport = SILENT) {
  // A hidden page asks for nothing on its own.
  vi.stubGlobal("document", { visibilityState: "hidden" });
  const session = createSession();
  const findings = openFindings(session, transport);
  const screens = {
    embeddings: openEmbeddings(session, transport),
    gradients: openGradients(session, transport),
    scalars: openScalars(session, transport),
    playground: openPlayground(session, transport),
  };
  const installed = Object.entries(screens).map(([name, screen]) => ({ name, title: name, ...screen }));
  session.install(installed, [findings]);
  return {
    session,
    screens,
    embeddings: screens.embeddings.state,
    gradients: screens.gradients.state,
    scalars: screens.scalars.state,
    playground: screens.playground.state,
    findings: findings.state,
  };
}
