"""Durable work of many calls: runs that outlive the process they began in."""
