"""`baton users`: on the data folder, whether or not a server runs; a running one knows at once."""

from baton.cli.sign_ins import password, reset_second_factor, unlock

COMMANDS = {"password": password, "unlock": unlock, "reset-second-factor": reset_second_factor}
