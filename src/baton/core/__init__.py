"""The words every room speaks: requests, answers, usage, money, providers, errors. Imports none of ours."""
