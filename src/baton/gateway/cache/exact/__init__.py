"""The same request again: its answer is given again, or waited for while it is on its way."""
