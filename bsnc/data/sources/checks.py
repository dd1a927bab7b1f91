"""What is looked at after every source was read: names of classes, and keys of section `data` that it left unused."""

from __future__ import annotations

from bsnc.data.sources.raw import RawSplits, Request, unusable


def check_names(raw: RawSplits) -> None:
    """Raises Diagnosed (BSN501) where the name of a class is no text that a model's metadata can hold."""
    for name in raw.class_names or ():
        try:
            name.encode()
        except UnicodeEncodeError:
            spelled = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
            message = f"the name of class `{spelled}` is not UTF-8"
            raise unusable(message, raw.name, "rename it: the name is written into the model") from None


def warn_of_idle(raw: RawSplits, request: Request) -> None:
    """BSN406 at keys that are given though the source has these splits itself."""
    given, config = request.config.model_fields_set, request.config
    shares = {"test": raw.test, "validation": raw.validation}
    for key, split in shares.items():
        if key in given and split is not None and getattr(config, key) is not None:
            message = f"`{key}` in section `data` has no effect: the data have a split `{key}` of their own"
            request.warn("BSN406", message, raw.name, "remove it")
    draws = raw.test is None or (raw.validation is None and config.validation is not None)
    if "split_seed" in given and not draws:
        message = "`split_seed` in section `data` has no effect: the data have splits of their own"
        request.warn("BSN406", message, raw.name, "remove it")
