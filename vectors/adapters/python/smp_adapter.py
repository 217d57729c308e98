#!/usr/bin/env python3
"""An adapter for "smpcheck vectors --exec", in the Python standard library alone.

It is an example of how to put a codec that is not written in Go to the vectors, and a
second opinion on those parts of the reference implementation that it covers: primitive
encodings, padding, version negotiation, the addresses of relays and queues, and links.

Each line of standard input is a request {"id", "operation", "inputs"}; each is answered
with one line: {"id", "output"}, {"id", "error", "detail"} or {"id", "unsupported"}.
"""

import json
import sys

import smp_codec
import smp_links
from smp_codec import Refused

OPERATIONS = smp_codec.OPERATIONS | smp_links.OPERATIONS


def answer(request):
    operation = OPERATIONS.get(request["operation"])
    if operation is None:
        return {"id": request["id"], "unsupported": True}
    try:
        return {"id": request["id"], "output": operation(**request["inputs"])}
    except Refused as err:
        return {"id": request["id"], "error": err.args[0], "detail": err.args[1]}
    except TypeError as err:
        return {"id": request["id"], "error": "BadRequest", "detail": str(err)}


def main():
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
