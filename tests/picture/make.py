"""Runs the demo and makes its picture, or compares them."""

import difflib
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from picture import drawn

TEXT = "{http://www.w3.org/2000/svg}text"


def main(connector, file, *words):
    output = subprocess.run([connector, "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    picture = drawn("connector demo", output.stdout)
    file = Path(file)
    if words == ("--check",):
        kept, made = shape(file.read_text(encoding="utf-8")), shape(picture)
        if kept != made:
            sys.stderr.writelines(f"{line}\n" for line in difflib.unified_diff(kept, made, "picture", "demo", lineterm=""))
            sys.exit(f"error: the demo prints other words than {file.name} has\nhint: run tests/picture/run")
        print(f"{file.name} has what the demo prints")
    else:
        shape(picture)
        file.parent.mkdir(exist_ok=True)
        file.write_text(picture, encoding="utf-8")
        print(f"wrote {file}")


def shape(picture):
    """The lines of a picture, without what differs each time: numbers, and how wide columns are."""
    lines = ["".join(text.itertext()) for text in ElementTree.fromstring(picture).iter(TEXT)]
    return [re.sub(r"\s+", " ", re.sub(r"-?\d+([.,]\d+)*", "0", line)) for line in lines]


if __name__ == "__main__":
    main(*sys.argv[1:])
