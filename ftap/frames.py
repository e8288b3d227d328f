"""Pages whose template is rendered once: what changes from one to the next fills its holes.

A template that only prints some values, whole, gives the same page whatever they are: rendering it
again for each takes longer than all that they are made of.
"""

import re
import threading
from collections.abc import Iterable

from cachetools import LRUCache
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.html import conditional_escape

from ftap.context_processors import site

# No text of a page can hold it: control characters are neither typed nor stored.
_HOLE = "\x01{}\x02"
_CUT = re.compile("\x01([^\x02]*)\x02")
# Frames that a process keeps: few, unless a site answers many hosts.
_KEPT = 200
_lock = threading.Lock()
_frames: LRUCache[tuple, list[str]] = LRUCache(_KEPT)


def render(
    request: HttpRequest, template: str, context: dict, holes: Iterable[str], flags: Iterable[str]
) -> str:
    """What `template` renders of `context`, of which it prints the values that `holes` names, when
    they are not empty, and asks whether those that `flags` names are true; it reads nothing else.

    Raises LookupError when it does not print one of them.
    """
    filled = tuple(name for name in holes if context.get(name))
    raised = tuple(name for name in flags if context.get(name))
    match, address = request.resolver_match, site(request)["SITE_URL"]
    key = (template, match and match.view_name, address, get_script_prefix(), filled, raised)
    with _lock:
        frame = _frames.get(key)
    if frame is None:
        shown = {name: _HOLE.format(name) for name in filled} | dict.fromkeys(raised, True)
        frame = _CUT.split(render_to_string(template, shown, request=request))
        if lost := set(filled) - set(frame[1::2]):
            raise LookupError(f"{template} does not print {', '.join(sorted(lost))}")
        with _lock:
            _frames[key] = frame
    parts = list(frame)
    parts[1::2] = [conditional_escape(context[name]) for name in frame[1::2]]
    return "".join(parts)
