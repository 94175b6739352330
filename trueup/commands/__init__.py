"""One module per command, each with a typer ``app``; ``trueup/cli.py`` lists them."""
