import type { ComponentChildren, JSX } from "preact";
import type { Run, Runs } from "../api/types";

/** What the page as a whole has to say, for the screen and for tests. */
export type PageState = "loading" | "empty" | "ready" | "error";

/** What a link carries, as short strings by key. */
export type Params = Readonly<Record<string, string>>;

/** A part's share of the address. */
export interface LinkPart {
  /** What the address says of this part now, without defaults; it reads signals. */
  params(): Params;
  /** Opens what a link says; what the link does not name is at its default. */
  open(params: Params): void;
  /** The params as this part would write them after `open`; what it cannot use is missing. */
  normalize(params: Params): Params;
  /** Values that a link need not name, as they are the defaults. */
  defaults: Params;
  /** Drops what a link named and the run does not have; returns the keys. */
  settle?(run: Run): string[];
}

/** What a part asks the server again and again while the page is visible. */
export interface Poll {
  /** @param run The name of the run. @param known Resolves as soon as the run's details are there. */
  ask(run: string, known: Promise<void>, signal: AbortSignal): Promise<void>;
  /** Asks everything anew, for instance because the server was started again. */
  reset(): void;
  /** Reads the signals whose change makes the questions under way useless. */
  watch?(): void;
  /** The server is computing something: ask again soon. */
  isBusy?(): boolean;
  /** The list of runs is needed at once. */
  needsRuns?(): boolean;
}

/** What the session asks of a screen and of a panel. */
export interface SessionPart {
  /** Forgets the run, or only what is about its samples since other samples have its name now. */
  forget(what: "run" | "samples"): void;
  link: LinkPart;
  poll?: Poll;
  /** The list of runs arrived, and the run is chosen. */
  runsLoaded?(runs: Runs): void;
}

/** Something that several screens show at their side. */
export interface Panel extends SessionPart {
  Body(): JSX.Element | null;
}

/** Where a link inside the page leads; a screen takes what it knows of it. */
export interface Target {
  screen: string;
  /** The kind of finding that leads there. */
  kind?: string;
  trainStep?: number | null;
  layer?: string | null;
  unit?: number | null;
  units?: readonly number[];
  tag?: string | null;
}

/** A screen that has been created: everything that the session and the shell ask of it. */
export interface OpenScreen extends SessionPart {
  /** Without a run that has our records the shell says what to do instead, unless the screen needs none. */
  needs: "nothing" | "runs" | "run";
  /** Whether it shows the panels. */
  hasPanels?: boolean;
  Controls(): JSX.Element | null;
  Body(): JSX.Element | null;
  pageState(): PageState;
  /** Nothing moves, and what is shown is the newest that is known. */
  settled(): boolean;
  keys(): Readonly<Record<string, () => void>>;
  /** Whether it has a tab. */
  isOffered?(): boolean;
  show?(target: Target): void;
  problems?(): string[];
  /** What the status line says, "": nothing; and the controls beside it. */
  words?(): string;
  Status?(): ComponentChildren;
  /** What it offers where no run has our records. */
  Offer?(): ComponentChildren;
  /** What browser tests may ask. */
  inspect?(): Readonly<Record<string, unknown>>;
}

/** A screen in its place among the others. */
export interface InstalledScreen extends OpenScreen {
  name: string;
  title: string;
}
