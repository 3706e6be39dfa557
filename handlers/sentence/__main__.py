"""Reads sentences from standard input, one JSON object per line: `python -m handlers.sentence --jsonl`."""

import sys

from handlers.sentence.record import from_jsonl


def main() -> int:
    """Answer every line of standard input; return the exit code."""
    if sys.argv[1:] != ["--jsonl"]:
        sys.stderr.write("usage: python -m handlers.sentence --jsonl < sentences.jsonl\n")
        return 2
    for line in sys.stdin:
        if line.strip():
            sys.stdout.write(from_jsonl(line) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
