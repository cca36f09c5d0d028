"""`python -m harvester`, and the console script `datapeil`."""

import sys

STOPPED = 130


def main() -> None:
    """Run the command line. Who changes their mind while it is still being loaded gets no traceback either."""
    try:
        from harvester.cli import app
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    app.main()


if __name__ == "__main__":
    main()
