"""The command line: related commands share a module. Heavy imports happen inside the commands."""
