import type { Session } from "../session";

/** What all screens show at their side, such as the findings. */
export function SidePanels({ session }: { session: Session }) {
  return (
    <>
      {session.panels.value.map(({ Body }, index) => (
        <Body key={index} />
      ))}
    </>
  );
}
