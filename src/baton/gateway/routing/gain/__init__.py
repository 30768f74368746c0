"""Would the weak model do: what asking the strong one is likely to gain, learnt from recorded outcomes."""
