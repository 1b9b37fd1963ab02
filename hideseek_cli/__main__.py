"""``python -m hideseek_cli``."""

from hideseek_cli.cli.app import main

if __name__ == "__main__":
    main()
