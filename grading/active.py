"""Take out what would run in a browser: of cells that a student wrote and of their outputs."""

import base64
import binascii
import re

from nbformat.v4 import new_output

# Schemes that run code; a browser ignores tabs and newlines inside them.
# A link to an attachment that is missing stops nbconvert, so these go too.
WORDS = ("javascript", "vbscript", "data", "attachment")
SCHEME = re.compile(r"(?i)(" + "|".join(r"\s*".join(word) for word in WORDS) + r")\s*:")
# A link is one click in the instructor's session, a picture is loaded without any, and a bare
# address becomes a link by itself.
LINK = re.compile(r"\](?=[(:])|:(?=//)")
# What TeX can do in a page besides formulas.
TEX = re.compile(r"\\(?=(?:href|url|style|class|cssId|require|data|html\w*|csname|include\w*)\b)")
ANSI_OR_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MAX_TEXT = 20_000
MAX_IMAGE = 1_500_000


def quiet_markdown(text):
    """A student's Markdown without HTML; links and pictures are shown as they are written."""
    # A zero-width space breaks the word and stays invisible.
    text = SCHEME.sub(lambda match: match[1] + "\u200b:", text)
    text = TEX.sub(lambda match: match[0] + "\u200b", LINK.sub(r"\g<0>" + "\u200b", text))
    return text.replace("&", "&amp;").replace("<", "&lt;")


def plain(text, limit=MAX_TEXT):
    """Text without escape sequences and control characters, cut to a limit."""
    text = ANSI_OR_CONTROL.sub("", str(text))
    return text if len(text) <= limit else text[:limit] + f"\n[{len(text) - limit} more characters]"


def quiet_output(output):
    """An output as text and pictures only; None if nothing of it is left."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=plain(output.get("text", "")))
    if kind == "error":
        lines = output.get("traceback", [])
        lines = lines if isinstance(lines, list) else []
        return new_output(
            "error",
            ename=plain(output.get("ename", ""), 200),
            evalue=plain(output.get("evalue", ""), 4000),
            traceback=[plain(line, 4000) for line in lines[-20:]],
        )
    if kind in ("display_data", "execute_result"):
        data = output.get("data", {})
        data = data if isinstance(data, dict) else {}
        kept = {}
        for mime, magic in MAGIC.items():
            picture = quiet_picture(data.get(mime), magic)
            if picture:
                kept[mime] = picture
        if "text/plain" in data:
            kept["text/plain"] = plain(data["text/plain"])
        if not kept:
            return None
        more = {"execution_count": None} if kind == "execute_result" else {}
        return new_output(kind, data=kept, metadata={}, **more)
    return None


def quiet_picture(text, magic):
    """Base64 of a picture written anew, or None if it is none: it stands in an attribute."""
    if not isinstance(text, str) or len(text) > MAX_IMAGE * 4 // 3:
        return None
    try:
        data = base64.b64decode(text.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(data).decode() if data.startswith(magic) else None
