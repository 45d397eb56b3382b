"""axe-core in the page."""

from pathlib import Path

AXE = Path(__file__).resolve().parents[2] / "tb_neuromapper_frontend" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}"""


def violations(tab):
    """What axe-core finds in the tab's page as it is now, one sentence for each rule that is violated."""
    assert AXE.is_file(), "axe-core is missing: npm ci in tb_neuromapper_frontend"
    if not tab.evaluate("() => 'axe' in window"):
        tab.evaluate(AXE.read_text() + "; undefined")
    return tab.evaluate(RUN_AXE)
