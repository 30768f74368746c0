"""What an admin can change at run time: typed, revisioned, audited, undoable, noticed by all processes."""
