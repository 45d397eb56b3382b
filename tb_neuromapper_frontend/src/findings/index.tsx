import type { Transport } from "../api/transport";
import type { Session } from "../session";
import type { Panel } from "../session/part";
import type { PanelKind } from "../session/screen";
import { createFindingsApi } from "./api";
import { syncFindings } from "./load";
import { FindingsPanel } from "./panel";
import { createFindings, type Findings, findingsLink } from "./state";
import css from "./style.css?inline";

/** What the rules say of the displayed run. */
export const findings: PanelKind = { name: "findings", css, create: openFindings };

export function openFindings(session: Session, transport: Transport): Panel & { state: Findings } {
  const state = createFindings(session);
  session.events.add(state.events);
  syncFindings(session, state, createFindingsApi(transport));
  return {
    state,
    Body: () => <FindingsPanel session={session} findings={state} />,
    forget(what) {
      if (what === "run") state.report.value = null;
    },
    link: findingsLink(state),
  };
}
