"""Providers: one declaration each, found by being here. A provider knows no other provider.

To add one, put a file with a `SPEC` beside these (under 30 lines) and a recorded exchange into the tests.
"""
