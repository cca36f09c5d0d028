"""`python -m harvester`, and the console script `datapeil`."""

from harvester.cli.app import main

if __name__ == "__main__":
    main()
