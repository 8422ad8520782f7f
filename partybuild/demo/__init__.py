"""An invented county, made from a seed: one module for each noun, written by `county.write`.

No name, number or place belongs to anybody. The modules make unsaved rows and draw only from
the `Random` they are given, so the same options make the same county.
"""
