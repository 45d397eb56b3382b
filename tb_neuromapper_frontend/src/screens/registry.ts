import { findings } from "../findings";
import type { PanelKind, Screen } from "../session/screen";
import { embeddings } from "./embeddings";
import { gradients } from "./gradients";
import { playground } from "./playground";
import { scalars } from "./scalars";

/** The screens in the order of their tabs; the first one is opened without a link. */
export const SCREENS: readonly Screen[] = [embeddings, gradients, scalars, playground];

/** What several screens show at their side. */
export const PANELS: readonly PanelKind[] = [findings];
