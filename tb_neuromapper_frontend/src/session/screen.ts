import type { Transport } from "../api/transport";
import type { Session } from "./index";
import type { OpenScreen, Panel } from "./part";

/** A screen as the registry lists it. Its name is the same everywhere. */
export interface Screen {
  name: string;
  title: string;
  css: string;
  create(session: Session, transport: Transport): OpenScreen;
}

/** A panel as the registry lists it. */
export interface PanelKind {
  name: string;
  css: string;
  create(session: Session, transport: Transport): Panel;
}
