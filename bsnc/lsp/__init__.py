"""The language server: what editors show of a spec, over the checker of `bsnc check`. Never loads torch.

Features are functions of a `Document`, a file each; only `protocol`, `diagnostics` and `server` know the protocol.
"""


def serve() -> None:
    """Answer an editor over stdin and stdout until it hangs up. Needs the extra `lsp`."""
    from bsnc.lsp.server import server

    server.start_io()


__all__ = ["serve"]
