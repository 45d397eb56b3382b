import type { Session } from "./session";
import type { PageState } from "./session/part";
import { openScreen } from "./session/state";
import { Empty } from "./shell/empty";
import { StatusLine } from "./shell/status";

/** The open screen above the status line; the attributes are what browser tests wait for. */
export function App({ session }: { session: Session }) {
  const screen = openScreen(session);
  return (
    <main
      class="nm"
      aria-label="NeuroMapper"
      data-testid="neuromapper"
      data-theme={session.theme.value}
      data-screen={session.screen.value}
      data-state={pageStateOf(session)}
      data-run={session.runName.value ?? ""}
      data-step={session.epoch.value ?? ""}
      data-steps={session.epochs.value.length}
      data-logged-steps={session.run.value?.steps.length ?? 0}
      data-playing={String(session.playing.value)}
      data-train-step={session.recordedStep.value ?? ""}
      data-train-steps={session.trainSteps.value.length}
      data-settled={String(screen?.settled() ?? false)}
      data-connection={session.connection.value.state}
    >
      <Body session={session} />
      <StatusLine session={session} />
    </main>
  );
}

/** What the page as a whole has to say. */
export function pageStateOf(session: Session): PageState {
  const runs = session.runs.value;
  const screen = openScreen(session);
  if (!runs || !screen)
    return session.connection.value.state === "lost" || session.failure.value ? "error" : "loading";
  return screen.needs === "run" && runs.runs.length === 0 ? "empty" : screen.pageState();
}

function Body({ session }: { session: Session }) {
  const runs = session.runs.value;
  const screen = openScreen(session);
  if (!screen) return null;
  if (screen.needs !== "nothing" && !runs) return <Waiting session={session} />;
  if (screen.needs === "run" && runs?.runs.length === 0) return <Empty session={session} />;
  const { Controls, Body: Content } = screen;
  return (
    <>
      <h1 class="nm-hidden">NeuroMapper: {session.screen.value}</h1>
      <Controls />
      <Content />
    </>
  );
}

function Waiting({ session }: { session: Session }) {
  const { state, message } = session.connection.value;
  return (
    <div class="nm-empty" data-testid="waiting">
      <p class="nm-muted">{state === "lost" ? message : "Reading the log directory."}</p>
    </div>
  );
}
