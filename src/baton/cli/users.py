"""`baton users`: on the data folder, whether or not a server runs; a running one knows at once."""

from baton.cli.people import create, list_users, update
from baton.cli.sign_ins import password, reset_second_factor, unlock

COMMANDS = {
    "list": list_users,
    "create": create,
    "update": update,
    "password": password,
    "unlock": unlock,
    "reset-second-factor": reset_second_factor,
}
