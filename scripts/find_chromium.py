"""Finds a Chromium for the browser tests, or installs Debian's if this machine allows it, or says how to."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a Chromium: $CHROMIUM, or the first known name on PATH."""
    named = os.environ.get("CHROMIUM")
    return named if named else next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> None:
    """Install Debian's package if this is Debian and we are root; otherwise do nothing."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)


def main() -> None:
    """Print the path, or end with a sentence."""
    if find() is None and "--install" in sys.argv:
        print("No Chromium found; installing Debian's package.", flush=True)
        install()
    path = find()
    if path is None:
        sys.exit(
            "The browser tests need Chromium, which was not found and could not be installed. On Debian and Ubuntu: "
            "sudo apt-get install chromium. Elsewhere, set CHROMIUM to the path of a Chromium or Chrome."
        )
    print(path)


if __name__ == "__main__":
    main()
