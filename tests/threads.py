"""Doing several things at one moment, each on a connection of its own."""

import threading

from django.db import connection


def at_once(*acts):
    """Run all at the same moment; what each returned or raised, in order."""
    results = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(index, act):
        try:
            gate.wait(10)
            results[index] = act()
        except Exception as raised:  # handed to the test, which looks at it
            results[index] = raised
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
