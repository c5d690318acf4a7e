"""The command line, a module for each group of commands; heavy imports happen inside the commands."""
