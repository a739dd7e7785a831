"""The command line: words in, answers out. Data on stdout, messages and progress on stderr.

Heavy rooms are imported by the command that needs them, so that ``--help`` answers at once.
"""

import gc
import json
import os
import sys
from collections.abc import Sequence

import typer

from supplychain.cli import (
    choking,
    comparing,
    explaining,
    levering,
    packs,
    resting,
    runs,
    structural,
    validating,
)
from supplychain.errors import SupplychainError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who loses which exports when a government restricts a critical mineral.\n\n"
    "supplychain demo\n\n"
    "supplychain restrict China dysprosium --focus KOR,JPN",
)
runs.register(app)
explaining.register(app)
comparing.register(app)
choking.register(app)
levering.register(app)
structural.register(app)
resting.register(app)
validating.register(app)
packs.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    The codes are 0 ok, 1 internal, 2 usage, 3 data, 4 scenario, 130 interrupted.
    No traceback reaches a user; set SUPPLYCHAIN_TRACEBACK=1 to see one for an internal error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # A command lives for seconds and builds many small values: looking for cycles only costs.
    gc.set_threshold(100_000)
    wants_json = "--json" in words
    try:
        result = app(words, standalone_mode=False, prog_name="supplychain")
    except SupplychainError as error:
        return _report(error, wants_json=wants_json)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # the last line of defence: a bug is reported, with no traceback
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):
            return _usage(error.format_message(), int(error.exit_code), wants_json=wants_json)
        if type(error).__name__ == "Abort":  # what typer makes of an interrupt
            return _interrupted()
        if os.environ.get("SUPPLYCHAIN_TRACEBACK"):
            raise
        bug = SupplychainError(
            f"internal error: {type(error).__name__}: {error}. Please report this with the "
            "command; SUPPLYCHAIN_TRACEBACK=1 shows where it happened"
        )
        return _report(bug, wants_json=wants_json)
    return result if isinstance(result, int) else 0


def _interrupted() -> int:
    """Say so in one line: every file appears complete or not at all."""
    print("interrupted; nothing was written half", file=sys.stderr)
    return 130


def _report(error: SupplychainError, *, wants_json: bool) -> int:
    """Say what is wrong, as text on stderr or as one JSON object on stdout."""
    if wants_json:
        print(json.dumps(error.as_dict(), ensure_ascii=False))
    else:
        print(f"error: {error}", file=sys.stderr)
    return error.code


def _usage(message: str, code: int, *, wants_json: bool) -> int:
    """A command line that cannot be parsed."""
    from supplychain.errors import UsageError

    if not message:  # no command at all: the help has been printed
        return code
    error = UsageError(f"{message} Try: supplychain --help")
    _report(error, wants_json=wants_json)
    return code or error.code
