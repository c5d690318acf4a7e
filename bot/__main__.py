"""Where `gwbot` and `python -m bot` begin."""

import signal


def main() -> None:
    """Load the command line, which takes a moment in which Ctrl-C ends it without a traceback, and run it."""
    is_interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not after nohup
    if is_interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bot.cli.main import main as run_command_line

    if is_interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run_command_line()


if __name__ == "__main__":
    main()
