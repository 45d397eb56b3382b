"""The files of an exported page as text: its index.html, and scripts that hold data."""

from __future__ import annotations

import base64


def script(name: str, data: bytes) -> bytes:
    """A data file: it hands its bytes over to the page."""
    return f'neuromapperFile("{name}","{base64.b64encode(data).decode()}");\n'.encode()


def page_html(code: str, digest: str) -> str:
    """index.html, with the page's code in it: a browser runs no module that lies in a file beside it on disk."""
    inline = code.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    missing = "The folder data is missing beside this page, or is not whole. Copy the exported folder as a whole."
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="tb-neuromapper export">
<title>NeuroMapper</title>
<link rel="icon" href="data:,">
</head>
<body>
<noscript>This page needs JavaScript.</noscript>
<script src="data/site.js?v={digest}" onerror="document.body.textContent = '{missing}'"></script>
<script type="module">{inline}</script>
</body>
</html>
"""
